"""What the embed script weighs on the wire: its loader, and all of it."""

import gzip
from collections.abc import Iterator

from benchmarks.results import Result, at_most
from benchmarks.run import Run
from tasks.v2.bundle import LOADER, served


def measure(run: Run) -> Iterator[Result]:
    """KiB of gzip, each file by itself, as it is sent."""
    sizes = {name: len(gzip.compress(body, 9, mtime=0)) for name, body in served().items()}
    yield Result(promise="embed_loader", value=sizes[LOADER] / 1024, unit="KiB", bar=at_most(3))
    yield Result(
        promise="embed_all",
        value=sum(sizes.values()) / 1024,
        unit="KiB",
        bar=at_most(45),
        detail={"files": len(sizes)},
    )
