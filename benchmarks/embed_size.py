"""What the scripts for pages weigh on the wire: the embed's loader, all of it, and RoverBook's."""

import gzip
from collections.abc import Iterator

from benchmarks.results import Result, at_most
from benchmarks.run import Run
from tasks.v2.bundle import FOLDER, LOADER, ROVERBOOK, served


def measure(run: Run) -> Iterator[Result]:
    """KiB of gzip, each file by itself, as it is sent."""
    sizes, of_roverbook = (
        {name: len(gzip.compress(body, 9, mtime=0)) for name, body in served(folder).items()}
        for folder in (FOLDER, ROVERBOOK)
    )
    yield Result(promise="embed_loader", value=sizes[LOADER] / 1024, unit="KiB", bar=at_most(3))
    yield Result(
        promise="embed_all",
        value=sum(sizes.values()) / 1024,
        unit="KiB",
        bar=at_most(45),
        detail={"files": len(sizes)},
    )
    yield Result(
        promise="roverbook_script",
        value=sum(of_roverbook.values()) / 1024,
        unit="KiB",
        bar=at_most(8),
        detail={"files": len(of_roverbook)},
    )
