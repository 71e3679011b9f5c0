"""One task at one address: what is answered to which request."""

from uuid import uuid4

import pytest

from tasks.core import wire
from tasks.core.states import TaskKind
from tests.tasks import streaming_fixtures
from tests.tasks.streaming_fixtures import (
    World,
    finished_task,
    in_database,
    log,
    make_owner,
    make_task,
    make_token,
    running_task,
    until,
)
from workspace.core.tokens import Scope

limits = streaming_fixtures.limits
world = streaming_fixtures.world
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
closed = streaming_fixtures.closed
pytestmark = pytest.mark.usefixtures("closed")


class TestForms:
    async def test_without_a_wish_it_is_a_snapshot_that_nobody_may_keep(self, world: World) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id)

        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "Accept, Authorization"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert (answer.json()["kind"], answer.json()["status"]) == ("snapshot", "completed")

    async def test_as_server_sent_events_it_is_the_retry_time_and_the_log(self, world: World) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, accept=SSE)

        events = await in_database(log)(task_id)
        assert answer.body == b"retry: 2000\n" + b"".join(map(wire.sse, events))
        assert answer.status == 200
        assert {name: answer.headers.get(name) for name in ("content-length", "vary", "cache-control")} == {
            "content-length": None,
            "vary": "Accept, Authorization",
            "cache-control": "no-store",
        }
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["content-encoding"] == "identity"

    async def test_as_ndjson_it_is_the_log_and_nothing_else(self, world: World) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, accept=NDJSON)

        assert answer.body == b"".join(map(wire.ndjson, await in_database(log)(task_id)))
        assert (answer.status, answer.headers["content-type"]) == (200, NDJSON)

    async def test_a_log_of_many_pages_comes_whole(self, world: World) -> None:
        task_id = await finished_task(world, n_events=1203)

        answer = await world.get(task_id, accept=NDJSON)

        assert [line["seq"] for line in answer.lines()] == list(range(1, 1205))

    @pytest.mark.parametrize("accept", ["application/json", SSE, NDJSON])
    async def test_head_has_the_headers_and_no_body(self, world: World, accept: str) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, method="HEAD", accept=accept)

        assert (answer.status, answer.body, answer.is_complete) == (200, b"", True)
        assert answer.headers["content-type"].startswith(accept)
        assert world.streams.n_streams == 0


class TestRefusals:
    async def test_a_form_that_does_not_exist_is_406_and_names_those_that_do(self, world: World) -> None:
        answer = await world.get(uuid4(), accept="text/html")

        assert (answer.status, answer.headers["content-type"]) == (406, "application/problem+json")
        assert answer.json()["acceptable"] == ["application/json", SSE, NDJSON]
        assert answer.headers["vary"] == "Accept, Authorization"

    async def test_errors_are_problems_even_to_an_event_source(self, world: World) -> None:
        answer = await world.get(uuid4(), accept=SSE)

        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "task_not_found"

    async def test_without_a_token_it_is_401_with_a_challenge(self, world: World) -> None:
        answer = await world.get(uuid4(), authorization="")

        assert (answer.status, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="rover"'

    @pytest.mark.parametrize(
        "authorization", ["Bearer rvo_wrong", "Basic abc", "Bearer", "Bearer a, Bearer b", "é"]
    )
    async def test_a_credential_that_is_none_is_401_and_called_invalid(
        self, world: World, authorization: str
    ) -> None:
        answer = await world.get(uuid4(), authorization=authorization)

        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="rover", error="invalid_token"'

    async def test_a_token_without_the_scope_is_403(self, world: World) -> None:
        task_id = await finished_task(world)
        token = await in_database(make_token)(world.owner, Scope.MANAGE)

        answer = await world.get(task_id, token=token)

        assert (answer.status, answer.json()["code"]) == (403, "forbidden")

    async def test_a_token_that_may_only_read_is_enough(self, world: World) -> None:
        task_id = await finished_task(world)
        token = await in_database(make_token)(world.owner, Scope.READ)

        assert (await world.get(task_id, token=token)).status == 200

    async def test_a_strangers_task_another_kind_and_no_task_look_alike(self, world: World) -> None:
        def others() -> list[object]:
            stranger = make_task(make_owner("stranger"))
            other_kind = make_task(world.owner, kind=TaskKind.RETRY)
            return [stranger, other_kind, make_task(None), uuid4()]

        ids = await in_database(others)()

        answers = [await world.get(f"/v1/batches/{i}") for i in [*ids, "x", str(ids[3]).replace("-", "")]]

        bodies = [answer.json() | {"instance": ""} for answer in answers]
        assert [answer.status for answer in answers] == [404] * 6
        assert all(body == bodies[0] for body in bodies)


class TestResuming:
    @pytest.mark.parametrize(
        ("query", "header"), [("after=2", ""), ("", "2"), ("after=1", "2"), ("after=2", "nonsense")]
    )
    async def test_it_goes_on_strictly_behind_the_cursor(self, world: World, query: str, header: str) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, accept=NDJSON, query=query, last_event_id=header)

        assert [line["seq"] for line in answer.lines()] == [3, 4]

    @pytest.mark.parametrize("cursor", ["nonsense", "-1", ""])
    async def test_a_malformed_cursor_reads_from_the_beginning(self, world: World, cursor: str) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, accept=NDJSON, last_event_id=cursor)

        assert [line["seq"] for line in answer.lines()] == [1, 2, 3, 4]

    async def test_a_reader_that_has_all_of_an_ended_task_is_told_to_stop(self, world: World) -> None:
        task_id = await finished_task(world)

        events = await world.get(task_id, accept=SSE, last_event_id="4")
        lines = await world.get(task_id, accept=NDJSON, query="after=4")

        assert (events.status, events.body, "content-length" in events.headers) == (204, b"", False)
        assert (lines.status, lines.body) == (200, b"")

    @pytest.mark.parametrize("ended", [True, False])
    async def test_a_cursor_behind_the_end_is_answered_and_everything_comes_again(
        self, world: World, ended: bool
    ) -> None:
        task_id = await (finished_task(world, 2) if ended else running_task(world, 3))

        async with world.open(task_id, accept=NDJSON, query="after=9") as stream:
            await until(lambda: len(stream.lines()) == 4)

        reset, *events = stream.lines()
        assert (reset["kind"], reset["seq"], reset["resumed"]) == ("stream_reset", 0, False)
        assert reset["gap"] == {"after": 9, "first": 1, "last": 3}
        assert [event["seq"] for event in events] == [1, 2, 3]

    async def test_the_reset_of_an_event_stream_puts_the_clients_id_back_to_the_start(
        self, world: World
    ) -> None:
        task_id = await finished_task(world)

        answer = await world.get(task_id, accept=SSE, last_event_id="99")

        assert answer.body.startswith(b"retry: 2000\nid: 0\nevent: stream_reset\ndata: {")


async def test_an_endpoint_without_a_snapshot_serves_only_event_streams(world: World) -> None:
    task_id = await finished_task(world)
    world.application = streaming_fixtures.make_application(world.streams, snapshot=None)

    stream = await world.get(task_id)
    refused = await world.get(task_id, accept="application/json")

    assert (stream.status, stream.body[:12]) == (200, b"retry: 2000\n")
    assert refused.json()["acceptable"] == [SSE]
