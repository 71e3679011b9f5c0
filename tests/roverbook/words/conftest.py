"""The cast of the tests of what agents say."""

from collections.abc import AsyncIterator

import pytest

from tests.roverbook.words.support import HOST, make_site
from tests.tasks.agents.support import Agents, make_owner
from tests.tasks.sessions.support import Runtime
from workspace.models import Site


@pytest.fixture
def shop(db: None) -> Site:
    """`shop.example`."""
    return make_site(HOST)


@pytest.fixture
def bank(db: None) -> Site:
    """Another owner's site."""
    return make_site("bank.example", owner=make_owner("banker"))


@pytest.fixture
async def agents(transactional_db: None) -> AsyncIterator[Agents]:
    """The paths for agents, over a real database."""
    started = Agents.start()
    yield started
    await started.close()


@pytest.fixture
async def runtime(transactional_db: None) -> AsyncIterator[Runtime]:
    """The paths for pages, over a real database."""
    started = Runtime.start()
    yield started
    await started.close()
