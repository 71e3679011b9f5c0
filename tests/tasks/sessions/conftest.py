"""The cast of the tests of the browser runtime."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.tasks.agents.support import make_site
from tests.tasks.sessions.support import Runtime
from workspace.models import Site


@pytest.fixture
async def runtime(transactional_db: None) -> AsyncIterator[Runtime]:
    """The paths for pages, over a real database."""
    started = Runtime.start()
    yield started
    await started.close()


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Site]:
    """`shop.example`, with the embed."""
    yield make_site()
