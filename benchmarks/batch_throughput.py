"""Batches of a hundred pages through the real stack, against the extraction limit and the peer.

Limit, stack and peers take turns within each repeat and are compared within it, so that whatever else the
machine does hits all of them.
"""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

import httpx

from benchmarks.batches import run_batch
from benchmarks.extraction_limit import extraction
from benchmarks.origin import origin
from benchmarks.processes import peak_pss, tree_cpu_seconds
from benchmarks.results import Result, at_least, at_most
from benchmarks.run import Run
from benchmarks.scores import mean_f1
from benchmarks.scrapy_peer import Crawl, crawl
from benchmarks.server import Server, server

BATCH = 100
WARM_UP = 20
WARM_UPS = (
    4  # each worker's first batch starts its extraction processes; two workers take turns, more or less
)
F1_TOLERANCE = 0.005
PEERS = ((1, at_least(3.5)), (2, at_least(1.8)))


@dataclass(slots=True, kw_only=True)
class Taken:
    """What the repeats gave, one entry each; rates in pages per second."""

    limit: list[float] = field(default_factory=list)
    stack: list[float] = field(default_factory=list)
    peers: dict[int, list[Crawl]] = field(default_factory=lambda: {1: [], 2: []})
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    f1: float = 0.0


def measure(run: Run) -> Iterator[Result]:
    """The rate of the stack, its efficiency, and its ratio to one and two Scrapy processes at equal F1."""
    taken = _take(run)
    detail = {
        "runs": taken.stack,
        "f1": round(taken.f1, 4),
        "cpu_ms_per_page": round(taken.cpu_seconds / run.pages / run.repeats * 1000, 1),
    }
    yield Result(promise="batch_throughput", value=median(taken.stack), unit="pages/s", detail=detail)
    pages = {"of": "whole tree", "pages": run.pages * run.repeats}
    yield Result(promise="batch_memory", value=taken.peak_mib, unit="MiB", bar=at_most(600), detail=pages)
    yield Result(
        promise="batch_efficiency",
        value=_ratio(taken.stack, taken.limit),
        unit="of limit",
        bar=at_least(0.85),
        detail={"limit": taken.limit},
    )
    for processes, bar in PEERS:
        crawls = taken.peers[processes]
        rates, peer_f1 = [one.rate for one in crawls], crawls[-1].f1
        yield Result(
            promise=f"batch_vs_scrapy_{processes}",
            value=_ratio(taken.stack, rates) if taken.f1 >= peer_f1 - F1_TOLERANCE else 0.0,
            unit="times",
            bar=bar,
            detail={"scrapy": rates, "f1": round(taken.f1, 4), "scrapy_f1": round(peer_f1, 4)},
        )


def _take(run: Run) -> Taken:
    taken = Taken()
    with (
        extraction(run) as limit,
        origin(run.corpus, run.pages) as site,
        server(run.folder / "rover-throughput") as rover,
        rover.client() as client,
    ):
        for _ in range(WARM_UPS):
            run_batch(client, site.urls[:WARM_UP])
        for _ in range(run.repeats):
            taken.limit.append(limit())
            cpu = tree_cpu_seconds(rover.process.pid)
            with peak_pss(rover.process.pid) as peak:
                taken.stack.append(_rate(client, site.urls))
            taken.cpu_seconds += tree_cpu_seconds(rover.process.pid) - cpu
            taken.peak_mib = max(taken.peak_mib, peak[0])
            for processes, crawls in taken.peers.items():
                crawls.append(crawl(run, site.urls, processes))
        taken.f1 = _f1(rover, run.gold())
    return taken


def _rate(client: httpx.Client, urls: list[str]) -> float:
    start = time.perf_counter()
    for first in range(0, len(urls), BATCH):
        run_batch(client, urls[first : first + BATCH])
    return round(len(urls) / (time.perf_counter() - start), 2)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over the repeats of our rate by theirs."""
    return median(own / other for own, other in zip(ours, theirs, strict=True))


def _f1(rover: Server, gold: dict[str, str]) -> float:
    with sqlite3.connect(f"file:{rover.database}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT url, markdown FROM tasks_page").fetchall()
    found = {urlsplit(url).path: text for url, text in rows}
    return mean_f1((found.get(path, ""), text) for path, text in gold.items())
