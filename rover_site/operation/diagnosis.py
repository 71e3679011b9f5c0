"""What `rover doctor` finds out about an installation. Nothing is changed."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rover_site.conf import ConfigurationError, RoverConf, load


class Verdict(StrEnum):
    """How a check went; one FAIL makes the command fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    verdict: Verdict
    message: str
    fix: str = ""


def examine() -> Iterator[Finding]:
    """Every finding, in an order in which the cause comes before its consequences. It ends early where the
    rest could not be checked."""
    try:
        conf = load()
    except ConfigurationError as exc:
        yield _fail("settings", str(exc), fix="Correct the variable.")
        return
    folder = _data_directory(conf)
    yield folder
    if folder.verdict is Verdict.FAIL:  # Django's settings would make the folder and a key
        return
    try:
        _set_up_django()
    except ConfigurationError as exc:
        yield _fail("settings", str(exc), fix="Correct the variable.")
        return
    yield from _settings()
    yield _secret_key(conf)
    database = _database(conf)
    yield database
    if database.verdict is Verdict.FAIL:
        return
    for check in _WITH_DATABASE:
        yield check()


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django
    from django.apps import apps

    if not apps.ready:  # inside the server it is; once more would set up its log anew
        django.setup()


def _data_directory(conf: RoverConf) -> Finding:
    name = "data directory"
    existing = next(path for path in (conf.data_dir, *conf.data_dir.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return _fail(name, f"{existing} cannot be written", fix="Change its owner, or set ROVER_DATA_DIR.")
    if existing != conf.data_dir:
        return _fail(name, f"{conf.data_dir} is not there yet", fix="rover up")
    return _ok(name, f"{conf.data_dir}, writable")


def _settings() -> Iterator[Finding]:
    from django.core.checks import ERROR, WARNING, run_checks

    from rover_site import checks  # noqa: F401 - registers them

    found = [message for message in run_checks() if message.level >= WARNING and not message.is_silenced()]
    for message in found:
        verdict = Verdict.FAIL if message.level >= ERROR else Verdict.WARN
        yield Finding(
            check="settings", verdict=verdict, message=str(message.msg), fix=str(message.hint or "")
        )
    if not found:
        yield _ok("settings", "complete, no contradiction")


def _secret_key(conf: RoverConf) -> Finding:
    name = "secret key"
    if conf.secret_key.get_secret_value():
        return _ok(name, f"set, {len(conf.secret_key.get_secret_value())} characters")
    kept = conf.data_dir / "secret_key"
    if kept.stat().st_mode & 0o077:
        return _warn(name, f"others can read {kept}", fix=f"chmod 600 '{kept}'")
    return _ok(name, f"generated, in {kept}")


def _database(conf: RoverConf) -> Finding:
    from django.db import Error, connection

    from rover_site.cli.database import sqlite_path

    name = "database"
    path = sqlite_path(conf)
    if path is not None and not path.is_file():
        return _fail(name, f"there is none at {path}", fix="rover up")
    try:
        with connection.cursor() as cursor:
            if connection.vendor != "sqlite":
                cursor.execute("SELECT 1")
                return _ok(name, f"{connection.display_name} answers")
            cursor.execute("PRAGMA journal_mode")
            mode = str(cursor.fetchone()[0])
    except Error as exc:
        return _fail(name, f"does not answer: {exc}", fix="Check ROVER_DATABASE_URL.")
    if mode != "wal":
        return _warn(name, f"{path} is in mode {mode}, readers and writers wait for each other")
    return _ok(name, f"{path}, WAL")


def _migrations() -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return _fail("migrations", f"{len(missing)} are missing", fix="rover up")
    return _ok("migrations", f"all {len(executor.loader.applied_migrations)} applied")


def _worker() -> Finding:
    from django.db import DatabaseError
    from django.utils import timezone

    from tasks.core.states import TaskStatus
    from tasks.models import Task
    from tasks.services.workers import workers_alive

    try:
        n_alive = workers_alive(now=timezone.now())
        n_unfinished = Task.objects.filter(status=TaskStatus.RUNNING).count()
    except DatabaseError:
        return _fail("worker", "cannot be asked about: tables are missing", fix="rover up")
    if not n_alive:
        return _warn("worker", f"none is running; {n_unfinished} tasks are not finished", fix="rover up")
    return _ok("worker", f"{n_alive} processes, {n_unfinished} tasks running")


_WITH_DATABASE: tuple[Callable[[], Finding], ...] = (_migrations, _worker)


def _ok(check: str, message: str) -> Finding:
    return Finding(check=check, verdict=Verdict.OK, message=message)


def _warn(check: str, message: str, *, fix: str = "") -> Finding:
    return Finding(check=check, verdict=Verdict.WARN, message=message, fix=fix)


def _fail(check: str, message: str, *, fix: str) -> Finding:
    return Finding(check=check, verdict=Verdict.FAIL, message=message, fix=fix)
