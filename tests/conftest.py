"""What every test may rely on."""

import shutil
import signal
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush


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
def _flush_without_signals() -> Iterator[None]:
    """Emptying the tables after a test with real transactions makes Django write every permission and content
    type anew: half of the suite's time, for rows that nothing here reads. Content types are made when asked
    for, once their cache is empty."""

    def forget_content_types(*args: object, **kwargs: object) -> None:
        ContentType.objects.clear_cache()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "emit_post_migrate_signal", forget_content_types)
        yield
