"""Pages of sites that talk to the collector, in this process, over a real database."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from channels.routing import URLRouter
from django.urls import re_path

from roverbook.collector.api import CollectorApi
from roverbook.models import CollectedEvent
from tests.tasks.agents.support import make_site
from tests.tasks.sessions.steps import asked
from tests.tasks.sessions.support import Page, Runtime
from tests.tasks.streaming_fixtures import Exchange, render_problem
from workspace.models import Site

BASE = "/v1/roverbook"


@dataclass
class Collector(Runtime):
    """The paths for pages, those for agents, and those for RoverBook."""

    @classmethod
    def start(cls, *args: Any) -> "Collector":
        found = super().start(*args)
        api = CollectorApi(streams=found.streams, problem=render_problem)
        routes = [re_path(pattern, target) for pattern, target in api.routes()]  # type: ignore[arg-type]
        found.application = URLRouter([*routes, *found.application.routes])
        assert isinstance(found, cls)
        return found

    async def tell(self, page: Page, path: str, body: Any = None, **headers: Any) -> Exchange:
        """POST with the page's token."""
        return await self.post(f"{BASE}/{path}", body, **bearer(page), **headers)

    async def read(self, page: Page, path: str, **headers: Any) -> Exchange:
        """GET with the page's token."""
        return await self.get(f"{BASE}/{path}", **bearer(page), **headers)

    async def ingest(self, page: Page, *told: dict[str, Any], **batch: Any) -> Exchange:
        """Events as the script tells them."""
        return await self.tell(page, "events/ingest", {"events": list(told), **batch})


def bearer(page: Page) -> dict[str, str]:
    """The header by which a page shows its session."""
    return {"authorization": f"Bearer {page.token}"}


def event(name: str = "e1", type: str = "status", **told: Any) -> dict[str, Any]:
    """An event of a page."""
    return {"eventId": name, "type": type, **told}


async def collected(**wanted: Any) -> list[CollectedEvent]:
    """The stored events, the oldest first."""
    rows: Callable[[], list[CollectedEvent]] = lambda: list(  # noqa: E731 - one query in another thread
        CollectedEvent.objects.filter(**wanted).select_related("site").order_by("pk")
    )
    return await asked(rows)


@pytest.fixture
async def book(transactional_db: None) -> AsyncIterator[Collector]:
    """The collector, over a real database."""
    started = Collector.start()
    yield started
    await started.close()


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Site]:
    """`shop.example`, with the embed."""
    yield make_site()


@pytest.fixture
def cafe(transactional_db: None) -> Iterator[Site]:
    """Another site, of the same owner."""
    yield make_site("cafe.example")
