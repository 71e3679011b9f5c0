"""The newest events of a log, and questions that many ask at once."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.events import EventKind, LoggedEvent
from tasks.core.wire import ndjson, sse
from tasks.io.database_threads import DatabaseThreads
from tasks.streaming.framing import NDJSON, SSE
from tasks.streaming.gathering import GatheredReads
from tasks.streaming.log import TaskHead
from tasks.streaming.tail import JOINED_EVENTS, KEPT_EVENTS, Tail
from tests.tasks.streaming_fixtures import NOW, until

TASK = UUID(int=7)


def event(seq: int, kind: EventKind = EventKind.ITEM_STARTED) -> LoggedEvent:
    return LoggedEvent(task_id=TASK, seq=seq, kind=kind, ts=NOW, payload={"n": seq})


def events(first: int, last: int) -> list[LoggedEvent]:
    return [event(seq) for seq in range(first, last + 1)]


def head(last_seq: int = 0, *, ended: bool = False) -> TaskHead:
    return TaskHead(task_id=TASK, owner_id=1, kind="batch_fetch", last_seq=last_seq, ended=ended)


def tail(last_seq: int = 0, *, n_followers: int = 2) -> Tail:
    made = Tail(head(last_seq), position=last_seq)
    made.n_followers = n_followers
    return made


class TestTail:
    @settings(max_examples=60, deadline=None)
    @given(
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("read"), st.integers(1, 200)),
                st.tuples(st.just("read again"), st.integers(1, 5)),
                st.tuples(st.just("forget"), st.just(0)),
            ),
            max_size=12,
        ),
        start=st.integers(0, 300),
        lag=st.integers(0, 300),
    )
    def test_what_it_says_it_has_is_all_there_is(
        self, steps: list[tuple[str, int]], start: int, lag: int
    ) -> None:
        made = tail(start)
        for step, n in steps:
            match step:
                case "read":
                    made.extend(events(made.last_seq + 1, made.last_seq + n))
                case "read again":
                    made.extend(events(max(1, made.last_seq - n), made.last_seq + n))
                case _:
                    made.forget()
        position = max(0, made.last_seq - lag)

        if made.has_after(position):
            expected = events(position + 1, made.last_seq)
            assert made.after(position, NDJSON) == b"".join(map(ndjson, expected))
            assert made.after(position, SSE) == b"".join(map(sse, expected))
        else:
            assert lag > 0

    def test_it_keeps_the_newest_of_many(self) -> None:
        made = tail()
        made.extend(events(1, KEPT_EVENTS + 44))

        assert [made.has_after(position) for position in (43, 44)] == [False, True]

    def test_behind_a_hole_it_has_only_what_came_after_it(self) -> None:
        made = tail()
        made.extend([*events(1, 5), *events(8, 9)])

        assert [made.has_after(position) for position in (5, 6, 7, 9)] == [False, False, True, True]

    def test_what_nobody_added_to_is_dropped_at_the_second_look(self) -> None:
        made = tail()
        made.extend(events(1, 3))
        kept = []
        for _ in range(2):
            made.forget()
            kept.append(made.has_after(0))

        assert (kept, made.last_seq) == ([True, False], 3)

    def test_an_only_follower_leaves_nothing_behind(self) -> None:
        made = tail(n_followers=1)
        made.extend(events(1, 3))

        assert made.after(1, NDJSON) == ndjson(event(2)) + ndjson(event(3))
        assert not made.has_after(2)

    def test_a_first_follower_that_is_little_behind_is_caught_up_by_it(self) -> None:
        near = Tail(head(100), position=100 - JOINED_EVENTS)
        far = Tail(head(100), position=99 - JOINED_EVENTS)

        assert (near.last_seq, far.last_seq) == (100 - JOINED_EVENTS, 100)

    def test_a_terminal_event_and_an_ended_task_are_the_end(self) -> None:
        by_event, by_status = tail(), tail()
        by_event.extend([event(1), event(2, EventKind.TASK_FAILED)])
        by_status.learn(head(2, ended=True))

        for made in (by_event, by_status):
            assert [made.is_over_at(position) for position in (0, 1, 2)] == [False, False, True]

    def test_it_learns_that_a_log_has_grown(self) -> None:
        made = tail(3)

        assert [made.learn(head(n)) for n in (2, 3, 4)] == [False, False, True]


class Source:
    """A slow look-up: a number is answered with its double once the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.batches: list[list[int]] = []

    def read(self, keys: list[int]) -> dict[int, int]:
        self.batches.append(sorted(keys))
        self.gate.wait(10)
        if 13 in keys:
            raise ZeroDivisionError
        return {key: 2 * key for key in keys if key < 100}


class TestGatheredReads:
    @pytest.fixture
    def threads(self) -> Iterator[DatabaseThreads]:
        made = DatabaseThreads(name="test", size=2)
        yield made
        made.close()

    async def ask(self, reads: "GatheredReads[int, int]", *keys: int) -> Any:
        tasks = [asyncio.create_task(reads.get(key)) for key in keys]
        await asyncio.sleep(0)
        return tasks

    async def test_what_is_asked_during_a_question_is_the_next_one(
        self, threads: DatabaseThreads, transactional_db: None
    ) -> None:
        source = Source()
        reads = GatheredReads(database=threads, read=source.read)
        first = await self.ask(reads, 1)
        await until(lambda: source.batches)
        later = await self.ask(reads, 2, 1, 3, 2, 100)
        source.gate.set()

        assert await asyncio.gather(*first, *later) == [2, 4, 2, 6, 4, None]
        assert source.batches == [[1], [1, 2, 3, 100]]

    async def test_a_failed_question_fails_for_all_who_asked_and_not_for_the_next(
        self, threads: DatabaseThreads, transactional_db: None
    ) -> None:
        source = Source()
        source.gate.set()
        reads = GatheredReads(database=threads, read=source.read)

        failed = await asyncio.gather(*await self.ask(reads, 13, 1), return_exceptions=True)

        assert [type(answer) for answer in failed] == [ZeroDivisionError, ZeroDivisionError]
        assert await reads.get(1) == 2

    async def test_one_that_leaves_does_not_take_the_answer_of_the_others(
        self, threads: DatabaseThreads, transactional_db: None
    ) -> None:
        source = Source()
        reads = GatheredReads(database=threads, read=source.read)
        leaving, staying = await self.ask(reads, 1, 1)
        await until(lambda: source.batches)
        leaving.cancel()
        await asyncio.wait([leaving])
        source.gate.set()

        assert await staying == 2
