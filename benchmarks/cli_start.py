"""The wall time of `rover task ID`, as a person feels it."""

import time
from collections.abc import Iterator
from statistics import median

from benchmarks.batches import run_batch
from benchmarks.origin import origin
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from benchmarks.server import rover, server

TIMES = 10


def measure(run: Run) -> Iterator[Result]:
    """The median of ten calls, after one that fills the file cache."""
    with origin(run.corpus, 3) as site, server(run.folder / "rover-cli") as running:
        with running.client() as client:
            task_id = run_batch(client, site.urls).task_id
        walls = []
        for _ in range(TIMES + 1):
            start = time.perf_counter()
            rover(running.environment, "task", task_id)
            walls.append(time.perf_counter() - start)
    runs = [round(wall, 3) for wall in walls[1:]]
    yield Result(promise="cli_start", value=median(runs), unit="s", bar=at_most(0.4), detail={"runs": runs})
