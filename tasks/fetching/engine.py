"""Runs the items of a batch: many at once, never more than allowed, each to exactly one outcome.

The engine knows no database. It tells a `Log` what it starts and how that ended, and the log's answers steer
it: an item is fetched only after its start is on record, and a start may be answered with "stop" or with a
fresh stored page.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tasks.fetching.errors import FetchError, InvalidUrl
from tasks.fetching.extraction.document import Document, Source
from tasks.fetching.fetcher import NO_HEADERS, NOT_MODIFIED, Fetched, Gate
from tasks.fetching.freshness import FRESHNESS_FIELDS, Freshness, Header, Lifetimes, judge
from tasks.fetching.retrying import retry_delay
from tasks.fetching.slots import Seat, Slots
from tasks.fetching.urls import Url, parse

PAGES_WAITING_PER_EXTRACTOR = 3
"""Fetched pages that may wait for each extraction process: more would only fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One position of the batch. A `suspect` was in flight when a worker died."""

    index: int
    url: str
    suspect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """A page that the log knows already; `page_id` None means that it was not allowed to be stored."""

    page_id: int | None
    final_url: str
    http_status: int
    n_bytes: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPage:
    """A stored page that is no longer fresh, with what its origin can be asked by (RFC 9111 §4.3.1).
    `cache_headers`: those fields of the answer that its freshness rests on, by name in lower case."""

    page: StoredPage
    etag: str
    last_modified: str
    cache_headers: Mapping[str, str]

    @property
    def condition(self) -> dict[str, str]:
        """The request's fields; empty when the origin named nothing to ask by."""
        fields = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedPage:
    """A stored page of which its origin said, at `answered_at`, that it has not changed. `headers`: fields of
    that answer, over those stored; `freshness` None means that the page must not be kept any longer."""

    page: StoredPage
    answered_at: datetime
    headers: Mapping[str, str]
    freshness: Freshness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPage:
    """A page as just fetched, at `answered_at`, and extracted; `freshness` None means that it must not be
    stored."""

    fetched: Fetched
    answered_at: datetime
    document: Document
    freshness: Freshness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The item has its page: a stored one that is fresh, one that was confirmed, or a new one."""

    page: StoredPage | ConfirmedPage | NewPage
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The item has no page; `error` says why."""

    error: FetchError
    duration_ms: int


Outcome = Done | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Items that ask for the same page (equal cache key): the first is fetched, the others share its outcome.
    `recorded` is the outcome that an earlier run has on record for one of them."""

    key: str
    items: Sequence[Item]
    recorded: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The log's answer to a start: whether to go on, and the fresh stored page if there is one, or the one to
    ask about."""

    go: bool
    stored: StoredPage | None = None
    known: KnownPage | None = None


class Log(Protocol):
    """Where starts and outcomes are recorded; both return once the record is durable."""

    async def start(self, item: Item, key: str) -> Start:
        """Record that the item begins, unless the caller cancelled."""

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        """Record the one outcome of the item."""


class Fetch(Protocol):
    """Gets one page; `tasks.fetching.fetcher.Fetcher.fetch` is the real one."""

    async def __call__(
        self, url: Url, *, gate: Gate | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Fetched:
        """The page. Raises: FetchError."""


class Extract(Protocol):
    """Reads one page; `tasks.fetching.extraction.pool.ExtractionPool.extract` is the real one."""

    async def __call__(self, source: Source) -> Document:
        """The document. Raises: UnsupportedContent, ExtractFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests in flight in total and to one host, and how many processes extract."""

    total: int
    per_host: int
    extractors: int


class Engine:
    """One run over the groups of a batch. `stop` may be called at any time from the event loop: nothing new
    starts then, what is in flight lands."""

    def __init__(
        self,
        *,
        log: Log,
        fetch: Fetch,
        extract: Extract,
        limits: Limits,
        lifetimes: Lifetimes,
        rng: random.Random,
    ) -> None:
        self._log = log
        self._fetch = fetch
        self._extract = extract
        self._lifetimes = lifetimes
        self._rng = rng
        self._slots = Slots(total=limits.total, per_host=limits.per_host)
        self._memory = asyncio.Semaphore(PAGES_WAITING_PER_EXTRACTOR * limits.extractors)
        self._suspects = asyncio.Semaphore(1)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped.set()

    async def run(self, groups: Sequence[Group]) -> None:
        """Take every item of every group to its outcome, or leave it untouched after `stop`.

        Raises:
            ExceptionGroup: the log failed; every other item was cancelled.
        """
        async with asyncio.TaskGroup() as running:
            for group in groups:
                running.create_task(self._run_group(group))

    async def _run_group(self, group: Group) -> None:
        outcome = group.recorded
        for item in group.items:
            if outcome is None:
                outcome = await self._first(item, group.key)
                if outcome is None:
                    return
            elif not await self._repeat(item, group.key, outcome):
                return

    async def _repeat(self, item: Item, key: str, outcome: Outcome) -> bool:
        """Give a duplicate the outcome of its group, without a request; False when the batch stops."""
        if self._stopped.is_set():
            return False
        start = await self._log.start(item, key)
        if start.go:
            shared = replace(outcome, duration_ms=0)
            if start.stored is not None and isinstance(outcome, Done):
                shared = Done(page=start.stored, duration_ms=0)
            await self._log.record(item, key, shared)
        return start.go

    async def _first(self, item: Item, key: str) -> Outcome | None:
        if not item.suspect:
            return await self._run_item(item, key)
        async with self._suspects:  # one at a time, so that a second crash has one culprit
            return await self._run_item(item, key)

    async def _run_item(self, item: Item, key: str) -> Outcome | None:
        seat = Seat(self._slots)
        try:
            try:
                url = parse(item.url)
            except InvalidUrl as error:
                return await self._refuse(item, key, error)
            await seat.take(url.host)
            if self._stopped.is_set():
                return None
            start = await self._log.start(item, key)
            if not start.go:
                return None
            outcome = await self._outcome(url, seat, start)
        finally:
            seat.leave()
        await self._log.record(item, key, outcome)
        return outcome

    async def _refuse(self, item: Item, key: str, error: FetchError) -> Outcome:
        failed = Failed(error=error, duration_ms=0)
        await self._log.record(item, key, failed)
        return failed

    async def _outcome(self, url: Url, seat: Seat, start: Start) -> Outcome:
        began = time.monotonic()
        try:
            page = start.stored or await self._asked_page(url, seat, start.known)
        except FetchError as error:
            return Failed(error=error, duration_ms=_ms_since(began))
        return Done(page=page, duration_ms=_ms_since(began))

    async def _asked_page(self, url: Url, seat: Seat, known: KnownPage | None) -> NewPage | ConfirmedPage:
        """The page by its origin's word: the known one if that has not changed."""
        condition = known.condition if known is not None else {}
        fetched = await self._fetch_with_retries(url, seat, condition)
        if fetched.status == NOT_MODIFIED and known is not None:
            if fetched.final_url.href == known.page.final_url:
                return self._confirmed(known, fetched)
            # it is another page that has not changed: redirects lead elsewhere than they did
            fetched = await self._fetch_with_retries(url, seat, {})
        return await self._new_page(fetched, seat)

    def _confirmed(self, known: KnownPage, fetched: Fetched) -> ConfirmedPage:
        """Fields of the answer go over those stored (RFC 9111 §4.3.4)."""
        told = {name: value for name in FRESHNESS_FIELDS if (value := fetched.header(name)) is not None}
        headers = {**known.cache_headers, **told}
        answered_at = datetime.now(UTC)
        freshness = self._judge(known.page.http_status, headers.get, fetched.duration_ms, answered_at)
        return ConfirmedPage(page=known.page, answered_at=answered_at, headers=headers, freshness=freshness)

    def _judge(
        self, status: int, header: Header, duration_ms: int, answered_at: datetime
    ) -> Freshness | None:
        asked_at = answered_at - timedelta(milliseconds=duration_ms)
        return judge(
            status=status,
            header=header,
            asked_at=asked_at,
            answered_at=answered_at,
            lifetimes=self._lifetimes,
        )

    async def _new_page(self, fetched: Fetched, seat: Seat) -> NewPage:
        answered_at = datetime.now(UTC)
        async with self._memory:
            seat.leave()  # the request is over; while too many pages wait, its place holds back the next one
            document = await self._extract(
                Source(
                    body=fetched.body,
                    url=fetched.final_url.href,
                    content_type=fetched.header("content-type"),
                    content_disposition=fetched.header("content-disposition"),
                )
            )
        freshness = self._judge(fetched.status, fetched.header, fetched.duration_ms, answered_at)
        return NewPage(fetched=fetched, answered_at=answered_at, document=document, freshness=freshness)

    async def _fetch_with_retries(self, url: Url, seat: Seat, headers: Mapping[str, str]) -> Fetched:
        attempt = 1
        while True:
            try:
                return await self._fetch(url, gate=seat.gate, headers=headers)
            except FetchError as error:
                delay = retry_delay(error, attempt=attempt, rng=self._rng)
                if delay is None or await self._stopped_within(delay, seat):
                    raise
            attempt += 1
            await seat.take(url.host)

    async def _stopped_within(self, seconds: float, seat: Seat) -> bool:
        """Wait without holding a place; True as soon as the batch stops."""
        seat.leave()
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
