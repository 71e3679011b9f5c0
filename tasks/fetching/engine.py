"""Runs the items of a batch: many at once, never more than allowed, each to exactly one outcome.

The engine knows no database. It tells a `Log` what it starts and how that ended, and the log's answers steer
it: an item is fetched only after its start is on record, and a start may be answered with "stop" or with a
fresh stored page.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tasks.fetching.errors import FetchError, InvalidUrl
from tasks.fetching.extraction.document import Document, Source
from tasks.fetching.fetcher import Fetched, Gate
from tasks.fetching.freshness import Freshness, Lifetimes, judge
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
class NewPage:
    """A page as just fetched, at `answered_at`, and extracted; `freshness` None means that it must not be
    stored."""

    fetched: Fetched
    answered_at: datetime
    document: Document
    freshness: Freshness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The item has its page: a stored one, or a new one."""

    page: StoredPage | NewPage
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
    """The log's answer to a start: whether to go on, and the fresh stored page if there is one."""

    go: bool
    stored: StoredPage | None = None


class Log(Protocol):
    """Where starts and outcomes are recorded; both return once the record is durable."""

    async def start(self, item: Item, key: str) -> Start:
        """Record that the item begins, unless the caller cancelled."""

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        """Record the one outcome of the item."""


class Fetch(Protocol):
    """Gets one page; `tasks.fetching.fetcher.Fetcher.fetch` is the real one."""

    async def __call__(self, url: Url, *, gate: Gate | None = None) -> Fetched:
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
            page = start.stored or await self._new_page(url, seat)
        except FetchError as error:
            return Failed(error=error, duration_ms=_ms_since(began))
        return Done(page=page, duration_ms=_ms_since(began))

    async def _new_page(self, url: Url, seat: Seat) -> NewPage:
        fetched = await self._fetch_with_retries(url, seat)
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
        freshness = judge(
            status=fetched.status,
            header=fetched.header,
            asked_at=answered_at - timedelta(milliseconds=fetched.duration_ms),
            answered_at=answered_at,
            lifetimes=self._lifetimes,
        )
        return NewPage(fetched=fetched, answered_at=answered_at, document=document, freshness=freshness)

    async def _fetch_with_retries(self, url: Url, seat: Seat) -> Fetched:
        attempt = 1
        while True:
            try:
                return await self._fetch(url, gate=seat.gate)
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
