"""What goes into a body, and what stays out."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.samples import sample_of
from roverbook.core.webhooks.shaping import MAX_BYTES, body_of, without_queries


def shaped(data: dict[str, Any], **given: Any) -> Any:
    text = body_of(
        message="whk_1", event="visit.failed", created_ms=17, site_id="bakery-1", data=data, **given
    )
    return json.loads(text)


def test_the_envelope() -> None:
    assert shaped({"a": 1}) == {
        "id": "whk_1",
        "event": "visit.failed",
        "createdAt": 17,
        "siteId": "bakery-1",
        "apiVersion": "1",
        "data": {"a": 1},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://shop.example/cart?token=abc#top", "https://shop.example/cart"),
        ("See https://me:pass@shop.example/a?b=1, then go", "See https://shop.example/a then go"),
        ("HTTP://shop.example?x=1", "HTTP://shop.example"),
        ("(https://shop.example/#/login/secret)", "(https://shop.example/"),
        ("Is 5 > 3? Yes #1", "Is 5 > 3? Yes #1"),
        ("https://shop.example/plain", "https://shop.example/plain"),
    ],
)
def test_addresses_lose_what_may_be_secret(text: str, expected: str) -> None:
    assert without_queries(text) == expected


def test_what_pages_contain_and_what_opens_a_memory_is_left_out() -> None:
    steps = [{"action": "type", "args": {"text": "4111 1111"}, "pageUrl": "https://a.example/?q=1", "ts": 5}]
    data = {
        "trajectoryPreview": steps,
        "agentMemoryKey": "mem_1",
        "snapshot": "<html>",
        "latestUrl": "https://a.example/?q=1",
    }

    assert shaped(data)["data"] == {
        "trajectoryPreview": [{"action": "type", "pageUrl": "https://a.example/", "ts": 5}],
        "latestUrl": "https://a.example/",
    }


def test_what_is_too_long_is_cut_and_named() -> None:
    steps = [{"stepId": n, "target": "x" * 400} for n in range(400)]
    said = shaped({"trajectoryPreview": steps, "summary": "y" * 9_000, "visitId": "agt_1"})

    assert set(said["cut"]) == {"data.summary", "data.trajectoryPreview"}
    assert said["data"]["visitId"] == "agt_1"
    assert len(said["data"]["summary"]) == 4_000
    kept = said["data"]["trajectoryPreview"]
    assert 0 < len(kept) < 400
    assert kept[0] == steps[0]


TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.integers() | st.floats() | TEXT | TEXT.map(lambda text: text * 200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.dictionaries(TEXT, JSON, max_size=6))
def test_any_data_makes_json_within_the_limit(data: dict[str, Any]) -> None:
    limit = 4_000
    text = body_of(message="whk_1", event="e", created_ms=1, site_id="s", data=data, limit=limit)

    assert len(text.encode()) <= limit
    assert json.loads(text)["id"] == "whk_1"


def test_a_hostile_body_stays_within_64_kib_and_says_so() -> None:
    deep: Any = "end"
    for _ in range(200):
        deep = {"\ud800\x00": [deep]}
    said = body_of(
        message="m",
        event="e",
        created_ms=1,
        site_id="s",
        data={"deep": deep, **{f"k{n}" * 50: "é" * 5_000 for n in range(60)}},
    )

    assert len(said.encode()) <= MAX_BYTES
    assert json.loads(said)["cut"]


@pytest.mark.parametrize("event", Happening)
def test_there_is_a_sample_of_each_event(event: Happening) -> None:
    sample = sample_of(event)

    assert sample["sample"] is True
    assert shaped(sample)["data"] == sample
