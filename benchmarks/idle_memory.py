"""What a server with two workers weighs while nothing happens."""

import time
from collections.abc import Iterator

from benchmarks.processes import BenchmarkError, pss_mib, tree, tree_cpu_seconds
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from benchmarks.server import server

QUIET_SHARE = 0.05
PATIENCE_SECONDS = 60.0


def measure(run: Run) -> Iterator[Result]:
    """The memory of the whole process tree once it has become quiet; shared pages count once."""
    with server(run.folder / "rover-idle") as rover:
        share = _wait_until_quiet(rover.process.pid)
        value = pss_mib(rover.process.pid)
        detail = {"processes": len(tree(rover.process.pid)), "idle_cpu_share": round(share, 4)}
    yield Result(promise="idle_memory", value=value, unit="MiB", bar=at_most(300), detail=detail)


def _wait_until_quiet(pid: int) -> float:
    """Waits for two seconds in which the tree used next to no processor; returns the share of one core."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before, start = tree_cpu_seconds(pid), time.monotonic()
        time.sleep(2)  # the window of the measurement itself
        share = (tree_cpu_seconds(pid) - before) / (time.monotonic() - start)
        if share < QUIET_SHARE:
            return share
    raise BenchmarkError(f"the server was busy for {PATIENCE_SECONDS:g} s without a request")
