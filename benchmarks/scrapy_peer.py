"""The peer: Scrapy + trafilatura + SQLite, in one process and in two."""

import json
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks.origin import origin
from benchmarks.processes import BenchmarkError
from benchmarks.results import Result
from benchmarks.run import Run
from benchmarks.scores import mean_f1

PYTHON = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
SCRIPT = Path(__file__).with_name("peers") / "scrapy_run.py"
LIMIT_SECONDS = 900


def measure(run: Run) -> Iterator[Result]:
    """Pages per second and F1 for one and for two processes."""
    with origin(run.corpus, run.pages) as site:
        for processes in (1, 2):
            crawls = [crawl(run, site.urls, processes) for _ in range(run.repeats)]
            rates, f1 = [one.rate for one in crawls], crawls[-1].f1
            detail = {"processes": processes, "pages": run.pages, "runs": rates, "f1": round(f1, 4)}
            yield Result(
                promise=f"scrapy_peer_{processes}", value=median(rates), unit="pages/s", detail=detail
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """Pages per second without the start of Python and the imports, and the mean F1 of the stored text."""

    rate: float
    f1: float


def crawl(run: Run, urls: list[str], processes: int) -> Crawl:
    """One crawl by that many processes, each with its share of the list.

    Raises: BenchmarkError without the peers' environment.
    """
    if not PYTHON.exists():
        raise BenchmarkError("no .venv-bench; `make bench` creates it")
    folder = Path(tempfile.mkdtemp(dir=run.folder))
    rate = _crawl_once(folder, urls, processes)
    return Crawl(rate=rate, f1=_f1(folder, run.gold()))


def _crawl_once(folder: Path, urls: list[str], processes: int) -> float:
    running = []
    for number in range(processes):
        share = folder / f"{number}.txt"
        share.write_text("\n".join(urls[number::processes]))
        command = [str(PYTHON), str(SCRIPT), str(share), str(folder / f"{number}.db")]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    reports: list[dict[str, Any]] = []
    for process in running:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
        if process.returncode:
            raise BenchmarkError(f"Scrapy ended with {process.returncode}")
        reports.append(json.loads(out.splitlines()[-1]))
    seconds = max(report["closed"] for report in reports) - min(report["opened"] for report in reports)
    return round(len(urls) / float(seconds), 2)


def _f1(folder: Path, gold: dict[str, str]) -> float:
    found: dict[str, str] = {}
    for path in folder.glob("*.db"):
        with sqlite3.connect(path) as database:
            found |= {
                urlsplit(url).path: text for url, text in database.execute("SELECT url, markdown FROM page")
            }
    return mean_f1((found.get(path, ""), text) for path, text in gold.items())
