"""Reading one page: from the cache while it is fresh, else from its origin."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.core.limits import Concurrency
from tasks.fetching.engine import ConfirmedPage, Done, Group, Item, NewPage, Outcome, Start
from tasks.fetching.errors import FetchError, FetchTimeout
from tasks.fetching.limits import Limits as FetchLimits
from tasks.fetching.urls import parse
from tasks.models import Page
from tasks.services.batches import urls_check
from tasks.services.engines import Workshop, open_engine
from tasks.services.pages import (
    AUTHORITATIVE_STATUSES,
    OPERATOR_NAMESPACE,
    page_key,
    page_of,
    pages_confirm,
    pages_drop,
    pages_known,
    pages_store,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page as a reader gets it, before any guard; times are aware.

    `cache_status`: hit (fresh, or its origin said at `confirmed_at` that it has not changed), miss, or stale:
    it could not be asked for anew, and is the one of `fetched_at`.
    """

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
    confirmed_at: datetime | None
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

    A page that is not fresh, or with `force_refresh` any, is asked for by its validators. When that fails,
    the stored one is given as stale, as long as its origin allows it.

    Raises:
        UrlsRejected: policy refuses the URL.
        FetchError: it could not be fetched or read.
    """
    urls_check([url])
    key = page_key(parse(url))
    start = pages_known(namespace, [key], now, refresh=force_refresh).get(key, Start(go=True))
    row = Page.objects.filter(namespace=namespace, key=key).first()
    if start.stored is not None and row is not None:
        return page_view(row, cache_status="hit")
    try:
        with Workshop() as workshop:
            page = workshop.run(_fetch(url, start, timeout_seconds, workshop))
    except FetchError as error:
        return _instead(row, error, namespace=namespace, key=key, now=now)
    if isinstance(page, NewPage):
        pages_store(namespace, {key: page})
        return page_view(page_of(namespace, key, page), cache_status="miss")
    pages_confirm(namespace, {key: page})
    confirmed = Page.objects.filter(namespace=namespace, key=key).first() or row
    if confirmed is None:  # purged while its origin was asked
        return page_get(url=url, now=now, namespace=namespace, timeout_seconds=timeout_seconds)
    return page_view(confirmed, cache_status="hit")


def _instead(row: Page | None, error: FetchError, *, namespace: str, key: str, now: datetime) -> PageView:
    """The stored page in place of an error that may pass, while its origin allows it (RFC 5861 §4). Raises:
    the error."""
    if error.data.get("http_status") in AUTHORITATIVE_STATUSES:
        pages_drop(namespace, [key])
        raise error
    if row is None or not error.retryable or row.error_until is None or now > row.error_until:
        raise error
    return page_view(row, cache_status="stale")


def page_view(row: Page, *, cache_status: str) -> PageView:
    """The row as readers know it."""
    fields = [name for name in PageView.__slots__ if name != "cache_status"]
    return PageView(**{name: getattr(row, name) for name in fields}, cache_status=cache_status)


class _Ear:
    """A log that says what is known of the page, and keeps the one outcome it hears."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.outcome: Outcome | None = None

    async def start(self, item: Item, key: str) -> Start:
        return self._start

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        self.outcome = outcome


async def _fetch(
    url: str, start: Start, timeout_seconds: float | None, workshop: Workshop
) -> NewPage | ConfirmedPage:
    bounds = FetchLimits() if timeout_seconds is None else FetchLimits(total_seconds=timeout_seconds)
    ear = _Ear(start)
    try:
        async with (
            asyncio.timeout(None if timeout_seconds is None else 3 * timeout_seconds),
            open_engine(ear, Concurrency.clamped(1, 1), workshop, bounds=bounds) as engine,
        ):
            await engine.run([Group(key=url, items=[Item(index=0, url=url)])])
    except TimeoutError as exc:
        raise FetchTimeout("the page took too long, with all tries", phase="total") from exc
    return _page(ear.outcome)


def _page(outcome: Outcome | None) -> NewPage | ConfirmedPage:
    if isinstance(outcome, Done) and isinstance(outcome.page, NewPage | ConfirmedPage):
        return outcome.page
    error: FetchError | None = getattr(outcome, "error", None)
    raise error or FetchTimeout("the page was not fetched in time", phase="total")
