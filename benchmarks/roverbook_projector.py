"""RoverBook's projector: how fast logs become visits, how long it keeps others from writing, and how late a
visit shows what has happened, on one server."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, at_least, at_most
from benchmarks.run import Run
from benchmarks.scores import percentile
from benchmarks.server import Server, server

EVENTS = 100_000
TASKS = 60
HELD_MS = 50
RATE = 5_000
UNLIMITED = {
    "ROVER_TASKS_PER_MINUTE_IP": "0",
    "ROVER_TASKS_PER_MINUTE_AGENT": "0",
    "ROVER_TASKS_PER_MINUTE_SITE": "1000000000",
}


def measure(run: Run) -> Iterator[Result]:
    """The replay of a hundred thousand events in a process of its own, then the lag behind a live server."""
    yield from _replay(run)
    yield _lag(run)


def _replay(run: Run) -> Iterator[Result]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.roverbook_replay",
        str(run.folder / "projector"),
        str(EVENTS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)
    if done.returncode:
        raise BenchmarkError(done.stderr[-2_000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    detail = {name: value for name, value in told.items() if name != "held_ms"}
    yield Result(
        promise="projector_events",
        value=told["events"] / told["seconds"],
        unit="a second",
        bar=at_least(RATE),
        detail=detail,
    )
    held = told["held_ms"]
    yield Result(
        promise="projector_write_held_p99",
        value=percentile(held, 0.99),
        unit="ms",
        bar=at_most(HELD_MS),
        detail={"count": len(held), "p50_ms": round(percentile(held, 0.5), 2), "max_ms": round(max(held), 2)},
    )


def _lag(run: Run) -> Result:
    with server(run.folder / "rover-projector", settings=UNLIMITED) as rover:
        late = list(_lags(rover))
    return Result(
        promise="projector_lag_p99",
        value=percentile(late, 0.99) * 1_000,
        unit="ms",
        bar=at_most(2_000),
        detail={"tasks": len(late), "p50_ms": round(percentile(late, 0.5) * 1_000, 1)},
    )


def _lags(rover: Server) -> Iterator[float]:
    """For each of some tasks the time from its first event to its visit, in seconds."""
    with rover.client() as client:
        wish = {"siteName": "Bench", "label": "Bench", "allowedDomains": ["127.0.0.1"]}
        made = client.post(
            "/generateRoverSiteKey", json=wish | {"environment": "development"}
        ).raise_for_status()
        key_id = made.json()["data"]["keyId"]
        open_it = {"keyId": key_id, "siteConfig": {"aiAccess": {"enabled": True}}}
        client.post("/upsertRoverSiteConfig", json=open_it).raise_for_status()
        with sqlite3.connect(f"file:{rover.database}?mode=ro", uri=True) as database:
            for number in range(TASKS):
                asked = {"url": "http://127.0.0.1:8099/", "prompt": f"wish {number}"}
                began = time.perf_counter()
                answer = client.post("/v1/tasks", json=asked, headers={"Prefer": "execution=browser"})
                name = answer.raise_for_status().json()["id"]
                while not _is_there(database, name):
                    if time.perf_counter() - began > 30:
                        raise BenchmarkError(f"the visit of {name} did not come")
                    time.sleep(0.005)
                yield time.perf_counter() - began


def _is_there(database: sqlite3.Connection, name: str) -> bool:
    return database.execute("SELECT 1 FROM roverbook_visit WHERE id = ?", (name,)).fetchone() is not None
