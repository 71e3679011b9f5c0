"""The engine keeps its promises against a log, a fetcher and an extractor that watch it."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.engine import (
    Done,
    Engine,
    Failed,
    Group,
    Item,
    Limits,
    NewPage,
    Outcome,
    Start,
    StoredPage,
)
from tasks.fetching.errors import ConnectFailed, FetchError, Gone
from tasks.fetching.extraction.document import Document, Source
from tasks.fetching.fetcher import NO_HEADERS, Fetched, Gate
from tasks.fetching.freshness import Lifetimes
from tasks.fetching.urls import Url, parse


@dataclass
class WatchingLog:
    """Records starts and outcomes in memory, and answers starts as a database would."""

    stored: dict[str, StoredPage] = field(default_factory=dict)
    cancel_after_starts: int | None = None
    started: list[int] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    async def start(self, item: Item, key: str) -> Start:
        await asyncio.sleep(0)
        if self.cancel_after_starts is not None and len(self.started) >= self.cancel_after_starts:
            return Start(go=False)
        self.started.append(item.index)
        return Start(go=True, stored=self.stored.get(key))

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        assert item.index not in self.outcomes, "an item has one outcome"
        await asyncio.sleep(0)
        self.outcomes[item.index] = outcome


@dataclass
class WatchingOrigin:
    """Answers after a few turns of the loop and counts what is in flight, by host and in total."""

    turns: Callable[[Url], int] = lambda url: 3
    error: Callable[[Url, int], FetchError | None] = lambda url, attempt: None
    redirect_to: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    open_by_host: Counter[str] = field(default_factory=Counter)
    peak_by_host: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    peak: int = 0

    async def fetch(
        self, url: Url, *, gate: Gate | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Fetched:
        assert gate is not None
        self.requests[url.href] += 1
        self.order.append(url.href)
        final, hop = url, 0
        while True:
            async with gate(final, hop):
                await self._exchange(final)
            if final.href not in self.redirect_to:
                break
            final, hop = parse(self.redirect_to[final.href]), hop + 1
        if error := self.error(url, self.requests[url.href]):
            raise error
        return fetched(url, final)

    async def _exchange(self, url: Url) -> None:
        self.open_by_host[url.host] += 1
        self.peak = max(self.peak, self.open_by_host.total())
        self.peak_by_host[url.host] = max(self.peak_by_host[url.host], self.open_by_host[url.host])
        for _ in range(self.turns(url)):
            await asyncio.sleep(0)
        self.open_by_host[url.host] -= 1


def fetched(url: Url, final: Url) -> Fetched:
    return Fetched(
        url=url,
        final_url=final,
        status=200,
        headers=(("content-type", "text/html"),),
        body=b"<p>hello",
        wire_bytes=8,
        redirects=(),
        downgraded=False,
        duration_ms=1,
    )


async def extract(source: Source) -> Document:
    await asyncio.sleep(0)
    return Document(
        markdown="hello",
        title=None,
        metadata={},
        links=(),
        content_hash="sha256:0",
        tokens=1,
        tokenizer="test",
        quality=1.0,
        flags=(),
        kind="html",
        extractor="test",
    )


class NoWait(random.Random):
    """Jitter that leaves the back-off as it is."""

    def uniform(self, a: float, b: float) -> float:
        return a


def engine(log: WatchingLog, origin: WatchingOrigin, *, total: int = 8, per_host: int = 2) -> Engine:
    return Engine(
        log=log,
        fetch=origin.fetch,
        extract=extract,
        limits=Limits(total=total, per_host=per_host, extractors=1),
        lifetimes=Lifetimes(default=timedelta(minutes=15), maximum=timedelta(days=7)),
        rng=NoWait(),
    )


def groups(urls: list[str]) -> list[Group]:
    by_url: dict[str, list[Item]] = {}
    for index, url in enumerate(urls):
        by_url.setdefault(url, []).append(Item(index=index, url=url))
    return [Group(key=url, items=items) for url, items in by_url.items()]


HOSTS = [f"http://h{n}.test" for n in range(10)]


async def test_ten_hosts_with_ten_pages_fill_the_total_and_never_pass_either_limit() -> None:
    log, origin = WatchingLog(), WatchingOrigin()

    await engine(log, origin, total=8, per_host=2).run(groups([f"{h}/{n}" for h in HOSTS for n in range(10)]))

    assert len(log.outcomes) == 100
    assert origin.peak == 8
    assert max(origin.peak_by_host.values()) == 2


async def test_a_slow_host_does_not_starve_nine_fast_ones() -> None:
    slow = [f"{HOSTS[0]}/{n}" for n in range(20)]
    fast = [f"{host}/{n}" for host in HOSTS[1:] for n in range(5)]
    log = WatchingLog()
    origin = WatchingOrigin(turns=lambda url: 200 if url.host == "h0.test" else 1)
    run = asyncio.ensure_future(engine(log, origin, total=4, per_host=2).run(groups(slow + fast)))

    while not all(index in log.outcomes for index in range(20, 65)):
        await asyncio.sleep(0)

    assert sum(index < 20 for index in log.outcomes) <= 4
    await run


async def test_a_redirect_counts_against_the_host_it_leads_to() -> None:
    urls = [f"{host}/{n}" for n in range(4) for host in HOSTS]
    origin = WatchingOrigin(redirect_to={url: f"http://target.test/{i}" for i, url in enumerate(urls)})
    log = WatchingLog()

    await engine(log, origin, total=8, per_host=2).run(groups(urls))

    assert len(log.outcomes) == 40
    assert origin.peak_by_host["target.test"] == 2


async def test_redirects_to_and_fro_between_two_hosts_with_one_place_do_not_lock_up() -> None:
    there = {f"http://a.test/{n}": f"http://b.test/x{n}" for n in range(5)}
    back = {f"http://b.test/{n}": f"http://a.test/x{n}" for n in range(5)}
    log, origin = WatchingLog(), WatchingOrigin(redirect_to=there | back)

    async with asyncio.timeout(5):
        await engine(log, origin, total=1, per_host=1).run(groups([*there, *back]))

    assert len(log.outcomes) == 10


async def test_duplicates_are_fetched_once_and_each_gets_an_outcome() -> None:
    log, origin = WatchingLog(), WatchingOrigin()

    await engine(log, origin).run(groups(["http://h.test/a", "http://h.test/b", "http://h.test/a"]))

    assert origin.requests == {"http://h.test/a": 1, "http://h.test/b": 1}
    assert sorted(log.started) == [0, 1, 2]
    assert all(isinstance(outcome, Done) for outcome in log.outcomes.values())


async def test_a_fresh_stored_page_is_not_fetched() -> None:
    page = StoredPage(page_id=1, final_url="http://h.test/a", http_status=200, n_bytes=8, tokens=1)
    log, origin = WatchingLog(stored={"http://h.test/a": page}), WatchingOrigin()

    await engine(log, origin).run(groups(["http://h.test/a"]))

    assert origin.requests == {}
    outcome = log.outcomes[0]
    assert isinstance(outcome, Done)
    assert outcome.page is page


async def test_an_outcome_on_record_answers_the_duplicates_left_over_by_a_crash() -> None:
    log, origin = WatchingLog(), WatchingOrigin()
    recorded = Failed(error=Gone("not there", http_status=404), duration_ms=5)

    await engine(log, origin).run(
        [Group(key="k", items=[Item(index=3, url="http://h.test/")], recorded=recorded)]
    )

    assert origin.requests == {}
    assert log.outcomes == {3: Failed(error=recorded.error, duration_ms=0)}


async def test_cancel_lets_three_in_flight_land_and_starts_nothing_more() -> None:
    log, origin = WatchingLog(cancel_after_starts=3), WatchingOrigin()

    await engine(log, origin).run(groups([f"{host}/" for host in HOSTS]))

    assert len(log.started) == 3
    assert sorted(log.outcomes) == sorted(log.started)
    assert origin.requests.total() == 3


async def test_stop_lets_requests_land_and_starts_nothing_more() -> None:
    log, origin = WatchingLog(), WatchingOrigin(turns=lambda url: 50)
    running = engine(log, origin, total=3, per_host=3)
    run = asyncio.ensure_future(running.run(groups([f"{host}/" for host in HOSTS])))
    while origin.open_by_host.total() < 3:
        await asyncio.sleep(0)

    running.stop()
    await run

    assert len(log.started) == 3
    assert sorted(log.outcomes) == sorted(log.started)


async def test_a_retryable_failure_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.fetching.retrying.FIRST_BACKOFF_SECONDS", 0.001)
    log = WatchingLog()
    origin = WatchingOrigin(error=lambda url, attempt: ConnectFailed("reset") if attempt < 3 else None)

    await engine(log, origin).run(groups(["http://h.test/"]))

    assert origin.requests == {"http://h.test/": 3}
    assert isinstance(log.outcomes[0], Done)


async def test_a_final_failure_is_not_tried_again() -> None:
    log, origin = WatchingLog(), WatchingOrigin(error=lambda url, attempt: Gone("no", http_status=404))

    await engine(log, origin).run(groups(["http://h.test/"]))

    assert origin.requests == {"http://h.test/": 1}
    assert isinstance(log.outcomes[0], Failed)


async def test_an_item_waiting_for_its_next_try_holds_no_place() -> None:
    log = WatchingLog()
    origin = WatchingOrigin(
        error=lambda url, attempt: ConnectFailed("reset") if url.target == "/bad" and attempt == 1 else None
    )

    await engine(log, origin, total=1, per_host=1).run(groups(["http://h.test/bad", "http://h.test/good"]))

    assert origin.order == ["http://h.test/bad", "http://h.test/good", "http://h.test/bad"]


async def test_suspects_of_a_crash_run_one_at_a_time() -> None:
    log, origin = WatchingLog(), WatchingOrigin()
    suspects = [
        Group(key=str(n), items=[Item(index=n, url=f"{host}/", suspect=True)]) for n, host in enumerate(HOSTS)
    ]

    await engine(log, origin).run(suspects)

    assert len(log.outcomes) == 10
    assert origin.peak == 1


async def test_a_stored_url_that_does_not_parse_fails_without_a_start() -> None:
    log, origin = WatchingLog(), WatchingOrigin()

    await engine(log, origin).run([Group(key="k", items=[Item(index=0, url="http://[")])])

    outcome = log.outcomes[0]
    assert isinstance(outcome, Failed)
    assert (outcome.error.code, log.started) == ("invalid_url", [])


async def test_a_page_that_says_no_store_is_done_but_not_kept() -> None:
    class NoStore(WatchingOrigin):
        async def fetch(
            self, url: Url, *, gate: Gate | None = None, headers: Mapping[str, str] = NO_HEADERS
        ) -> Fetched:
            page = await super().fetch(url, gate=gate)
            return Fetched(
                **{name: getattr(page, name) for name in page.__slots__ if name != "headers"},
                headers=(("cache-control", "no-store"),),
            )

    log = WatchingLog()

    await engine(log, NoStore()).run(groups(["http://h.test/"]))

    outcome = log.outcomes[0]
    assert isinstance(outcome, Done)
    assert isinstance(outcome.page, NewPage)
    assert outcome.page.freshness is None


@settings(max_examples=60, deadline=None)
@given(
    paths=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=60),
    total=st.integers(1, 10),
    per_host=st.integers(1, 4),
    failing=st.sets(st.integers(0, 6)),
    cancel_after=st.none() | st.integers(0, 40),
)
async def test_whatever_the_batch_limits_hold_and_what_starts_ends_once(
    paths: list[tuple[int, int]], total: int, per_host: int, failing: set[int], cancel_after: int | None
) -> None:
    urls = [f"{HOSTS[host]}/{path}" for host, path in paths]
    log = WatchingLog(cancel_after_starts=cancel_after)
    origin = WatchingOrigin(
        turns=lambda url: len(url.host) % 3 + int(url.target[1:]) % 4,
        error=lambda url, attempt: Gone("no", http_status=404) if int(url.target[1:]) in failing else None,
    )

    await engine(log, origin, total=total, per_host=per_host).run(groups(urls))

    assert origin.peak <= total
    assert max(origin.peak_by_host.values(), default=0) <= per_host
    assert max(origin.requests.values(), default=0) <= 1
    assert sorted(log.started) == sorted(log.outcomes)
    if cancel_after is None:
        assert len(log.outcomes) == len(urls)
