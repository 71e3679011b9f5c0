"""Creating a batch over HTTP and following it to its end."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from benchmarks.processes import BenchmarkError

CONCURRENCY, PER_HOST = 8, 2
TERMINAL = {"task_completed", "task_failed", "task_cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTimes:
    """One batch, in seconds from the moment before its POST, and its events."""

    task_id: str
    answered: float
    first_item: float
    completed: float
    events: list[dict[str, Any]]

    def count(self, kind: str) -> int:
        return sum(event["kind"] == kind for event in self.events)


def run_batch(client: httpx.Client, urls: Sequence[str]) -> BatchTimes:
    """POSTs the URLs, reads the event stream to its end. Raises: BenchmarkError unless all pages were "
    "fetched."""
    start = time.time()
    task_id = create(client, urls)
    answered = time.time()
    events = list(_follow(client, task_id))
    times = BatchTimes(
        task_id=task_id,
        answered=answered - start,
        first_item=_moment(next(event for event in events if event["kind"] == "item_started")) - start,
        completed=time.time() - start,
        events=events,
    )
    if times.count("item_done") != len(urls) or events[-1]["kind"] != "task_completed":
        failures = [event for event in events if event["kind"] == "item_failed"][:2]
        raise BenchmarkError(f"{times.count('item_done')} of {len(urls)} pages done; {failures}")
    return times


def create(client: httpx.Client, urls: Sequence[str]) -> str:
    """The id of a new batch of these URLs. Raises: BenchmarkError when it is refused."""
    answer = client.post(
        "/v1/batches",
        json={
            "urls": list(urls),
            "concurrency": CONCURRENCY,
            "per_domain_concurrency": PER_HOST,
            "force_refresh": True,
        },
    )
    if answer.status_code != 202:
        raise BenchmarkError(f"POST /v1/batches: {answer.status_code} {answer.text[:300]}")
    task_id: str = answer.json()["task_id"]
    return task_id


def _follow(client: httpx.Client, task_id: str) -> Any:
    headers = {"Accept": "application/x-ndjson"}
    with client.stream("GET", f"/v1/batches/{task_id}", headers=headers) as answer:
        for line in answer.iter_lines():
            if line.strip():
                event = json.loads(line)
                yield event
                if event["kind"] in TERMINAL:
                    return
    raise BenchmarkError("the event stream ended before the task did")


def _moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["ts"]).timestamp()
