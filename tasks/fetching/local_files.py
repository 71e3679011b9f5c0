"""Reading a local file that the address policy has let through."""

import mimetypes
import os
import stat
from pathlib import Path

from tasks.fetching.decoding import too_large
from tasks.fetching.errors import FetchError
from tasks.fetching.screening import Rejected, SsrfPolicy, denied, resolve_file
from tasks.fetching.urls import Url


def read_file(policy: SsrfPolicy, url: Url, limit_bytes: int) -> tuple[bytes, str]:
    """The bytes of the file that `url` names, and a media type guessed from its suffix. Blocks.

    Raises: SsrfDenied, also when the path changed between the check and the opening; BodyTooLarge.
    """
    path = resolve_file(policy, url)
    if isinstance(path, Rejected):
        raise denied(path, policy=policy, url=url)
    root = policy.project_root
    if root is None:
        raise _unresolvable(policy, url)
    try:
        body = read_below(root, path.relative_to(root), limit_bytes + 1)
    except OSError as exc:
        raise _unresolvable(policy, url) from exc
    if len(body) > limit_bytes:
        raise too_large("wire", len(body), limit_bytes)
    return body, mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _unresolvable(policy: SsrfPolicy, url: Url) -> FetchError:
    return denied(Rejected(reason="file_unresolvable", host=""), policy=policy, url=url)


def read_below(root: Path, relative: Path, size: int) -> bytes:
    """The first `size` bytes. Each directory is opened from the one above without following links, so that a
    link put in place after the check leads nowhere.

    Raises: OSError, also for what is not a regular file.
    """
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in relative.parts[:-1]:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        # Non-blocking: opening a named pipe would otherwise wait for a writer.
        opened = os.open(relative.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError("not a regular file")
        return file.read(size)
