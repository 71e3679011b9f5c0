"""Reading one page: from the cache while it is fresh, else from its origin."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.core.limits import Concurrency
from tasks.fetching.engine import Done, Group, Item, NewPage, Outcome, Start
from tasks.fetching.errors import FetchError, FetchTimeout
from tasks.fetching.limits import Limits as FetchLimits
from tasks.fetching.urls import parse
from tasks.models import Page
from tasks.services.batches import urls_check
from tasks.services.engines import Workshop, open_engine
from tasks.services.pages import OPERATOR_NAMESPACE, page_key, page_of, pages_store


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page as a reader gets it, before any guard. `cache_status` is hit or miss; times are aware."""

    url: str
    final_url: str
    title: str
    markdown: str
    metadata: dict[str, Any]
    content_hash: str
    tokens: int
    tokenizer: str
    quality: float
    flags: list[str]
    http_status: int
    content_type: str
    kind: str
    fetched_at: datetime
    expires_at: datetime
    cache_status: str


def page_get(
    *,
    url: str,
    now: datetime,
    namespace: str = OPERATOR_NAMESPACE,
    force_refresh: bool = False,
    timeout_seconds: float | None = None,
) -> PageView:
    """The page at `url`, stored for the next reader when its origin allows it.

    Raises:
        UrlsRejected: policy refuses the URL.
        FetchError: it could not be fetched or read.
    """
    urls_check([url])
    key = page_key(parse(url))
    stored = None if force_refresh else _stored(namespace, key, now)
    if stored is not None:
        return page_view(stored, cache_status="hit")
    with Workshop() as workshop:
        page = workshop.run(_fetch(url, timeout_seconds, workshop))
    row = page_of(namespace, key, page)
    pages_store(namespace, {key: page})
    return page_view(row, cache_status="miss")


def _stored(namespace: str, key: str, now: datetime) -> Page | None:
    return Page.objects.filter(namespace=namespace, key=key, expires_at__gt=now).first()


def page_view(row: Page, *, cache_status: str) -> PageView:
    """The row as readers know it."""
    fields = [name for name in PageView.__slots__ if name != "cache_status"]
    return PageView(**{name: getattr(row, name) for name in fields}, cache_status=cache_status)


class _Ear:
    """A log that keeps the one outcome it hears."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None

    async def start(self, item: Item, key: str) -> Start:
        return Start(go=True)

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        self.outcome = outcome


async def _fetch(url: str, timeout_seconds: float | None, workshop: Workshop) -> NewPage:
    bounds = FetchLimits() if timeout_seconds is None else FetchLimits(total_seconds=timeout_seconds)
    ear = _Ear()
    try:
        async with (
            asyncio.timeout(None if timeout_seconds is None else 3 * timeout_seconds),
            open_engine(ear, Concurrency.clamped(1, 1), workshop, bounds=bounds) as engine,
        ):
            await engine.run([Group(key=url, items=[Item(index=0, url=url)])])
    except TimeoutError as exc:
        raise FetchTimeout("the page took too long, with all tries", phase="total") from exc
    return _page(ear.outcome)


def _page(outcome: Outcome | None) -> NewPage:
    if isinstance(outcome, Done) and isinstance(outcome.page, NewPage):
        return outcome.page
    error: FetchError | None = getattr(outcome, "error", None)
    raise error or FetchTimeout("the page was not fetched in time", phase="total")
