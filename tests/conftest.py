"""What every test may rely on."""

import shutil
import signal
from collections.abc import Iterator

import pytest
from django.conf import settings


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
