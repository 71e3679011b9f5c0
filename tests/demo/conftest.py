"""A demo site on loopback, and a client that does nothing on its own."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from rover_site.demo import DemoSite


@pytest_asyncio.fixture
async def site() -> AsyncIterator[DemoSite]:
    async with DemoSite(addresses=("127.0.0.1", "127.0.0.2")) as running:
        yield running


@pytest_asyncio.fixture
async def client(site: DemoSite) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site.base_url, trust_env=False, timeout=10) as open_client:
        yield open_client
