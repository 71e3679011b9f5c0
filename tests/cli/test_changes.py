"""How a reader of SQLite notices that something was written."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.cli.sqlite import file_state, immutable_path, reading_uri
from tests.cli.conftest import SECONDS, bare_environment

FOLLOW = """
import sqlite3, sys
from contextlib import closing
from rover_site.cli.database import CommandDatabase
CommandDatabase().open_for_reading()
from django.db import connection
from tasks.cli.changes import Changes

def write(value):
    with closing(sqlite3.connect(sys.argv[1])) as writer, writer:
        writer.execute("INSERT INTO t VALUES (?)", (value,))

def read():
    with connection.cursor() as cursor:
        return cursor.execute("SELECT count(*) FROM t").fetchone()[0]

changes = Changes()
seen = [(changes.have_come(), read()), (changes.have_come(), read())]
for n in range(3):
    write(n)
    seen.append((changes.have_come(), read()))
print(seen)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "rover.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE t (a)")
    return path


def test_writers_that_come_and_go_between_two_polls_are_noticed(database: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW, str(database)],
        env=bare_environment() | {"ROVER_DATA_DIR": str(database.parent)},
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )

    assert done.stdout.decode() == "[(True, 0), (False, 0), (True, 1), (True, 2), (True, 3)]\n"


def test_a_file_that_somebody_has_open_is_not_taken_for_immutable(database: Path) -> None:
    assert immutable_path(reading_uri(database)) == database

    with closing(sqlite3.connect(database)) as writer, writer:
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()

        assert immutable_path(reading_uri(database)) is None
        assert file_state(database).has_wal


@pytest.mark.parametrize("name", ["/srv/rover.db", ":memory:", "file:memorydb_default?mode=memory", "rover"])
def test_other_database_names_are_not_ours(name: str) -> None:
    assert immutable_path(name) is None


@settings(max_examples=100)
@given(
    name=st.text(min_size=1).filter(
        lambda text: "/" not in text and "\x00" not in text and text not in (".", "..")
    )
)
def test_any_file_name_survives_the_uri(name: str) -> None:
    try:
        path = Path("/no-such-folder-of-rover") / name
        path.name.encode()
    except UnicodeEncodeError:
        return

    assert immutable_path(reading_uri(path)) == path
