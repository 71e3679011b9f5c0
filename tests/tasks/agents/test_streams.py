"""A task as a stream of events: the same ones for whoever follows, whenever and from wherever."""

import asyncio
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse

from tasks.core.events import EventKind
from tasks.core.states import TaskStatus
from tasks.streaming.hub import StreamLimits
from tests.tasks.agents import logs
from tests.tasks.agents.logs import ENDS, FORMS, NDJSON, SSE, envelope, ids, records, types
from tests.tasks.agents.support import Agents, row_of
from tests.tasks.streaming_fixtures import in_database, until
from workspace.models import Site

pytestmark = pytest.mark.usefixtures("shop")
both_forms = pytest.mark.parametrize("accept", FORMS)


async def ended_task(agents: Agents, status: str = TaskStatus.COMPLETED) -> tuple[str, list[Any]]:
    """The address of a task that is over, and its log in public form."""
    created = await agents.create()
    past = await in_database(logs.past)(created["id"], status)
    return created["task"], [envelope(event) for event in past]


@both_forms
@pytest.mark.parametrize("status", ENDS)
class TestEnds:
    async def test_a_stream_is_ready_first_then_the_log_and_ends_behind_done(
        self, agents: Agents, status: str, accept: str
    ) -> None:
        url, log = await ended_task(agents, status)

        answer = await agents.get(url, accept=accept)
        ready, *told = records(answer)

        assert answer.is_complete
        assert (ready["type"], ready["id"], ready["data"]["status"]) == ("ready", "evt_0", status)
        assert told == log
        assert types(told).count("done") == 1
        assert (told[-1]["type"], told[-1]["data"]["status"]) == ("done", status)

    async def test_every_record_has_the_four_members_of_the_envelope(
        self, agents: Agents, status: str, accept: str
    ) -> None:
        url, _ = await ended_task(agents, status)

        found = records(await agents.get(url, accept=accept))

        assert {tuple(record) for record in found} == {("id", "type", "ts", "data")}
        assert len(set(ids(found))) == len(found)


async def test_both_forms_tell_the_same_events(agents: Agents) -> None:
    url, _ = await ended_task(agents)

    by_events = records(await agents.get(url, accept=SSE))
    by_lines = records(await agents.get(url, accept=NDJSON))

    assert by_events[1:] == by_lines[1:]
    assert {**by_events[0], "ts": ""} == {**by_lines[0], "ts": ""}


async def test_the_name_and_the_id_of_a_server_sent_event_are_those_of_its_record(agents: Agents) -> None:
    url, _ = await ended_task(agents)

    answer = await agents.get(url, accept=SSE)

    assert answer.body.startswith(b"retry: 2000\n")
    for event in logs.server_sent(answer.body):
        assert (event.event, event.id) == (event.json()["type"], event.json()["id"])


async def test_a_stream_is_for_one_reader_at_once_and_for_nobody_to_keep(agents: Agents) -> None:
    url, _ = await ended_task(agents)

    answer = await agents.get(url, accept=SSE)

    sent = {name: answer.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")}
    assert sent == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    assert "content-length" not in answer.headers


@both_forms
class TestResuming:
    @pytest.mark.parametrize("name", ["evt_{}", "{}"])
    async def test_what_was_seen_and_what_follows_it_is_the_log_wherever_the_cut_is(
        self, agents: Agents, accept: str, name: str
    ) -> None:
        url, log = await ended_task(agents)

        for seen in range(len(log)):
            cursor = name.format(seen)
            by_header = records(await agents.get(url, accept=accept, last_event_id=cursor))
            by_query = records(await agents.get(f"{url}&after={cursor}", accept=accept))
            assert log[:seen] + by_header[1:] == log
            assert log[:seen] + by_query[1:] == log
            assert (by_header[0]["type"], by_header[0]["id"]) == ("ready", f"evt_{seen}")

    async def test_the_header_wins_over_the_query_as_a_client_repeats_its_first_address(
        self, agents: Agents, accept: str
    ) -> None:
        url, log = await ended_task(agents)

        answer = await agents.get(f"{url}&after=evt_1", accept=accept, last_event_id="evt_4")

        assert records(answer)[1:] == log[4:]

    async def test_a_cursor_behind_the_end_is_told_and_everything_follows(
        self, agents: Agents, accept: str
    ) -> None:
        url, log = await ended_task(agents)

        ready, *told = records(await agents.get(url, accept=accept, last_event_id="evt_4711"))

        gap = {"after": "evt_4711", "first": "evt_1"}
        assert (ready["data"]["resumed"], ready["data"]["gap"], ready["id"]) == (False, gap, "evt_0")
        assert told == log

    @pytest.mark.parametrize("cursor", ["", "evt_", "evt_x", "-1", "1.5", "٣", "evt_" + "9" * 40, "agt_1"])
    async def test_a_malformed_cursor_counts_as_none(self, agents: Agents, accept: str, cursor: str) -> None:
        url, log = await ended_task(agents)

        exchange, _ = agents.request("GET", url, accept=accept)
        exchange.scope["headers"].append((b"last-event-id", cursor.encode()))
        exchange.start()
        await exchange.ended()

        ready, *told = records(exchange)
        assert "resumed" not in ready["data"]
        assert told == log

    async def test_a_growing_log_that_is_read_in_pieces_loses_nothing(
        self, agents: Agents, accept: str
    ) -> None:
        created = await agents.create()
        name, url = created["id"], created["task"]
        await in_database(logs.begin)(name)
        seen: list[Any] = []

        async def write() -> None:
            for n in range(20):
                await in_database(logs.tell)(name, *({"text": f"{n}.{m}"} for m in range(n % 3 + 1)))
            await in_database(logs.end)(name)

        writing = asyncio.create_task(write())
        for cut in range(10_000):
            at = {"last_event_id": seen[-1]["id"]} if seen else {}
            async with agents.open(url, accept=accept, **at) as stream:
                await stream.has_bytes(cut * 37 % 900)
            seen += records(stream)[1:]
            if seen and seen[-1]["type"] == "done":
                break
        await writing

        assert cut > 1
        assert seen == [envelope(event) for event in await in_database(logs.log_of)(name)]


class TestAtTheEnd:
    async def test_an_event_source_that_has_everything_is_told_not_to_come_back(self, agents: Agents) -> None:
        url, log = await ended_task(agents)

        answer = await agents.get(url, accept=SSE, last_event_id=log[-1]["id"])

        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers

    async def test_a_reader_of_lines_that_has_everything_is_only_greeted(self, agents: Agents) -> None:
        url, log = await ended_task(agents)

        answer = await agents.get(f"{url}&after={log[-1]['id']}", accept=NDJSON)

        assert (answer.status, types(records(answer))) == (200, ["ready"])

    @both_forms
    async def test_a_head_request_gets_the_headers_alone(self, agents: Agents, accept: str) -> None:
        live, (over, log) = (await agents.create())["task"], await ended_task(agents)

        answers = [await agents.call("HEAD", url, accept=accept) for url in (live, over)]
        at_end = await agents.call("HEAD", over, accept=accept, last_event_id=log[-1]["id"])

        assert [(each.status, each.body) for each in answers] == [(200, b""), (200, b"")]
        assert all(each.headers["content-type"].startswith(accept) for each in answers)
        assert (at_end.status, at_end.body) == (204 if accept == SSE else 200, b"")


class TestFollowing:
    async def test_events_arrive_as_they_are_written_and_the_stream_ends_with_done(
        self, agents: Agents
    ) -> None:
        created = await agents.create()

        async with agents.open(created["task"], accept=NDJSON) as stream:
            await stream.has_lines(2)
            await in_database(logs.begin)(created["id"])
            await stream.has_lines(3)
            await in_database(logs.tell)(created["id"], {"text": "Reading."}, kind=EventKind.STEP)
            await stream.has_lines(4)
            await in_database(logs.end)(created["id"])
            await stream.ended()

        assert types(stream.lines()) == ["ready", "status", "status", "step", "done"]

    async def test_a_client_that_leaves_stops_nothing(self, agents: Agents) -> None:
        created = await agents.create()
        await in_database(logs.begin)(created["id"])

        async with agents.open(created["task"], accept=SSE) as stream:
            await until(lambda: b"running" in stream.body)

        assert (await in_database(row_of)(created["id"])).status == TaskStatus.RUNNING
        await in_database(logs.end)(created["id"])
        assert types(records(await agents.get(created["task"], accept=SSE)))[-1] == "done"

    async def test_a_public_client_library_follows_it_and_goes_on_where_it_was_cut(
        self, agents: Agents
    ) -> None:
        url, log = await ended_task(agents)
        transport = httpx.ASGITransport(app=agents.application)

        async with httpx.AsyncClient(transport=transport) as client:
            async with aconnect_sse(client, "GET", url) as source:
                seen = [event async for event in source.aiter_sse()][:4]
            last = {"Last-Event-ID": seen[-1].id}
            async with aconnect_sse(client, "GET", url, headers=last) as source:
                rest = [event async for event in source.aiter_sse()]

        assert [event.json() for event in (*seen[1:], *rest[1:])] == log

    async def test_1000_followers_see_the_same_bytes_in_the_order_of_the_log(self, agents: Agents) -> None:
        created = await agents.create()
        name = created["id"]
        followers = []
        for n in range(1000):
            exchange, _ = agents.request("GET", created["task"], accept=FORMS[n % 2])
            exchange.start()
            followers.append(exchange)
        await until(lambda: agents.streams.n_streams == 1000, seconds=30)

        await in_database(logs.begin)(name)
        for n in range(5):
            await in_database(logs.tell)(name, *({"role": "assistant", "text": f"{n}.{m}"} for m in range(4)))
        await in_database(logs.end)(name)
        await asyncio.wait([each.task for each in followers if each.task], timeout=60)

        log = [envelope(event) for event in await in_database(logs.log_of)(name)]
        for some in (followers[::2], followers[1::2]):
            assert len({behind_ready(each.body) for each in some}) == 1
            assert records(some[0])[1:] == log


def behind_ready(body: bytes) -> bytes:
    """All but the first record, which tells when it was written."""
    return body[body.index(b'"type":"ready"') :].partition(b"\n")[2].lstrip(b"\n")


class TestBeats:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(heartbeat_seconds=0.15)

    @pytest.mark.parametrize(("accept", "beat"), [(SSE, b":\n"), (NDJSON, b"\n")])
    async def test_a_quiet_stream_beats_and_no_client_takes_that_for_an_event(
        self, agents: Agents, accept: str, beat: bytes
    ) -> None:
        created = await agents.create()

        async with agents.open(created["task"], accept=accept) as stream:
            await until(lambda: stream.body.endswith(beat * 2))
            await in_database(logs.begin)(created["id"])
            await until(lambda: b"running" in stream.body)

        assert types(records(stream)) == ["ready", "status", "status"]


class TestChoosingAForm:
    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            ("*/*", "application/json"),
            ("", "application/json"),
            ("text/event-stream, application/json;q=0.5", SSE),
            ("text/event-stream;q=0.1, application/json", "application/json"),
            ("application/json;q=0, */*", SSE),
            ("application/*;q=0.2, application/x-ndjson", NDJSON),
            ("application/x-ndjson;q=0.9, text/event-stream;q=0.8", NDJSON),
            ("TEXT/EVENT-STREAM", SSE),
            ("text/html, */*;q=0.1", "application/json"),
        ],
    )
    async def test_the_accept_header_decides_by_its_weights(
        self, agents: Agents, accept: str, kind: str
    ) -> None:
        url, _ = await ended_task(agents)

        answer = await agents.get(url, accept=accept)

        assert answer.headers["content-type"].partition(";")[0] == kind
        assert "Accept" in answer.headers["vary"]

    @pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "garbage"])
    async def test_what_nobody_can_read_is_refused_as_a_problem(self, agents: Agents, accept: str) -> None:
        url, _ = await ended_task(agents)

        answer = await agents.get(url, accept=accept)

        assert (answer.status, answer.headers["content-type"]) == (406, "application/problem+json")

    @both_forms
    async def test_a_task_that_is_made_with_a_stream_in_mind_streams_at_once(
        self, agents: Agents, accept: str
    ) -> None:
        body = {"url": "https://shop.example/", "prompt": "opening hours"}

        async with agents.open("/v1/tasks", "POST", body, accept=accept) as stream:
            await until(lambda: b"waiting_browser" in stream.body)
            name = records(stream)[0]["data"]["taskId"]
            await in_database(logs.past)(name)
            await stream.ended()

        assert stream.status == 200
        assert stream.headers["location"].partition("?")[0].endswith(f"/v1/tasks/{name}")
        assert types(records(stream))[:3] == ["ready", "status", "status"]
        assert types(records(stream))[-1] == "done"


@both_forms
class TestTokens:
    async def test_the_token_may_stand_in_the_header_or_in_the_address(
        self, agents: Agents, accept: str
    ) -> None:
        url, log = await ended_task(agents)
        bare, _, token = url.partition("?access=")

        answer = await agents.get(bare, accept=accept, authorization=f"Bearer {token}")

        assert records(answer)[1:] == log

    async def test_another_s_token_opens_nothing_and_says_so_as_if_there_were_nothing(
        self, agents: Agents, accept: str
    ) -> None:
        one, other = await agents.create(), await agents.create()
        path = one["task"].partition("?")[0]
        tokens = [other["task"], one["workflow"], "?access=agt_access_x", ""]

        answers = [
            await agents.get(f"{path}?access={each.partition('?access=')[2]}", accept=accept)
            for each in tokens
        ]
        missing = await agents.get(f"/v1/tasks/agt_{'0' * 32}?access=agt_access_x", accept=accept)

        assert {each.status for each in answers} == {404}
        assert {each.json()["code"] for each in [*answers, missing]} == {"TASK_NOT_FOUND"}

    async def test_two_tokens_or_no_token_at_all_in_shape_are_a_bad_request(
        self, agents: Agents, accept: str, shop: Site
    ) -> None:
        url = (await agents.create())["task"]

        doubled = await agents.get(url, accept=accept, authorization="Bearer agt_access_x")
        odd = await agents.get(url.partition("?")[0] + "?access=%00", accept=accept)

        assert [doubled.status, odd.status] == [400, 400]
