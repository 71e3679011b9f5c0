"""The embed script as pages get it: two files, bundled and minified, because forty small ones compress to
half as much again and have to be asked for one by one. Where the modules were changed since, they are served
themselves, so that nobody needs to bundle while working on them.

`python -m tasks.v2.bundle` prints the line by which a bundle says what it was made of; `make embed` makes
one.
"""

import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "static" / "rover" / "embed"
BUNDLED = FOLDER / "bundled"
LOADER, MAIN = "embed.js", "main.js"
_COMMENTS = re.compile(rb"^[ \t]*(?://.*|/\*\*.*\*/)$|^[ \t]+", re.M)
"""Lines that are a comment each, and what lines begin with. No text of the modules has such a line."""


def sources() -> dict[str, bytes]:
    """The modules by their paths in the folder."""
    paths = (path for path in sorted(FOLDER.rglob("*.js")) if BUNDLED not in path.parents)
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}


def digest(files: Mapping[str, bytes]) -> str:
    """A name for these files, 16 hex digits: other files have another."""
    seen = sha256()
    for name, body in files.items():
        seen.update(f"{name}\n{len(body)}\n".encode() + body)
    return seen.hexdigest()[:16]


def mark_of(files: Mapping[str, bytes]) -> str:
    """The first line of what was bundled from these modules."""
    return f"/* rover embed {digest(files)} */"


def served() -> dict[str, bytes]:
    """What pages get: the bundle if it was made of the modules as they are, else these without comments."""
    files = sources()
    bundle = _bundle(mark_of(files).encode())
    return bundle or {name: _COMMENTS.sub(b"", body) for name, body in files.items()}


def _bundle(mark: bytes) -> dict[str, bytes]:
    """The two files if they bear this mark; else nothing."""
    try:
        found = {name: (BUNDLED / name).read_bytes() for name in (LOADER, MAIN)}
    except FileNotFoundError:
        return {}
    return found if all(body.startswith(mark) for body in found.values()) else {}


if __name__ == "__main__":
    sys.stdout.write(mark_of(sources()))
