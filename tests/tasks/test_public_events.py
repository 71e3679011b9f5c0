"""Events on the wire: the envelope, pieces, artefacts, and putting them together again."""

import hashlib
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.core.public_events import (
    ArtifactRef,
    BrokenEvent,
    PublicEvent,
    PublicEventType,
    Reassembler,
    Record,
    UnwritableEvent,
    artifact_body,
    ndjson,
    records,
    sse,
)

NOW = datetime(2026, 1, 31, 12, 4, 19, 251_000, tzinfo=UTC)
TS = "2026-01-31T12:04:19.251Z"
MIB = 1024 * 1024


def event(data: Mapping[str, Any], *, id: str = "evt_7") -> PublicEvent:
    return PublicEvent(id=id, type=PublicEventType.MESSAGE, ts=NOW, data=data)


def of_size(n_bytes: int, letter: str = "x") -> dict[str, str]:
    """Data whose compact JSON has exactly so many bytes."""
    room = n_bytes - len('{"t":""}')
    width = len(letter.encode())
    return {"t": letter * (room // width) + "-" * (room % width)}


def read(stream: bytes) -> list[Record]:
    """The records of an NDJSON stream."""
    return [json.loads(line) for line in stream.split(b"\n") if line]


def read_sse(stream: bytes) -> list[tuple[str, str, Record]]:
    """Event name, last event id and record of each server-sent event, as a public client reads them."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream)
    return [(one.event, one.id, one.json()) for one in EventSource(response).iter_sse()]


def whole(given: list[Record]) -> list[Record]:
    reassembler = Reassembler()
    return [done for record in given if (done := reassembler.feed(record))]


def test_a_small_event_is_one_record_with_four_members() -> None:
    assert records(event({"role": "agent", "text": "Hi"})) == [
        {"id": "evt_7", "type": "message", "ts": TS, "data": {"role": "agent", "text": "Hi"}}
    ]


def test_the_names_are_the_nine_of_the_contract() -> None:
    names = "ready status step tool message observation input done error"

    assert [name.value for name in PublicEventType] == names.split()


@pytest.mark.parametrize(
    ("n_bytes", "count"), [(16_383, 1), (16_384, 1), (16_385, 2), (24_576, 2), (24_577, 3), (MIB, 86)]
)
def test_data_over_16_kib_is_cut_into_pieces_of_12_kib(n_bytes: int, count: int) -> None:
    assert len(records(event(of_size(n_bytes)))) == count


def test_pieces_share_the_envelope_and_are_numbered_from_0() -> None:
    found = records(event(of_size(30_000)))

    assert [(r["id"], r["type"], r["ts"], r["chunked"], r["chunkIndex"], r["chunkCount"]) for r in found] == [
        ("evt_7", "message", TS, True, index, 3) for index in range(3)
    ]
    assert json.loads("".join(r["data"]["chunk"] for r in found)) == of_size(30_000)


@pytest.mark.parametrize("letter", ["é", "漢", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_no_piece_is_over_its_limit_and_no_character_is_cut(letter: str, shift: int) -> None:
    data = {"a" * (shift + 1): letter * 10_000}

    pieces = [record["data"]["chunk"] for record in records(event(data))]

    assert all(12_288 - 4 < len(piece.encode()) <= 12_288 for piece in pieces[:-1])
    assert json.loads("".join(pieces)) == data


def test_the_size_is_that_of_utf_8_and_not_of_escapes() -> None:
    assert len(records(event(of_size(16_384, "漢")))) == 1


def test_data_over_1_mib_is_a_summary_and_a_reference_to_the_whole() -> None:
    big = event({"role": "agent", "text": "x" * MIB, "blocks": [{"n": 1}], "omitted": "own"})
    body = artifact_body(big)
    assert body is not None
    artifact = ArtifactRef.of(body, id="art_1", url="https://r.example/v1/tasks/agt_1/artifacts/art_1")

    (record,) = records(big, artifact=artifact)

    assert json.loads(body) == big.data
    assert record == {
        "id": "evt_7",
        "type": "message",
        "ts": TS,
        "data": {"role": "agent", "blocks": [{"n": 1}], "omitted": ["text", "omitted"], "omittedCount": 2},
        "artifactRef": {
            "id": "art_1",
            "url": "https://r.example/v1/tasks/agt_1/artifacts/art_1",
            "mimeType": "application/json",
            "sizeBytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        },
    }


def test_a_summary_stays_small_whatever_it_summarises() -> None:
    data = (
        {f"{n:03}" + "n" * 200: "x" * 700 for n in range(500)}
        | {"y" * MIB: 1}
        | {f"k{n}": "x" * 2000 for n in range(500)}
    )
    body = artifact_body(event(data)) or b""

    (record,) = records(event(data), artifact=ArtifactRef.of(body, id="art_1", url="https://r.example/"))

    assert len(json.dumps(record["data"])) < 16_384
    assert record["data"]["omittedCount"] == len(data) - (len(record["data"]) - 2)


@pytest.mark.parametrize(("n_bytes", "needed"), [(MIB, False), (MIB + 1, True)])
def test_an_artefact_is_needed_from_one_byte_over_1_mib(n_bytes: int, needed: bool) -> None:
    assert (artifact_body(event(of_size(n_bytes))) is not None) is needed


def test_an_event_over_1_mib_is_never_told_without_its_artefact() -> None:
    with pytest.raises(UnwritableEvent, match="artifact"):
        records(event(of_size(MIB + 1)))


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    "data",
    [{"n": float("nan")}, {"n": float("inf")}, {"n": NOW}, {"n": b"x"}, endless()],
    ids=["nan", "inf", "date", "bytes", "loop"],
)
def test_data_that_is_no_json_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnwritableEvent):
        records(event(data))


@pytest.mark.parametrize("id", ["", "a b", "a\nb", "a\r", "a\x00", "é", "x" * 129, "a\u2028"])
def test_an_id_that_would_break_a_line_is_refused(id: str) -> None:
    with pytest.raises(UnwritableEvent):
        records(event({}, id=id))


@pytest.mark.parametrize(
    "member", [{"id": "1\ndata: x"}, {"type": "done\n\n"}, {"type": "ping"}, {"id": 7}, {"type": ["done"]}]
)
def test_a_record_that_would_break_a_line_is_not_written(member: dict[str, Any]) -> None:
    with pytest.raises(UnwritableEvent):
        sse(records(event({}))[0] | member)


@pytest.mark.parametrize("after", ["1\n", "", "\x00"])
def test_a_place_that_would_break_a_line_is_not_written(after: str) -> None:
    with pytest.raises(UnwritableEvent):
        sse(records(event(of_size(20_000)))[0], after=after)


def test_the_two_forms_of_a_record() -> None:
    (record,) = records(event({"text": "a\nb\u2028ä"}))
    line = '{"id":"evt_7","type":"message","ts":"2026-01-31T12:04:19.251Z","data":{"text":"a\\nb\\u2028\\u00e4"}}'

    assert ndjson(record) == f"{line}\n".encode()
    assert sse(record) == f"id: evt_7\nevent: message\ndata: {line}\n\n".encode()


def test_a_reader_that_loses_the_connection_amid_pieces_comes_back_for_the_whole_event() -> None:
    first, *_, last = records(event(of_size(40_000)))

    assert sse(first, after="evt_6").startswith(b"id: evt_6\nevent: message\n")
    assert sse(first).startswith(b"event: message\n")
    assert sse(last, after="evt_6").startswith(b"id: evt_7\nevent: message\n")


# --- there and back ---

characters = st.characters() | st.sampled_from('\ud800\udfff\ude00😀\u2028\u0085\r\n\x00\\"')
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters), inner, max_size=4),
    max_leaves=10,
)
json_objects = st.dictionaries(st.text(characters, max_size=5), json_values, max_size=5)


def stretched(data: dict[str, Any], times: int) -> dict[str, Any]:
    """The data so often that it takes some pieces."""
    return {"again": [data] * times, "tail": "😀漢é" * times}


def sound(text: str) -> str:
    """Halves that make a pair are a character; other halves are U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def settled(value: Any) -> Any:
    """What any UTF-8 reader can get of a value."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, list):
        return [settled(item) for item in value]
    return {sound(name): settled(item) for name, item in value.items()} if isinstance(value, dict) else value


@settings(max_examples=200, deadline=None)
@given(data=json_objects, times=st.integers(1, 4000), seed=st.integers(0, 1000))
@example(data={"\ud83d": "\ude00\ud83d", "\ud83d\ude00": 1}, times=2500, seed=1)
def test_any_data_comes_back_from_both_wires_in_any_order(
    data: dict[str, Any], times: int, seed: int
) -> None:
    told = event(stretched(data, times)) if len(json.dumps(data)) * times < MIB // 3 else event(data)
    expected = {
        "id": "evt_7",
        "type": "message",
        "ts": TS,
        "data": settled(json.loads(json.dumps(dict(told.data)))),
    }
    sent = records(told)
    random.Random(seed).shuffle(sent)

    by_line = read(b"".join(map(ndjson, sent)))
    by_event = read_sse(b"".join(map(sse, sent)))

    assert all(len(r["data"]["chunk"].encode()) <= 12_288 for r in sent if "chunked" in r)
    assert whole(by_line) == [expected]
    assert whole([record for _, _, record in by_event]) == [expected]
    assert {name for name, _, _ in by_event} == {"message"}


def test_pieces_of_several_events_may_be_mixed_and_come_twice() -> None:
    one, two = event(of_size(30_000), id="evt_1"), event(of_size(40_000, "é"), id="evt_2")
    mixed = (
        records(one)[:2] * 2 + records(two)[::-1] + records(event({"a": 1}, id="evt_3")) + records(one)[2:]
    )

    assert [(done["id"], done["data"]) for done in whole(mixed)] == [
        ("evt_2", two.data),
        ("evt_3", {"a": 1}),
        ("evt_1", one.data),
    ]


def test_an_event_is_given_only_when_its_last_missing_piece_is_there() -> None:
    first, second, third = records(event(of_size(30_000)))
    reassembler = Reassembler()

    assert [reassembler.feed(record) is None for record in (first, third, third, first)] == [True] * 4
    assert reassembler.feed(second) is not None


PIECE = records(event(of_size(30_000)))[0]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"id": "evt_1", "type": "message", "ts": TS},
        {"id": "evt_1", "type": "message", "ts": TS, "data": []},
        {"id": "evt_1", "type": "message", "ts": 5, "data": {}},
        {"id": "evt_1", "type": "other", "ts": TS, "data": {}},
        {"id": "evt_1", "type": ["message"], "ts": TS, "data": {}},
        {"id": None, "type": "message", "ts": TS, "data": {}},
        PIECE | {"chunkIndex": -1},
        PIECE | {"chunkIndex": 3},
        PIECE | {"chunkIndex": True},
        PIECE | {"chunkIndex": "0"},
        PIECE | {"chunkCount": 0},
        PIECE | {"chunkCount": 87},
        PIECE | {"chunkCount": 10**9},
        PIECE | {"chunkCount": None},
        PIECE | {"data": {}},
        PIECE | {"data": "x"},
        PIECE | {"data": {"chunk": 5}},
        PIECE | {"data": {"chunk": "x" * 12_289}},
        PIECE | {"chunkCount": 1, "data": {"chunk": "{"}},
        PIECE | {"chunkCount": 1, "data": {"chunk": "[]"}},
        PIECE | {"chunkCount": 1, "data": {"chunk": "[" * 12_000}},
    ],
)
def test_a_record_that_is_none_of_ours_is_refused(record: Record) -> None:
    with pytest.raises(BrokenEvent):
        Reassembler().feed(record)


@pytest.mark.parametrize(
    "other",
    [{"chunkCount": 4}, {"type": "step"}, {"ts": "2026-01-31T12:04:20.000Z"}, {"data": {"chunk": "other"}}],
)
def test_pieces_that_contradict_each_other_are_refused_and_forgotten(other: dict[str, Any]) -> None:
    reassembler = Reassembler()
    reassembler.feed(PIECE)

    with pytest.raises(BrokenEvent):
        reassembler.feed(PIECE | other)

    first, second, third = records(event(of_size(30_000)))
    assert [reassembler.feed(piece) for piece in (second, third)] == [None, None]
    assert (reassembler.feed(first) or {})["data"] == of_size(30_000)


def test_beginnings_without_an_end_do_not_pile_up() -> None:
    reassembler = Reassembler()
    for n in range(16):
        reassembler.feed(PIECE | {"id": f"evt_{n}"})

    with pytest.raises(BrokenEvent, match="16"):
        reassembler.feed(PIECE | {"id": "evt_16"})
