"""Reading a SQLite file without leaving a trace, and noticing that it changed."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

IMMUTABLE = "immutable=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What tells that somebody has opened or written the file since: compare two of them."""

    has_wal: bool
    modified_ns: int
    n_bytes: int


def reading_uri(path: Path) -> str:
    """The URI (SQLite "URI Filenames") under which a reader opens `path`.

    While a server has the file open there is a `-wal` file beside it, and `mode=ro` reads both. Without one
    nobody has it open, and then even a `mode=ro` reader would leave an empty `-wal` and a `-shm` behind;
    `immutable=1` leaves nothing. Such a connection never sees a later change: whoever keeps it compares
    `file_state` and connects again.
    """
    options = f"mode=ro&{IMMUTABLE}" if not _wal(path).exists() else "mode=ro"
    return f"{path.absolute().as_uri()}?{options}"


def immutable_path(uri: str) -> Path | None:
    """The file of a `reading_uri` that was taken for immutable; None for any other database name."""
    parts = urlsplit(uri)
    is_immutable = parts.scheme == "file" and IMMUTABLE in parts.query
    return Path(unquote(parts.path)) if is_immutable else None


def file_state(path: Path) -> FileState:
    """The state of the file now.

    Raises:
        OSError: it is gone.
    """
    found = path.stat()
    return FileState(has_wal=_wal(path).exists(), modified_ns=found.st_mtime_ns, n_bytes=found.st_size)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")
