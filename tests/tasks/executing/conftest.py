"""The three sites that the rules have to find their way in."""

from collections.abc import AsyncIterator

import pytest_asyncio

from rover_site.demo import DemoSite
from tests.tasks.executing import craft_site, sparse_site
from tests.tasks.executing.small_site import SmallSite


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[str]:
    async with DemoSite() as site:
        yield site.base_url


@pytest_asyncio.fixture
async def craft() -> AsyncIterator[str]:
    async with SmallSite(craft_site.PAGES) as site:
        yield site.base_url


@pytest_asyncio.fixture
async def sparse() -> AsyncIterator[str]:
    async with SmallSite(sparse_site.PAGES) as site:
        yield site.base_url
