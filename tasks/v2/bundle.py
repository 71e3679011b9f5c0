"""The scripts for pages as they get them, embed and roverbook: two files each, bundled and minified, because
forty small ones compress to half as much again and have to be asked for one by one. Where the modules were
changed since, they are served themselves, so that nobody needs to bundle while working on them.

`make embed` makes the bundles; `python -m tasks.v2.bundle FILE` does the last of it: takes the blanks out of
style sheets and writes above it of what it was made.
"""

import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "static" / "rover" / "embed"
ROVERBOOK = FOLDER.with_name("roverbook")
"""Each has a loader named like itself, and the rest in MAIN."""
BUNDLED = Path("bundled")
"""Below the folder of each."""
LOADER, MAIN = "embed.js", "main.js"
_COMMENTS = re.compile(rb"^[ \t]*(?://.*|/\*\*.*\*/)$|^[ \t]+", re.M)
"""Lines that are a comment each, and what lines begin with. No text of the modules has such a line."""
_SHEETS = re.compile(r"([`'])(?:\\n|\s)*:host.*?\1", re.S)
"""Texts that are a style sheet; none has such a quotation mark in it."""
_BLANKS = re.compile(r"\s*([{};,>/])\s*|(?<=:)\s+")


def sources(folder: Path = FOLDER) -> dict[str, bytes]:
    """The modules by their paths in the folder."""
    paths = (path for path in sorted(folder.rglob("*.js")) if folder / BUNDLED not in path.parents)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def digest(files: Mapping[str, bytes]) -> str:
    """A name for these files, 16 hex digits: other files have another."""
    seen = sha256()
    for name, body in files.items():
        seen.update(f"{name}\n{len(body)}\n".encode() + body)
    return seen.hexdigest()[:16]


def mark_of(files: Mapping[str, bytes], folder: Path = FOLDER) -> str:
    """The first line of what was bundled from these modules."""
    return f"/* rover {folder.name} {digest(files)} */"


def lean(script: str) -> str:
    """The script with no blanks in its style sheets, which no minifier of scripts looks into."""
    plain = _SHEETS.sub(lambda sheet: " ".join(sheet[0].replace("\\n", " ").split()), script)
    return _SHEETS.sub(lambda sheet: _BLANKS.sub(r"\1", sheet[0]).replace(";}", "}"), plain)


def served(folder: Path = FOLDER) -> dict[str, bytes]:
    """What pages get: the bundle if it was made of the modules as they are, else these without comments."""
    files = sources(folder)
    bundle = _bundle(folder, mark_of(files, folder).encode())
    return bundle or {name: _COMMENTS.sub(b"", body) for name, body in files.items()}


def _bundle(folder: Path, mark: bytes) -> dict[str, bytes]:
    """The two files if they bear this mark; else nothing."""
    bundled = folder / BUNDLED
    try:
        found = {name: (bundled / name).read_bytes() for name in (f"{folder.name}.js", MAIN)}
    except FileNotFoundError:
        return {}
    return found if all(body.startswith(mark) for body in found.values()) else {}


if __name__ == "__main__":
    _made = Path(sys.argv[1])
    _folder = _made.resolve().parents[1]
    _made.write_text(f"{mark_of(sources(_folder), _folder)}\n{lean(_made.read_text())}")
