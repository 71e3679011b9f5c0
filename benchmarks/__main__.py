"""`python -m benchmarks [NAME …]`: measures every promise, or the named ones.

One JSON line per promise on standard output, a table on standard error. The exit code is 1 when a bar was
missed or a figure could not be taken.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, print_line, print_table
from benchmarks.run import Run

NAMES = (
    "extraction_limit",
    "scrapy_peer",
    "batch_throughput",
    "batch_latency",
    "stream_latency",
    "create_latency",
    "cli_start",
    "idle_memory",
    "scope",
    "runtime_sessions",
    "embed_size",
    "embed_observation",
    "roverbook_projector",
    "roverbook_views",
    "embed_boot",
)


def main() -> int:
    """Runs the benchmarks that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all unless told")
    parser.add_argument("--pages", type=int, default=300, help="pages of the corpus (300)")
    parser.add_argument("--repeats", type=int, default=3, help="how often a rate is measured (3)")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="rover-bench-") as folder:
        run = Run(folder=Path(folder), pages=given.pages, repeats=given.repeats)
        for name in given.names or NAMES:
            results += _measure(name, run)
    print_table(results)
    return 0 if all(result.ok is not False and result.value is not None for result in results) else 1


def _measure(name: str, run: Run) -> list[Result]:
    found: list[Result] = []
    try:
        for result in import_module(f"benchmarks.{name}").measure(run):
            print_line(result)
            found.append(result)
    except (BenchmarkError, OSError, ImportError) as error:
        failed = Result(
            promise=name, value=None, unit="", detail={"error": f"{type(error).__name__}: {error}"}
        )
        print_line(failed)
        found.append(failed)
    return found


if __name__ == "__main__":
    sys.exit(main())
