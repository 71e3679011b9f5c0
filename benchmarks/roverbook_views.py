"""Every page of RoverBook over what a million events come to, asked by HTTP of a real server."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.processes import child, hear, module, tell
from benchmarks.results import Result, at_most
from benchmarks.roverbook_seed import EVENTS_PER_VISIT, OTHER_SHARE, OTHER_SITES
from benchmarks.run import Run
from benchmarks.server import Server, server

EVENTS = 1_000_000
SEED_SECONDS = 900.0
ASKED = 20
LONGEST_MS, MOST_QUERIES = 300, 24
PAGES = {
    "site": "",
    "overview": "roverbook/",
    "overview_90": "roverbook/?days=90",
    "overview_words": "roverbook/?q=kettle&days=90",
    "visits": "roverbook/visits/",
    "visits_failed": "roverbook/visits/?q=outcome:failure",
    "visits_rare": "roverbook/visits/?q=steps:>13+score:<22",
    "visits_words": "roverbook/visits/?q=kettle",
    "visits_page": "roverbook/visits/?q=page:/nowhere",
    "visit": "roverbook/visits/{visit}/?q=outcome:failure&step=2",
    "analytics": "roverbook/analytics/",
    "analytics_90": "roverbook/analytics/?days=90",
    "analytics_agent": "roverbook/analytics/?q=agent:agent-5&days=90",
    "agents": "roverbook/agents/",
    "agent": "roverbook/agent/?key={agent}",
    "reviews": "roverbook/reviews/",
    "interviews": "roverbook/interviews/",
    "board": "roverbook/board/",
    "memory": "roverbook/memory/",
    "webhooks": "roverbook/webhooks/",
    "privacy": "roverbook/privacy/",
}


def measure(run: Run) -> Iterator[Result]:
    """The 95th percentile of each page's time, with its median and its number of queries; each page is asked
    twice before, so that the caches of the database are as they are on a server that is used."""
    visits = int(EVENTS / EVENTS_PER_VISIT / (1 + OTHER_SITES / OTHER_SHARE))
    with server(run.folder / "rover-views", command="web") as rover, _seeded(rover, visits) as (seed, ask):
        base = f"{rover.base_url}/workspace/sites/{seed['site']}/"
        cookies = {"sessionid": seed["cookie"]}
        with httpx.Client(cookies=cookies, trust_env=False, timeout=60) as client:
            for name, path in PAGES.items():
                address = path.format(**seed)
                queries = ask(f"/workspace/sites/{seed['site']}/{address}")
                yield _result(name, client, base + address, visits, queries)


@contextmanager
def _seeded(rover: Server, visits: int) -> Iterator[Any]:
    """What the seed told of itself, and a function from a path to the number of its queries."""
    command = module("benchmarks.roverbook_seed", str(visits))
    with child(command, env={**rover.environment, "PYTHONPATH": str(Path.cwd())}) as process:
        seed: dict[str, str] = json.loads(hear(process, seconds=SEED_SECONDS))

        def ask(path: str) -> int:
            tell(process, path)
            return int(json.loads(hear(process))["queries"])

        yield seed, ask


def _result(name: str, client: httpx.Client, address: str, visits: int, queries: int) -> Result:
    statuses = {client.get(address).status_code for _ in range(2)}
    times = sorted(_ms(client, address) for _ in range(ASKED))
    slow = times[int(0.95 * len(times))]
    detail: dict[str, Any] = {
        "visits": visits,
        "p50_ms": round(median(times), 1),
        "queries": queries,
        "statuses": sorted(statuses),
    }
    if statuses != {200} or queries > MOST_QUERIES:
        detail["error"] = f"answers {sorted(statuses)} with {queries} queries"
        return Result(promise=f"roverbook_{name}", value=None, unit="ms p95", detail=detail)
    return Result(
        promise=f"roverbook_{name}", value=slow, unit="ms p95", bar=at_most(LONGEST_MS), detail=detail
    )


def _ms(client: httpx.Client, address: str) -> float:
    start = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - start) * 1000
