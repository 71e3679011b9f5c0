"""Streams while they are open: live, slow, limited, stopped."""

import asyncio
from uuid import uuid4

import pytest
from django.conf import settings

from tasks.core import wire
from tasks.models import Task
from tasks.streaming.hub import StreamLimits
from tests.tasks import streaming_fixtures
from tests.tasks.streaming_fixtures import (
    World,
    append,
    finish,
    finished_task,
    in_database,
    log,
    running_task,
    until,
)

limits = streaming_fixtures.limits
world = streaming_fixtures.world
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
closed = streaming_fixtures.closed
pytestmark = pytest.mark.usefixtures("closed")


class TestLive:
    async def test_an_event_that_is_written_arrives(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=NDJSON) as stream:
            await until(lambda: stream.status)
            await in_database(append)(task_id)
            await until(lambda: stream.lines())

        assert stream.lines()[0]["seq"] == 1

    async def test_the_first_bytes_of_an_event_stream_come_at_once(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: stream.body)

        assert stream.body == b"retry: 2000\n"

    async def test_a_stream_ends_right_after_the_last_event(self, world: World) -> None:
        task_id = await running_task(world, 2)

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: b"id: 2" in stream.body)
            await in_database(finish)(task_id)
            await stream.ended()

        assert stream.is_complete
        assert stream.body.endswith(wire.sse((await in_database(log)(task_id))[-1]))

    async def test_events_written_in_one_go_are_sent_in_one_go(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=NDJSON) as stream:
            await until(lambda: stream.status)
            await in_database(append)(task_id, 40)
            await until(lambda: len(stream.lines()) == 40)

        assert [part.count(b"\n") for part in stream.sends if part] == [40]

    async def test_all_followers_of_a_log_get_the_same_bytes_object(self, world: World) -> None:
        task_id = await running_task(world)

        async with (
            world.open(task_id, accept=SSE) as one,
            world.open(task_id, accept=SSE) as other,
            world.open(task_id, accept=NDJSON) as line_reader,
        ):
            await until(lambda: one.body and other.body and line_reader.status)
            await in_database(append)(task_id)
            await until(lambda: len(one.sends) == len(other.sends) == 2 and line_reader.lines())

        assert one.sends[1] is other.sends[1]

    async def test_every_follower_gets_every_event_once_whenever_it_joins(self, world: World) -> None:
        task_id = await running_task(world)
        streams = []

        async def write() -> None:
            for _ in range(60):
                await in_database(append)(task_id, 3)
            await in_database(finish)(task_id)

        writing = asyncio.create_task(write())
        while not writing.done():
            stream = world.request(task_id, accept=NDJSON)
            stream.start()
            streams.append(stream)
            await asyncio.sleep(0)
            await stream.begun()
        await writing
        for stream in streams:
            await stream.ended()

        assert len(streams) > 5
        for stream in streams:
            assert [line["seq"] for line in stream.lines()] == list(range(1, 182))

    async def test_a_client_that_left_is_forgotten(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: stream.body)
            assert (world.streams.n_streams, world.streams.n_tasks) == (1, 1)

        assert (world.streams.n_streams, world.streams.n_tasks) == (0, 0)
        assert not [task for task in asyncio.all_tasks() if "_write" in repr(task)]

    async def test_a_client_that_leaves_before_its_request_is_whole_is_not_answered(
        self, world: World
    ) -> None:
        stream = world.request(uuid4())
        stream.leave()

        await world.application(stream.scope, stream._incoming.get, stream._take)

        assert stream.status == 0

    async def test_a_task_that_is_deleted_ends_its_streams_that_lag(self, world: World) -> None:
        task_id = await running_task(world, 600)
        stream = world.request(task_id, accept=NDJSON)
        stream.stall = asyncio.Event()
        stream.start()
        await until(lambda: stream.status)

        def delete() -> None:
            Task.objects.filter(pk=task_id).delete()

        await in_database(delete)()
        stream.stall.set()

        await stream.ended()
        assert stream.is_complete


class TestSlowReaders:
    async def test_a_reader_that_does_not_read_delays_nobody_and_misses_nothing(self, world: World) -> None:
        task_id = await running_task(world)
        slow = world.request(task_id, accept=NDJSON)
        slow.stall = asyncio.Event()
        slow.start()
        await until(lambda: slow.status)

        async with world.open(task_id, accept=NDJSON) as quick:
            for n in range(4):
                await in_database(append)(task_id, 100)
                await quick.has_lines(100 * (n + 1))
            await in_database(finish)(task_id)
            await quick.ended()
        assert slow.lines() == []
        slow.stall.set()
        await slow.ended()

        assert [line["seq"] for line in slow.lines()] == list(range(1, 402))


class TestLimits:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(max_streams=1, max_bytes=2000, heartbeat_seconds=0.15)

    async def test_a_stream_over_the_limit_is_refused_and_told_when_to_come_back(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: stream.body)
            refused = await world.get(task_id, accept=SSE)
        again = await world.get(await finished_task(world), accept=SSE)

        assert (refused.status, refused.json()["code"]) == (503, "too_many_streams")
        assert refused.headers["retry-after"] == "2"
        assert again.status == 200

    @pytest.mark.parametrize(("accept", "beat"), [(SSE, b":\n"), (NDJSON, b"\n")])
    async def test_a_quiet_stream_beats(self, world: World, accept: str, beat: bytes) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=accept) as stream:
            await until(lambda: stream.body.endswith(beat + beat))

    async def test_a_stream_over_its_bytes_ends_between_events_with_a_comment(self, world: World) -> None:
        task_id = await running_task(world, 600)

        answer = await world.get(task_id, accept=SSE)

        head, _, farewell = answer.body.rpartition(b"\n\n")
        assert farewell == b": the server ends this stream; go on after the last id\n"
        assert head.rpartition(b"\n\n")[2].startswith(b"id: 500\n")


class TestAge:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(max_age_seconds=0.2, heartbeat_seconds=0.15)

    async def test_a_stream_over_its_time_ends_with_a_comment(self, world: World) -> None:
        task_id = await running_task(world, 1)

        answer = await world.get(task_id, accept=SSE)

        assert answer.is_complete
        assert answer.body.endswith(b"\n: the server ends this stream; go on after the last id\n")


class TestStopping:
    async def test_closing_ends_every_stream_and_refuses_new_ones(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as one, world.open(task_id, accept=NDJSON) as other:
            await until(lambda: one.body and other.status)
            world.streams.close()
            await one.ended()
            await other.ended()
        late = await world.get(task_id, accept=SSE)

        assert one.body == b"retry: 2000\n: the server ends this stream; go on after the last id\n"
        assert other.body == b"\n"
        assert (late.status, world.streams.n_streams) == (503, 0)

    async def test_a_hub_that_broke_ends_its_streams_and_the_next_one_gets_a_new_hub(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        task_id = await running_task(world)

        class Broken:
            async def listen(self, **_: object) -> None:
                raise ZeroDivisionError

        whole = world.streams._make_listener
        world.streams._make_listener = Broken
        broken = await world.get(task_id, accept=SSE)
        world.streams._make_listener = whole
        async with world.open(task_id, accept=NDJSON) as stream:
            await in_database(append)(task_id)
            await until(lambda: stream.lines())

        assert broken.is_complete
        assert "the streams of this process stopped" in caplog.text

    async def test_the_sockets_of_a_closed_hub_are_gone(self, world: World) -> None:
        task_id = await running_task(world)
        run_dir = settings.ROVER.run_dir

        async with world.open(task_id, accept=SSE):
            await until(lambda: list(run_dir.glob("events-*.sock")))
        await world.close()

        assert list(run_dir.glob("events-*.sock")) == []


class TestReadingForAll:
    async def test_more_new_events_than_one_query_takes_all_arrive(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.streaming.log.NEW_EVENTS_A_QUERY", 5)
        first, second = await running_task(world), await running_task(world)

        async with (
            world.open(first, accept=NDJSON) as one,
            world.open(second, accept=NDJSON) as other,
        ):
            await one.begun()
            await other.begun()
            await in_database(append)(first, 23)
            await in_database(append)(second, 4)
            await one.has_lines(23)
            await other.has_lines(4)

    @pytest.mark.parametrize("at_most", [5000, 3])
    async def test_events_whose_datagrams_were_lost_come_with_the_safety_poll(
        self, world: World, monkeypatch: pytest.MonkeyPatch, at_most: int
    ) -> None:
        monkeypatch.setattr("tasks.streaming.log.WRITTEN_EVENTS", at_most)
        task_id = await running_task(world)
        monkeypatch.setattr("tasks.services.events.poke", lambda task_id: None)

        async with world.open(task_id, accept=NDJSON) as stream:
            await stream.begun()
            for n in (1, 2, 7):
                await in_database(append)(task_id, n - len(stream.lines()))
                await stream.has_lines(n)

    async def test_one_reader_that_stays_goes_on_after_another_has_left(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=NDJSON) as staying:
            async with world.open(task_id, accept=SSE) as leaving:
                await until(lambda: leaving.body)
                await in_database(append)(task_id, 2)
                await staying.has_lines(2)
            for n in range(3, 8):
                await in_database(append)(task_id)
                await staying.has_lines(n)

        assert [line["seq"] for line in staying.lines()] == list(range(1, 8))


class TestBeats:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(heartbeat_seconds=0.15)

    async def test_a_log_that_is_quiet_keeps_no_events_for_its_followers(self, world: World) -> None:
        task_id = await running_task(world)

        async with (
            world.open(task_id, accept=NDJSON) as one,
            world.open(task_id, accept=NDJSON) as other,
        ):
            await one.begun()
            await other.begun()
            tail = world.streams.hub()._tails[task_id]
            await in_database(append)(task_id, 3)
            await one.has_lines(3)
            await other.has_lines(3)
            await until(lambda: not tail.has_after(0))

            assert tail.has_after(3)

    async def test_the_last_one_of_many_followers_is_known_to_be_alone(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=NDJSON) as staying:
            async with world.open(task_id, accept=NDJSON) as leaving:
                await staying.begun()
                await leaving.begun()
                tail = world.streams.hub()._tails[task_id]
                assert tail.n_followers == 2

            assert tail.n_followers == 1

    async def test_an_ended_task_without_a_last_event_ends_its_streams_at_the_next_beat(
        self, world: World
    ) -> None:
        task_id = await running_task(world, 1)

        def end() -> None:
            Task.objects.filter(pk=task_id).update(status="failed")

        async with world.open(task_id, accept=NDJSON) as stream:
            await until(lambda: stream.lines())
            await in_database(end)()
            await stream.ended()

        assert stream.is_complete
