"""A hundred URLs that each take 300 ms to answer: how long until the caller has everything."""

from collections.abc import Iterator
from statistics import median

from benchmarks.batches import run_batch
from benchmarks.origin import origin
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from benchmarks.server import server

DELAY_MS = 300
URLS = 100


def measure(run: Run) -> Iterator[Result]:
    """POST to `task_completed`, POST to its answer, answer to the first `item_started`."""
    count = min(URLS, run.pages)
    with (
        origin(run.corpus, count, delay_ms=DELAY_MS) as site,
        server(run.folder / "rover-latency") as rover,
        rover.client() as client,
    ):
        cold = run_batch(client, site.urls)
        batches = [run_batch(client, site.urls) for _ in range(run.repeats)]
    detail = {"urls": count, "delay_ms": DELAY_MS, "cold": round(cold.completed, 3)}
    for promise, bar, values in (
        ("batch_latency", 4.8, [batch.completed for batch in batches]),
        ("batch_post_answer", 0.3, [batch.answered for batch in batches]),
        ("batch_first_item", 0.15, [batch.first_item - batch.answered for batch in batches]),
    ):
        runs = [round(value, 4) for value in values]
        yield Result(
            promise=promise, value=median(values), unit="s", bar=at_most(bar), detail={**detail, "runs": runs}
        )
