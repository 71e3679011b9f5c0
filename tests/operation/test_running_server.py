"""kill -9 of every member of the family: it comes back, and the server goes on serving."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.operation.harness import N_WORKERS, Server, is_alive, origin, rover, running, wait_for

pytestmark = pytest.mark.processes
CHECKS = ("data directory", "settings", "secret key", "database", "migrations", "worker")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with origin() as url:
        yield url


@pytest.fixture(scope="module")
def server(template: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, token = template
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("running") / "data")
    with running(copy, token=token) as server:
        yield server


VICTIMS: dict[str, Callable[[Server], list[psutil.Process]]] = {
    "an idle worker": lambda server: server.queue_family()[:1],
    "every idle worker": lambda server: server.queue_family()[:N_WORKERS],
    "the monitor": lambda server: server.queue_family()[-2:-1],
    "the pusher": lambda server: server.queue_family()[-1:],
    "the sentinel": lambda server: [server.sentinel()],
    "rover worker": lambda server: [server.child("worker")],
    "rover web": lambda server: [server.child("web")],
}


def test_the_doctor_finds_nothing_wrong_with_a_running_server(server: Server) -> None:
    server.wait_until_ready()  # another test may just have killed something
    answer = rover(server.data_dir, "doctor", "--format", "ndjson")
    verdicts = {
        finding["check"]: finding["verdict"] for finding in map(json.loads, answer.stdout.splitlines())
    }
    assert answer.returncode == 0, answer.stderr
    assert verdicts == dict.fromkeys(CHECKS, "ok")


@pytest.mark.parametrize("name", VICTIMS)
def test_after_a_kill_the_server_runs_a_batch_again(server: Server, site: str, name: str) -> None:
    victims = VICTIMS[name](server)
    for victim in victims:
        victim.kill()
    wait_for(lambda: not any(map(is_alive, victims)), seconds=5, what="the victims' end")
    server.wait_until_ready()
    task_id = server.start_batch([f"{site}/page"])
    wait_for(
        lambda: server.status_of(task_id) == "completed",
        seconds=25,
        what=f"a batch; log:\n{server.output()[-3000:]}",
    )


def test_a_worker_goes_on_after_a_database_error(server: Server) -> None:
    with closing(sqlite3.connect(server.data_dir / "rover.db", timeout=20, isolation_level=None)) as database:
        database.execute("ALTER TABLE tasks_workerbeat RENAME TO away")
        wait_for(lambda: "sweeping failed" in server.output(), seconds=15, what="the error in the log")
        was_ready = server.is_ready()
        database.execute("ALTER TABLE away RENAME TO tasks_workerbeat")
    assert not was_ready
    server.wait_until_ready()


def test_a_second_signal_ends_a_worker_with_slow_pages_at_once(server: Server, site: str) -> None:
    task_id = server.start_batch([f"{site}/slow/{number}" for number in range(5)])
    wait_for(lambda: server.task_row(task_id, "last_seq") >= 3, seconds=15, what="fetches in flight")
    worker, family = server.child("worker"), server.queue_family()
    worker.terminate()
    wait_for(
        lambda: server.output().count("worker  stopping"), seconds=5, what="the first signal to be heard"
    )
    worker.terminate()
    wait_for(lambda: not any(map(is_alive, [worker, *family])), seconds=3, what="the end of the worker")
    assert server.delete(f"/v1/batches/{task_id}") < 300


@pytest.mark.parametrize("name", ["the sentinel", "rover worker"])
def test_nobody_survives_a_killed_parent(server: Server, name: str) -> None:
    family = [server.sentinel(), *server.queue_family()]
    VICTIMS[name](server)[0].kill()
    wait_for(lambda: not any(map(is_alive, family)), seconds=2, what="the end of the family")
