"""A stream may be cut at any byte: what a client put together from its pieces is the log."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.core.wire import event_object
from tasks.streaming.hub import StreamLimits
from tests.tasks import streaming_fixtures
from tests.tasks.streaming_fixtures import World, append, finish, in_database, log, make_task

world = streaming_fixtures.world


@pytest.fixture
def limits() -> StreamLimits:
    """Heartbeats between the events, so that cuts fall beside them too."""
    return StreamLimits(heartbeat_seconds=0.03)


@dataclass
class Reader(ABC):
    """A client that keeps whole events only and remembers the last one's id."""

    events: list[dict[str, Any]] = field(default_factory=list)
    last_id: str = ""

    @abstractmethod
    def take(self, body: bytes) -> None:
        """Keep the events that are whole in `body`."""

    def keep(self, event: dict[str, Any], event_id: str) -> None:
        self.events.append(event)
        self.last_id = event_id


class LineReader(Reader):
    accept = "application/x-ndjson"

    def take(self, body: bytes) -> None:
        for line in body.split(b"\n")[:-1]:
            if line:
                event = json.loads(line)
                self.keep(event, str(event["event_id"]))


class EventReader(Reader):
    """A public client's parser, fed by lines; it sees an event when its blank line has come."""

    accept = "text/event-stream"

    def take(self, body: bytes) -> None:
        decoder = SSEDecoder()
        for line in body.split(b"\n")[:-1]:
            event = decoder.decode(line.decode())
            if event is not None:
                assert event.data, "an event without data was dispatched"
                self.keep(json.loads(event.data), event.id)


@pytest.fixture
def ended(world: World) -> Iterator[UUID]:
    task_id = make_task(world.owner, n_events=7)
    append(task_id, 2, url='https://example.com/\u2028\r\n?a="b"&é')
    finish(task_id)
    yield task_id


async def read_in_pieces(world: World, task_id: UUID, reader: Reader, cuts: list[int]) -> None:
    """Each connection is cut after so many bytes; the last one is not."""
    for cut in [*cuts, None]:
        resuming = {"last_event_id": reader.last_id} if reader.last_id else {}
        exchange = await world.get(task_id, accept=reader.accept, **resuming)  # type: ignore[attr-defined]
        reader.take(exchange.body[:cut])
    await world.close()


@pytest.mark.parametrize("kind", [LineReader, EventReader])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 1200), max_size=6))
def test_an_ended_log_read_in_pieces_is_the_log(
    world: World, ended: UUID, kind: type[Reader], cuts: list[int]
) -> None:
    reader = kind()
    world.streams.begin()

    asyncio.run(read_in_pieces(world, ended, reader, cuts))

    assert reader.events == [event_object(event) for event in log(ended)]


@pytest.mark.parametrize("kind", [LineReader, EventReader])
async def test_a_growing_log_read_by_a_client_that_is_cut_all_the_time_is_the_log(
    world: World, kind: type[Reader]
) -> None:
    task_id = await in_database(make_task)(world.owner)
    reader = kind()

    async def write() -> None:
        for n in range(30):
            await in_database(append)(task_id, 1 + n % 3)
        await in_database(finish)(task_id)

    writing = asyncio.create_task(write())
    for n in range(10_000):
        cut = (n * 37) % 700
        resuming = {"last_event_id": reader.last_id} if reader.last_id else {}
        async with world.open(task_id, accept=reader.accept, **resuming) as stream:  # type: ignore[attr-defined]
            await stream.has_bytes(cut)
        reader.take(stream.body if stream.is_complete else stream.body[:cut])
        if reader.events and reader.events[-1]["kind"] == "task_completed":
            break
    await writing
    await world.close()

    assert n > 1
    assert reader.events == [event_object(event) for event in await in_database(log)(task_id)]
