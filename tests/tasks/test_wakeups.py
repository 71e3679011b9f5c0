"""Poking and listening: a hint arrives at once, a lost one costs a poll."""

import os
import socket
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tasks.io import listeners, wakeups
from tasks.io.listeners import DataVersion, EmbeddedListener
from tasks.io.wakeups import make_socket_dir, poke, socket_dir
from tests.tasks.listening import listening, poked_until
from tests.tasks.streaming_fixtures import until


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(tmp_path / "a ?#% b.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        yield connection
    connection.close()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder of this test's own; pytest's can be too deep for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="rover-") as folder:
        yield Path(folder)


@pytest.fixture
def run_dir(short_path: Path, settings: Any) -> Path:
    """A run folder of this test's own, in which `poke` finds readers."""
    settings.ROVER = settings.ROVER.model_copy(update={"data_dir": short_path})
    return Path(settings.ROVER.run_dir)


def embedded(run_dir: Path, poll_seconds: float = 60) -> EmbeddedListener:
    return EmbeddedListener(run_dir=run_dir, database=":memory:", poll_seconds=poll_seconds)


async def test_a_poke_reaches_every_listener_of_the_machine(run_dir: Path) -> None:
    task_id = uuid4()

    async with listening(embedded(run_dir)) as one, listening(embedded(run_dir)) as other:
        await until(lambda: len(list(run_dir.glob("events-*.sock"))) == 2)
        poke(task_id)
        await until(lambda: one.tasks and other.tasks)

    assert one.tasks == other.tasks == [task_id]


async def test_a_listener_that_comes_later_is_found(run_dir: Path) -> None:
    async with listening(embedded(run_dir)) as first:
        await until(lambda: list(run_dir.glob("events-*.sock")))
        poke(uuid4())
        await until(lambda: first.tasks)
        async with listening(embedded(run_dir)) as second:
            await poked_until(lambda: second.tasks)


async def test_a_listener_takes_its_socket_away(run_dir: Path) -> None:
    async with listening(embedded(run_dir)):
        await until(lambda: list(run_dir.glob("events-*.sock")))

    assert list(run_dir.iterdir()) == []


def test_a_poke_with_nobody_there_does_nothing(run_dir: Path) -> None:
    poke(uuid4())

    assert not run_dir.exists()


def test_a_poke_removes_the_socket_of_a_reader_that_died(run_dir: Path) -> None:
    run_dir.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(run_dir / "events-1-0.sock"))

    poke(uuid4())

    assert list(run_dir.iterdir()) == []


def test_a_poke_does_not_wait_for_a_reader_that_does_not_read(run_dir: Path) -> None:
    run_dir.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
        stuck.bind(str(run_dir / "events-1-0.sock"))
        for _ in range(5000):
            poke(uuid4())

        assert len(stuck.recv(64)) == 16


async def test_a_reader_whose_queue_ran_over_looks_at_every_log(run_dir: Path) -> None:
    async with listening(embedded(run_dir)) as heard:
        await until(lambda: list(run_dir.glob("events-*.sock")))
        for _ in range(listeners._QUEUE_LENGTH + 50):
            poke(uuid4())
        await until(lambda: heard.checks)


async def test_a_datagram_that_is_no_task_id_is_passed_over(run_dir: Path) -> None:
    task_id = uuid4()

    async with listening(embedded(run_dir)) as heard:
        await until(lambda: list(run_dir.glob("events-*.sock")))
        path = str(next(run_dir.glob("events-*.sock")))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"nonsense", path)
        poke(task_id)
        await until(lambda: heard.tasks)

    assert heard.tasks == [task_id]


async def test_a_commit_without_a_poke_is_seen_by_the_safety_poll(
    run_dir: Path, database: sqlite3.Connection, tmp_path: Path
) -> None:
    listener = EmbeddedListener(run_dir=run_dir, database=str(tmp_path / "a ?#% b.db"), poll_seconds=0.01)

    async with listening(listener) as heard:
        await until(lambda: heard.checks == 1)
        database.execute("INSERT INTO t VALUES (1)")
        await until(lambda: heard.checks == 2)


async def test_without_a_socket_the_poll_goes_on(run_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    run_dir.write_text("a file where the folder should be")

    async with listening(embedded(run_dir, poll_seconds=0.01)) as heard:
        await until(lambda: heard.checks > 2)

    assert "events come by polling" in caplog.text


class TestDataVersion:
    def test_it_moves_once_for_each_foreign_commit(
        self, database: sqlite3.Connection, tmp_path: Path
    ) -> None:
        version = DataVersion(str(tmp_path / "a ?#% b.db"))
        first = [version.has_moved(), version.has_moved()]
        database.execute("INSERT INTO t VALUES (1)")
        then = [version.has_moved(), version.has_moved()]
        version.close()

        assert (first, then) == ([True, False], [True, False])

    def test_a_database_that_is_not_there_counts_as_moved(self, tmp_path: Path) -> None:
        version = DataVersion(str(tmp_path / "none.db"))

        assert [version.has_moved(), version.has_moved()] == [True, True]

    def test_a_database_in_memory_counts_as_moved(self) -> None:
        assert DataVersion("file:memorydb_default?mode=memory&cache=shared").has_moved()


class TestSocketDir:
    def test_it_is_the_run_folder_when_that_is_short(self) -> None:
        assert socket_dir(Path("/var/lib/rover/run")) == Path("/var/lib/rover/run")

    def test_a_long_run_folder_gets_a_short_one_that_is_always_the_same(self) -> None:
        long = Path("/") / ("x" * 90) / "run"

        short = socket_dir(long)

        assert len(os.fsencode(short / wakeups.LONGEST_SOCKET_NAME)) <= 100
        assert short == socket_dir(Path(str(long))) != socket_dir(Path("/") / ("y" * 90) / "run")

    async def test_a_poke_reaches_a_listener_through_the_short_one(
        self, tmp_path: Path, settings: Any
    ) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"data_dir": tmp_path / ("x" * 90)})

        async with listening(embedded(settings.ROVER.run_dir)) as heard:
            await poked_until(lambda: heard.tasks)

        socket_dir(settings.ROVER.run_dir).rmdir()

    def test_it_is_this_users_alone(self, short_path: Path) -> None:
        (short_path / "run").mkdir(mode=0o777)

        made = make_socket_dir(short_path / "run")

        assert stat.S_IMODE(made.stat().st_mode) == 0o700

    def test_a_link_in_its_place_is_refused(self, short_path: Path) -> None:
        (short_path / "elsewhere").mkdir()
        (short_path / "run").symlink_to(short_path / "elsewhere")

        with pytest.raises(PermissionError):
            make_socket_dir(short_path / "run")
