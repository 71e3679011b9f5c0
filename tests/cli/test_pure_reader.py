"""Readers leave no trace: no byte of the database, no file, no folder, no socket."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from rover_site.cli.database import reader_settings
from rover_site.conf import read
from tests.cli.conftest import (
    SECONDS,
    append,
    bare_environment,
    end,
    item_done,
    make_batch,
    run_process,
    started,
)

NO_SOCKETS = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.__init__ = refuse
socket.getaddrinfo = refuse
from rover_site.cli import main
sys.exit(main())
"""
WHO_IS_REFERRED_TO = """
from rover_site.cli.database import CommandDatabase
CommandDatabase().open_for_reading()
from django.apps import apps
for model in apps.get_app_config("tasks").get_models():
    for field in model._meta.get_fields():
        if field.is_relation and isinstance(field.related_model, str):
            print(model.__name__, field.name, "refers to", field.related_model)
"""


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below `folder` with the digest of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def stopped(transactional_db: None, tmp_path: Path) -> tuple[Path, str]:
    """The data directory of a server that is down, and the id of the batch in it."""
    task = make_batch(done=1, pending=0)
    append(task, *started(), item_done(0))
    end(task)
    folder = tmp_path / "data"
    folder.mkdir()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(folder / "rover.db")])
    with closing(sqlite3.connect(folder / "rover.db")) as copy:
        copy.execute("PRAGMA journal_mode=WAL")
    return folder, str(task.pk)


@pytest.mark.parametrize("flags", [[], ["--json"], ["--monitor"], ["--monitor", "--json"]])
def test_reading_with_the_server_down_changes_no_file_and_makes_none(
    stopped: tuple[Path, str], flags: list[str]
) -> None:
    folder, task_id = stopped
    before = fingerprint(folder)

    ran = run_process(["batch", task_id, *flags], bare_environment() | {"ROVER_DATA_DIR": str(folder)})

    assert ran.code == 0
    assert ran.out
    assert list(before) == ["rover.db"]
    assert fingerprint(folder) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_reading_works_where_nothing_can_be_written(stopped: tuple[Path, str]) -> None:
    folder, task_id = stopped
    (folder / "rover.db").chmod(0o444)
    folder.chmod(0o555)
    try:
        ran = run_process(["task", task_id], bare_environment() | {"ROVER_DATA_DIR": str(folder)})
    finally:
        folder.chmod(0o755)

    assert ran.code == 0


def test_reading_beside_a_running_server_does_not_change_the_database(environment: dict[str, str]) -> None:
    task = make_batch()
    database = Path(str(connection.settings_dict["NAME"]))
    before = digests(database)

    ran = run_process(["task", str(task.pk), "--monitor", "--timeout", "0.2"], environment)

    after = digests(database)
    assert ran.code == 124
    assert after == before


@pytest.mark.parametrize("flags", [[], ["--monitor", "--json"]])
def test_reading_opens_no_socket(environment: dict[str, str], flags: list[str]) -> None:
    task = make_batch(done=1, pending=0)
    append(task, *started())
    end(task)

    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKETS, "task", str(task.pk), *flags],
        env=environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ["task", "abcdef"],
        ["task", "list"],
        ["batch", "abcdef", "--monitor"],
        ["batch", "abcdef", "--cancel"],
        ["batch", "start", "https://shop.example/"],
        ["batch", "results", "abcdef"],
        ["fetch", "https://shop.example/"],
    ],
)
def test_without_a_database_every_command_says_so_and_makes_nothing(
    tmp_path: Path, arguments: list[str]
) -> None:
    missing = tmp_path / "none"

    ran = run_process(arguments, bare_environment() | {"ROVER_DATA_DIR": str(missing)})

    assert (ran.code, ran.out) == (6, "")
    assert ran.err.startswith(f"rover: there is no database at {missing}/rover.db.\n")
    assert "rover up" in ran.err
    assert not missing.exists()


def test_a_database_that_is_none_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "rover.db").write_text("not a database, " * 100)

    ran = run_process(["task", "abcdef"], bare_environment() | {"ROVER_DATA_DIR": str(tmp_path)})

    assert ran.code == 6
    assert "Traceback" not in ran.err


def test_a_database_without_tables_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "rover.db").touch()

    ran = run_process(["task", "abcdef"], bare_environment() | {"ROVER_DATA_DIR": str(tmp_path)})

    assert ran.code == 6


def test_a_database_server_is_asked_for_read_only_transactions() -> None:
    conf = read({"ROVER_DATABASE_URL": "postgres://rover:secret@127.0.0.1/rover"})

    database = reader_settings(conf)["DATABASES"]["default"]

    assert database["OPTIONS"]["options"] == "-c default_transaction_read_only=on"


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    ran = run_process(["task", "abcdef"], bare_environment() | {"ROVER_DATADIR": str(tmp_path)})

    assert ran.code == 2
    assert "ROVER_DATADIR" in ran.err
    assert "ROVER_DATA_DIR" in ran.err


def test_a_reader_knows_everything_that_the_tables_of_tasks_refer_to(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHO_IS_REFERRED_TO],
        env=environment,
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )

    assert done.stdout == b""


def digests(database: Path) -> str:
    """Of the database and its log, taken by another process: closing a file here would drop the locks that
    this process's own connection holds on it (POSIX), and the next writer would take the log away."""
    paths = [str(database), f"{database}-wal"]
    program = (
        "import hashlib, sys; print([hashlib.sha256(open(p, 'rb').read()).hexdigest() for p in sys.argv[1:]])"
    )
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    return done.stdout
