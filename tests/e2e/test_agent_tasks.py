"""Agents' tasks on a real server: promoted by its sweeper, and carried on whoever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource

from rover_site.demo import DemoSiteThread, Page
from tests.e2e.server import RoverServer, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
ROOT = Path(__file__).parent.parent.parent
POT = {"/pot": Page(body=b"<title>Pot</title><h1>Pot</h1><p>The pot is made of iron in one piece.</p>")}
AGAIN = "The worker was lost; another one begins again."
SECONDS = 60
MAKE_SITE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "rover_site.settings"
import django
django.setup()
from tests.tasks.agents.support import local_site
local_site(sys.argv[1], access={"enabled": True, "autoPromoteSeconds": int(sys.argv[2])})
"""


def open_site(server: RoverServer, base_url: str, *, auto_promote_seconds: int = 0) -> None:
    """Let the server take tasks for a web site on loopback, in the cloud too."""
    command = [sys.executable, "-c", MAKE_SITE, base_url, str(auto_promote_seconds)]
    subprocess.run(command, env=server.env, cwd=ROOT, timeout=SECONDS, check=True)


def create(server: RoverServer, url: str, *, prefer: str = "execution=cloud") -> dict[str, Any]:
    answer = httpx.post(
        f"http://127.0.0.1:{server.port}/v1/tasks",
        json={"url": url, "prompt": "What is the pot made of?"},
        headers={"Prefer": prefer},
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def resource(created: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(created["task"], trust_env=False, timeout=30).json()
    return found


class Follower:
    """Reads one stream of server-sent events to its end, in a thread."""

    def __init__(self, url: str) -> None:
        self.records: list[dict[str, Any]] = []
        self._url = url
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self) -> list[dict[str, Any]]:
        """Every record, once the server has ended the stream."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the stream did not end"
        return self.records

    def _read(self) -> None:
        headers = {"Accept": "text/event-stream"}
        with httpx.stream("GET", self._url, headers=headers, trust_env=False, timeout=SECONDS) as response:
            self.records.extend(event.json() for event in EventSource(response).iter_sse())


def worker_of(server: RoverServer, created: dict[str, Any]) -> int | None:
    """The process that holds the lease on a task."""
    rows = server.sql("SELECT lease_owner FROM tasks_task WHERE id = ?", created["id"].removeprefix("agt_"))
    ((owner,),) = rows
    return int(owner.split("|")[2]) if owner else None


def kill_the_worker(
    server: RoverServer, created: dict[str, Any], origin: DemoSiteThread, *, during: int = 1
) -> int:
    """Kill whoever works on the task, in the midst of that request to the site."""
    wait_until(lambda: len(origin.log.entries) >= during, what="a request")
    pid: int = wait_until(lambda: worker_of(server, created), what="a lease")
    os.kill(pid, signal.SIGKILL)
    return pid


def texts(records: list[dict[str, Any]]) -> list[str]:
    return [record["data"]["text"] for record in records if record["type"] == "step"]


def test_a_task_whose_worker_is_killed_goes_on_within_seconds_and_every_stream_says_so(
    make_server: Callable[..., RoverServer],
) -> None:
    with DemoSiteThread(delay_ms=2_000, extra=POT) as origin:
        server = make_server()
        open_site(server, origin.base_url)
        created = create(server, origin.url("/pot"))
        task, workflow = Follower(created["task"]), Follower(created["workflow"])

        kill_the_worker(server, created, origin)
        killed = time.monotonic()
        wait_until(lambda: AGAIN in texts(task.records), 20, "another worker")
        waited = time.monotonic() - killed

        assert waited < 10
        for follower in (task, workflow):
            told = follower.ended()
            assert texts(told).count(AGAIN) == 1
            assert [record["type"] for record in told].count("ready") == 1
            assert [int(record["id"].removeprefix("evt_")) for record in told] == list(range(len(told)))
        assert [record["type"] for record in task.records].count("done") == 1
        assert [record["type"] for record in workflow.records].count("done") == 2
        assert "iron" in resource(created)["result"]["text"]


def test_a_task_that_kills_three_workers_fails_and_says_why(make_server: Callable[..., RoverServer]) -> None:
    with DemoSiteThread(delay_ms=60_000, extra=POT) as origin:
        server = make_server()
        open_site(server, origin.base_url)
        created = create(server, origin.url("/pot"))
        stream = Follower(created["task"])

        killed = {kill_the_worker(server, created, origin, during=n) for n in (1, 2, 3)}
        told = stream.ended()

        assert len(killed) == 3
        assert [record["type"] for record in told[-2:]] == ["error", "done"]
        assert told[-2]["data"]["code"] == "worker_crashed"
        assert (told[-1]["data"]["status"], texts(told).count(AGAIN)) == ("failed", 2)
        assert resource(created)["result"]["error"]["code"] == "worker_crashed"
        assert len(origin.log.entries) == 3


def test_a_task_that_no_browser_took_is_promoted_and_outlives_a_clean_stop(
    make_server: Callable[..., RoverServer],
) -> None:
    with DemoSiteThread(delay_ms=1_500, extra=POT) as origin:
        server = make_server()
        open_site(server, origin.base_url, auto_promote_seconds=1)
        created = create(server, origin.url("/pot"), prefer="execution=auto")
        made = time.monotonic()
        assert "rover_receipt=" in created["open"]

        wait_until(lambda: resource(created)["status"] == "running", 20, "the promotion")
        assert time.monotonic() - made > 0.9
        assert "open" not in resource(created)
        wait_until(lambda: origin.log.entries, what="a request")
        server.stop()
        server.start()
        printed = server.rover("task", created["id"], "--monitor", "--timeout", str(SECONDS))

        stream = Follower(created["task"]).ended()
        statuses = [record["data"]["status"] for record in stream if record["type"] == "status"]
        assert statuses == ["waiting_browser", "running"]
        assert AGAIN not in texts(stream)
        assert stream[-1]["data"]["status"] == "completed"
        assert "iron" in stream[-1]["data"]["result"]["text"]
        assert len(printed.splitlines()) == len(stream) - 1
