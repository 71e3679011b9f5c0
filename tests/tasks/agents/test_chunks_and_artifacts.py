"""Large events: they come in pieces, or by reference, and nothing of them is lost."""

import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasks.core.public_events import CHUNK_BYTES, INLINE_BYTES, Reassembler
from tests.tasks.agents import logs
from tests.tasks.agents.logs import FORMS, NDJSON, SSE, Record, records, types
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import Exchange, in_database

pytestmark = pytest.mark.usefixtures("shop")
MIB = 1024 * 1024
callers = itertools.cycle(range(1, 255))
both_forms = pytest.mark.parametrize("accept", FORMS)
in_a_loop = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
letters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
around = st.sampled_from([CHUNK_BYTES, INLINE_BYTES, 2 * CHUNK_BYTES, 9 * CHUNK_BYTES])


def json_bytes(data: Record) -> int:
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def message(text: str, n_bytes: int) -> Record:
    """A message made of `text`, over and over, whose JSON has so many bytes."""
    empty = {"role": "assistant", "text": ""}
    room = n_bytes - json_bytes(empty)
    each = json_bytes(empty | {"text": text}) - json_bytes(empty)
    return empty | {"text": text * (room // each) + "-" * (room % each)}


def put_together(found: list[Record]) -> list[Record]:
    """The events that records make, but for the greeting."""
    reassembler = Reassembler()
    whole = [done for record in found if (done := reassembler.feed(record)) is not None]
    return [event for event in whole if event["type"] != "ready"]


async def told(agents: Agents, *payloads: Record, result: Record | None = None) -> dict[str, Any]:
    """What making a task answered that then said this and ended."""
    # each from an address of its own: one alone may start only so many in a minute
    body = {"url": "https://shop.example/", "prompt": "opening hours"}
    answer = await agents.post("/v1/tasks", body, ip=f"10.0.0.{next(callers)}")
    created: dict[str, Any] = answer.json()
    await in_database(logs.begin)(created["id"])
    for payload in payloads:
        await in_database(logs.tell)(created["id"], payload)
    await in_database(logs.end)(created["id"], result=result)
    return created


@both_forms
@in_a_loop
@given(text=letters, size=around, off=st.integers(-6, 6))
@example(text="漢", size=INLINE_BYTES, off=1)
@example(text='😀\u2028\r\n"\\', size=MIB, off=0)
async def test_an_event_of_any_size_and_script_arrives_whole(
    agents: Agents, accept: str, text: str, size: int, off: int
) -> None:
    payload = message(text, size + off)

    created = await told(agents, payload)
    found = records(await agents.get(created["task"], accept=accept))

    events = put_together(found)
    assert types(events) == ["status", "status", "message", "done"]
    assert events[2]["data"] == payload
    pieces = [record for record in found if record["id"] == "evt_3"]
    n_pieces = pieces[0].get("chunkCount", 1)
    assert len(pieces) == n_pieces
    assert (n_pieces > 1) is (size + off > INLINE_BYTES)


@both_forms
async def test_pieces_share_id_type_and_time_and_are_numbered(agents: Agents, accept: str) -> None:
    created = await told(agents, message("é", 30_000))

    found = records(await agents.get(created["task"], accept=accept))
    pieces = [record for record in found if record.get("chunked")]

    assert {(each["id"], each["type"], each["chunkCount"]) for each in pieces} == {("evt_3", "message", 3)}
    assert len({each["ts"] for each in pieces}) == 1
    assert [each["chunkIndex"] for each in pieces] == [0, 1, 2]
    assert all(len(each["data"]["chunk"].encode()) <= CHUNK_BYTES for each in pieces)


class TestResumingInTheMiddle:
    @in_a_loop
    @given(cut=st.integers(0, 110_000))
    async def test_an_event_source_that_is_cut_between_pieces_loses_nothing(
        self, agents: Agents, cut: int
    ) -> None:
        payloads = [message("漢", 20_000), message("x", 100), message("é", 60_000)]
        url = (await told(agents, *payloads))["task"]

        whole = await agents.get(url, accept=SSE)
        seen = logs.server_sent(whole.body[:cut])
        at = {"last_event_id": seen[-1].id} if seen else {}
        rest = await agents.get(url, accept=SSE, **at)

        events = put_together([one.json() for one in seen] + records_or_none(rest))
        assert [event["data"] for event in events if event["type"] == "message"] == payloads
        assert events == put_together(records(whole))

    @in_a_loop
    @given(cut=st.integers(0, 110_000))
    async def test_a_reader_of_lines_goes_on_after_the_last_whole_event(
        self, agents: Agents, cut: int
    ) -> None:
        payloads = [message("漢", 20_000), message("é", 60_000)]
        url = (await told(agents, *payloads))["task"]

        whole = await agents.get(url, accept=NDJSON)
        lines = whole.body[:cut].split(b"\n")[:-1]
        seen = put_together([json.loads(line) for line in lines])
        after = f"&after={seen[-1]['id']}" if seen else ""
        rest = await agents.get(url + after, accept=NDJSON)

        assert seen + put_together(records(rest)) == put_together(records(whole))


def records_or_none(answer: Exchange) -> list[Record]:
    return [] if answer.status == 204 else records(answer)


class TestArtifacts:
    @pytest.mark.parametrize("text", ["x", "漢", "😀 \u2028 é", '\\"\n'])
    @both_forms
    async def test_more_than_a_mebibyte_is_one_record_that_says_where_the_whole_is(
        self, agents: Agents, accept: str, text: str
    ) -> None:
        payload = message(text, MIB + 1)
        created = await told(agents, payload)
        token = created["task"].partition("?access=")[2]

        found = records(await agents.get(created["task"], accept=accept))
        (record,) = [each for each in found if each["id"] == "evt_3"]
        reference = record["artifactRef"]
        fetched = await agents.get(f"{reference['url']}?access={token}")

        assert record["data"] == {"role": "assistant", "omitted": ["text"], "omittedCount": 1}
        assert fetched.headers["content-type"] == reference["mimeType"] == "application/json"
        assert len(fetched.body) == reference["sizeBytes"]
        assert hashlib.sha256(fetched.body).hexdigest() == reference["sha256"]
        assert fetched.json() == payload

    async def test_the_token_may_stand_in_the_header_and_no_other_opens_it(self, agents: Agents) -> None:
        created, other = await told(agents, message("é", MIB + 1)), await agents.create()
        path, _, token = created["task"].partition("?access=")
        place = f"{path}/artifacts/evt_3"

        by_header = await agents.get(place, authorization=f"Bearer {token}")
        refused = [
            await agents.get(place),
            await agents.get(f"{place}?access={other['task'].partition('?access=')[2]}"),
            await agents.get(f"{path}/artifacts/evt_99?access={token}"),
            await agents.get(f"{path}/artifacts/evil?access={token}"),
        ]

        assert (by_header.status, len(by_header.body) > MIB) == (200, True)
        assert [each.status for each in refused] == [404] * 4

    @both_forms
    async def test_the_workflow_refers_to_its_own_copy_which_its_own_token_opens(
        self, agents: Agents, accept: str
    ) -> None:
        payload = message("漢", MIB + 1)
        created = await told(agents, payload)
        token = created["workflow"].partition("?access=")[2]

        found = records(await agents.get(created["workflow"], accept=accept))
        (record,) = [each for each in found if each["type"] == "message"]
        reference = record["artifactRef"]
        fetched = await agents.get(f"{reference['url']}?access={token}")

        assert "/v1/workflows/" in reference["url"]
        assert record["data"]["taskId"] == created["id"]
        assert hashlib.sha256(fetched.body).hexdigest() == reference["sha256"]
        assert (len(fetched.body), fetched.json()) == (
            reference["sizeBytes"],
            payload | {"taskId": created["id"]},
        )

    @both_forms
    async def test_an_answer_too_large_to_be_told_still_ends_the_stream_as_done(
        self, agents: Agents, accept: str
    ) -> None:
        result = {"text": "é" * MIB, "summary": "Many."}
        created = await told(agents, result=result)
        token = created["task"].partition("?access=")[2]

        found = records(await agents.get(created["task"], accept=accept))
        fetched = await agents.get(f"{found[-1]['artifactRef']['url']}?access={token}")

        assert (found[-1]["type"], found[-1]["data"]["status"]) == ("done", "completed")
        assert fetched.json() == {"status": "completed", "result": result}
        assert types(records(await agents.get(created["workflow"], accept=accept)))[-2:] == ["done", "done"]

    async def test_what_no_reader_could_take_is_replaced_before_it_is_stored(self, agents: Agents) -> None:
        created = await told(agents, {"role": "assistant", "text": "a\0b\ud83d c \ud83d\ude00"})

        (said,) = [
            each
            for each in records(await agents.get(created["task"], accept=NDJSON))
            if each["type"] == "message"
        ]

        assert said["data"]["text"].startswith("a\ufffdb\ufffd c ")
