"""Nothing is lost and nothing done twice, whoever dies."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest

from rover_site.demo import DemoSiteThread, Page
from tests.e2e.server import RoverServer, wait_until

PAGES = {
    f"/page/{n}": Page(body=f"<h1>Page {n}</h1><p>{'A line of text. ' * 40}".encode()) for n in range(10)
}

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


def outcomes(server: RoverServer) -> int:
    return int(server.sql("SELECT count(*) FROM tasks_event WHERE outcome_index IS NOT NULL")[0][0])


def owner_pid(server: RoverServer) -> int | None:
    ((owner,),) = server.sql("SELECT lease_owner FROM tasks_task")
    return int(owner.split("|")[2]) if owner else None


def kill_the_worker(server: RoverServer) -> None:
    """Kill the process that holds the lease, once it has recorded something more."""
    already = outcomes(server)
    wait_until(lambda: outcomes(server) >= already + 8, what="progress")
    pid = wait_until(lambda: owner_pid(server), what="a lease")
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    before = outcomes(server)
    wait_until(lambda: outcomes(server) > before, 10, "a new outcome within 10 s of the kill")
    assert time.monotonic() - killed < 10


def test_a_batch_survives_three_killed_workers_and_a_killed_supervisor(
    make_server: Callable[..., RoverServer],
) -> None:
    addresses = [f"127.0.0.{n}" for n in range(1, 11)]
    with DemoSiteThread(addresses=addresses, delay_ms=150, extra=PAGES) as origin:
        urls = [origin.url(path, address) for path in PAGES for address in addresses]
        server = make_server()
        server.rover("owner", "create", "owner", "--no-password")
        token = server.rover("owner", "token", "owner", "--scope", "fetch")
        clock = time.time() - time.monotonic()

        task_id = server.request("POST", "/v1/batches", token, {"urls": urls, "concurrency": 4})["task_id"]
        for _ in range(3):
            kill_the_worker(server)
        already = outcomes(server)
        wait_until(lambda: outcomes(server) >= already + 8, what="progress")
        server.kill()
        assert outcomes(server) < len(urls), "the supervisor died too late to prove anything"
        server.start()
        events = list(server.events(task_id, token))

        ended = {event["index"]: event for event in events if event["kind"] in ("item_done", "item_failed")}
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["kind"] for event in events].count("task_completed") == 1
        assert events[-1]["kind"] == "task_completed"
        assert sorted(ended) == list(range(len(urls)))
        assert sum(event["kind"] in ("item_done", "item_failed") for event in events) == len(urls)
        assert events[-1]["result"]["succeeded"] + events[-1]["result"]["failed"] == len(urls)

        recorded = {urls[index]: created for index, created in _outcome_times(server)}
        late = [
            entry
            for entry in origin.log.entries
            if clock + entry.time > recorded[origin.url(entry.path, entry.address)] + 0.05
        ]
        assert late == [], "a URL was fetched after its outcome was on record"
        starts = Counter(event["url"] for event in events if event["kind"] == "item_started")
        asked = Counter(origin.url(entry.path, entry.address) for entry in origin.log.entries)
        assert all(asked[url] <= starts[url] for url in urls), "a request without a recorded start"


def _outcome_times(server: RoverServer) -> list[tuple[int, float]]:
    rows = server.sql(
        "SELECT outcome_index, (julianday(created_at) - 2440587.5) * 86400.0"
        " FROM tasks_event WHERE outcome_index IS NOT NULL"
    )
    return [(int(index), float(seconds)) for index, seconds in rows]


def test_two_servers_on_one_database_share_one_orphan_and_one_wins(
    make_server: Callable[..., RoverServer],
) -> None:
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    with DemoSiteThread(addresses=addresses, delay_ms=200, extra=PAGES) as origin:
        first = make_server(workers="1")
        second = RoverServer(data_dir=first.data_dir, environ={"ROVER_WORKERS": "1"}).start()
        try:
            urls = [origin.url(path, address) for path in PAGES for address in addresses]
            first.rover("batch", "start", *urls, "--concurrency", "2")
            wait_until(lambda: outcomes(first) >= 4, what="progress")
            pid = wait_until(lambda: owner_pid(first), what="a lease")

            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: first.sql("SELECT status FROM tasks_task") == [("completed",)], 60, "the end")

            starts = first.sql("SELECT count(*) FROM tasks_event WHERE kind = 'task_started'")
            assert starts == [(2,)], "one run before the kill, one after it"
            assert outcomes(first) == 30
            asked = Counter((entry.address, entry.path) for entry in origin.log.entries)
            assert max(asked.values()) <= 2, "what was in flight may be asked for once more"
        finally:
            second.stop()


def test_a_clean_stop_in_the_middle_keeps_the_batch_for_the_next_start(
    make_server: Callable[..., RoverServer],
) -> None:
    addresses = ["127.0.0.1", "127.0.0.2"]
    with DemoSiteThread(addresses=addresses, delay_ms=300, extra=PAGES) as origin:
        server = make_server()
        urls = [origin.url(path, address) for path in PAGES for address in addresses]
        server.rover("batch", "start", *urls)
        wait_until(lambda: outcomes(server) >= 2, what="progress")

        began = time.monotonic()
        server.stop()

        assert time.monotonic() - began < 12
        assert server.sql("SELECT status, lease_owner FROM tasks_task") == [("running", "")]
        assert outcomes(server) < 20
        server.start()
        wait_until(lambda: server.sql("SELECT status FROM tasks_task") == [("completed",)], 60, "the end")
        assert len(origin.log.entries) == 20, "a clean stop lets requests land, so none is made twice"
