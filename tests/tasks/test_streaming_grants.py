"""How many streams one credential may hold, and what becomes of them when it ends."""

import asyncio
from collections.abc import Collection

import pytest
from django.db import OperationalError
from django.utils import timezone

from tasks.streaming import grants
from tasks.streaming.hub import StreamLimits
from tests.tasks import streaming_fixtures
from tests.tasks.streaming_fixtures import World, append, in_database, make_token, running_task, until
from workspace.core.tokens import Scope
from workspace.models import OwnerToken, User
from workspace.services.owners import owner_token_revoke

world = streaming_fixtures.world
closed = streaming_fixtures.closed
pytestmark = pytest.mark.usefixtures("closed")
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


def revoke_first() -> None:
    owner_token_revoke(token=OwnerToken.objects.order_by("pk")[0], now=timezone.now())


class TestLimit:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(max_streams_each=2)

    async def test_a_token_over_its_streams_is_told_to_wait(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as one, world.open(task_id, accept=SSE) as other:
            await until(lambda: one.body and other.body)
            refused = await world.get(task_id, accept=SSE)

        assert (refused.status, refused.json()["code"]) == (429, "too_many_streams")
        assert refused.json()["retryable"] is True
        assert refused.headers["retry-after"] == "2"

    async def test_another_token_of_the_same_owner_has_streams_of_its_own(self, world: World) -> None:
        task_id = await running_task(world)
        token = await in_database(make_token)(world.owner)

        async with (
            world.open(task_id, accept=SSE) as one,
            world.open(task_id, accept=SSE) as other,
            world.open(task_id, accept=SSE, token=token) as third,
        ):
            await until(lambda: one.body and other.body and third.status)

        assert third.status == 200

    async def test_another_spelling_of_the_header_gives_no_more_streams(self, world: World) -> None:
        task_id = await running_task(world)

        async with (
            world.open(task_id, accept=SSE, authorization=f"bearer {world.token}") as one,
            world.open(task_id, accept=SSE, authorization=f"BEARER  {world.token} ") as other,
        ):
            await until(lambda: one.status == other.status == 200)
            refused = await world.get(task_id, accept=SSE)

        assert refused.status == 429

    async def test_a_stream_that_ended_makes_room(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as staying:
            for _ in range(4):
                async with world.open(task_id, accept=SSE) as stream:
                    await stream.begun()
                assert stream.status == 200
            await until(lambda: staying.body)

    async def test_a_refused_stream_is_not_counted(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as one, world.open(task_id, accept=SSE) as other:
            await until(lambda: one.body and other.body)
            for _ in range(3):
                await world.get(task_id, accept=SSE)
            assert world.streams.n_streams == 2


class TestEnd:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(recheck_seconds=0.05)

    async def test_the_streams_of_a_revoked_token_end(self, world: World) -> None:
        task_id = await running_task(world)

        async with world.open(task_id, accept=SSE) as one, world.open(task_id, accept=NDJSON) as other:
            await until(lambda: one.body and other.status)
            await in_database(revoke_first)()
            await one.ended()
            await other.ended()

        assert one.body.endswith(b": the server ends this stream; go on after the last id\n")
        assert one.is_complete
        assert other.is_complete

    async def test_the_streams_of_other_tokens_go_on(self, world: World) -> None:
        task_id = await running_task(world)
        token = await in_database(make_token)(world.owner)

        async with (
            world.open(task_id, accept=SSE) as ended,
            world.open(task_id, accept=NDJSON, token=token) as other,
        ):
            await until(lambda: ended.body and other.status)
            await in_database(revoke_first)()
            await ended.ended()
            await in_database(append)(task_id)
            await other.has_lines(1)

    async def test_the_streams_of_a_token_that_lost_its_scope_end(self, world: World) -> None:
        task_id = await running_task(world)

        def narrow() -> None:
            OwnerToken.objects.update(scopes=[Scope.MANAGE])

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: stream.body)
            await in_database(narrow)()
            await stream.ended()

        assert stream.is_complete

    async def test_the_streams_of_an_owner_who_was_made_inactive_end(self, world: World) -> None:
        task_id = await running_task(world)

        def rest() -> None:
            User.objects.update(is_active=False)

        async with world.open(task_id, accept=SSE) as stream:
            await until(lambda: stream.body)
            await in_database(rest)()
            await stream.ended()

        assert stream.is_complete

    async def test_a_database_that_cannot_be_asked_ends_no_stream(
        self, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        task_id = await running_task(world)
        failures: list[int] = []

        def fail(keys: Collection[grants.Key]) -> None:
            failures.append(len(keys))
            raise OperationalError("the disk is gone")

        async with world.open(task_id, accept=NDJSON) as stream:
            await stream.begun()
            monkeypatch.setattr("tasks.streaming.hub.readers_read", fail)
            await until(lambda: len(failures) >= 2)
            await in_database(append)(task_id)
            await stream.has_lines(1)

        assert "could not be looked up" in caplog.text

    async def test_many_credentials_are_all_asked_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.streaming.hub.KEYS_A_QUERY", 2)
        task_id = await running_task(world)
        tokens = [await in_database(make_token)(world.owner) for _ in range(5)]
        streams = [world.request(task_id, accept=SSE, token=token) for token in tokens]
        for stream in streams:
            stream.start()
        await until(lambda: all(stream.body for stream in streams))

        def revoke_all() -> None:
            OwnerToken.objects.update(revoked_at=timezone.now())

        await in_database(revoke_all)()

        await asyncio.gather(*(stream.ended() for stream in streams))
        assert world.streams.n_streams == 0
