"""What every test may rely on."""

import shutil
import signal
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import hypothesis
import pytest
from coverage import Coverage
from django.conf import settings
from django.core.management.color import Style
from django.core.management.commands import flush

LONGEST = (
    "tests/browser/test_workspace_pages.py",
    "tests/workspace/test_isolation.py",
    "tests/e2e/test_kills.py",
    "tests/tasks/test_streaming_servers.py",
    "tests/workspace/test_audit_doors.py",
    "tests/operation/test_stops.py",
    "tests/browser/test_owner_journey.py",
    "tests/contract/test_openapi.py",
    "tests/cli/test_process.py",
    "tests/operation/test_running_server.py",
    "tests/browser/test_live_task.py",
    "tests/cli/test_starting.py",
    "tests/browser/test_domain_editor.py",
)
"""Files of half a minute and more; those that wait, those that compute, and those with a browser by turns."""

# how long examples take on a busy machine says nothing about the code
hypothesis.settings.register_profile(
    "rover", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("rover")

KEPT = {"django_content_type", "auth_permission"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=int, default=1, help="run one test in so many, chosen by its name")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files come first: processes share the suite a file at a time, and none should be left alone
    with a long one at the end."""
    share: int = config.getoption("--share")
    left = [item for item in items if crc32(item.nodeid.encode()) % share]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if crc32(item.nodeid.encode()) % share == 0]
    turns = {path: turn for turn, path in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.nodeid.partition("::")[0], len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def _remove_data_dir() -> Iterator[None]:
    yield
    shutil.rmtree(settings.ROVER.data_dir, ignore_errors=True)


@pytest.fixture(autouse=True)
def _restore_signals() -> Iterator[None]:
    """What one test installs for a server's stop must not answer the Ctrl-C of another."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _flush_keeps_content_types() -> Iterator[None]:
    """Emptying the tables after a test with real transactions makes Django write every permission and content
    type anew: half of the suite's time. They are left alone instead, as the migrations made them, so that a test
    that runs later finds what one that runs first does."""

    def all_but_kept(style: Style, connection: Any, reset_sequences: bool, allow_cascade: bool) -> list[str]:
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        emptied = [name for name in names if name not in KEPT]
        statements: list[str] = connection.ops.sql_flush(
            style, emptied, reset_sequences=reset_sequences, allow_cascade=allow_cascade
        )
        return statements

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", all_but_kept)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """Coverage looks away. For a walk through all pages at once: it would be twice as long, and each page is
    measured where its own tests are."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()
    yield
    if measuring is not None:
        measuring.start()
