"""What the embed script weighs on the wire: its loader, and all of it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results import Result, at_most
from benchmarks.run import Run

SCRIPTS = Path(__file__).parents[1] / "tasks" / "static" / "rover" / "embed"
LOADER = "embed.js"


def measure(run: Run) -> Iterator[Result]:
    """KiB of gzip. `all` is each file by itself, as it is sent; its detail has the parts."""
    sizes = {path.relative_to(SCRIPTS).as_posix(): _zipped(path) for path in sorted(SCRIPTS.rglob("*.js"))}
    parts: dict[str, int] = {}
    for name, size in sizes.items():
        part = name.partition("/")[0]
        parts[part] = parts.get(part, 0) + size
    yield Result(promise="embed_loader", value=sizes[LOADER] / 1024, unit="KiB", bar=at_most(3))
    yield Result(
        promise="embed_all",
        value=sum(sizes.values()) / 1024,
        unit="KiB",
        bar=at_most(45),
        detail={"files": len(sizes), **parts},
    )


def _zipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))
