"""The cast of the tests of agents' tasks."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tasks.streaming.hub import StreamLimits
from tests.tasks.agents.support import Agents, make_site
from workspace.models import Site


@pytest.fixture
def limits() -> StreamLimits:
    """Overridden where a test needs other bounds."""
    return StreamLimits()


@pytest.fixture
async def agents(transactional_db: None, limits: StreamLimits) -> AsyncIterator[Agents]:
    """The paths for agents, over a real database."""
    started = Agents.start(limits)
    yield started
    await started.close()


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Site]:
    """`shop.example`: open to agents, by browser only."""
    yield make_site()
