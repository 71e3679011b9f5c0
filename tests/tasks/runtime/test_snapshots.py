"""Snapshots: limits, digest, which of two counts."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.errors import SnapshotTooLarge
from tasks.core.runtime.projection import StoredSnapshot
from tasks.core.runtime.snapshots import (
    BODY_MAX,
    KEPT,
    Marks,
    adopts,
    capped,
    check_size,
    fnv1a,
    marks_of,
    own,
    save_data,
    settled_time,
)
from tests.tasks.runtime.strategies import json_values

CHECKPOINT: dict[str, Any] = {
    "taskEpoch": 2,
    "task": {"id": "t1", "status": "running"},
    "boundaryId": "b1",
    "activeRunId": "A",
    "tabs": [
        {"logicalTabId": "2", "status": "open", "url": "https://www.acme.example/b", "updatedAt": 5},
        {"logicalTabId": "1", "status": "open", "url": "https://www.acme.example/a", "updatedAt": 4},
    ],
    "messages": [{"id": "m1", "text": "hi", "ts": 1}],
    "timeline": [],
    "plannerSteps": [],
    "prevSteps": [{"id": "p1"}, {"id": "p2"}],
    "updatedAt": 1_771_484_403_000,
}


def digest(**changes: Any) -> str:
    return marks_of("s", CHECKPOINT | changes).digest


# --- limits ---


def test_a_body_may_have_a_mebibyte() -> None:
    check_size(BODY_MAX)
    with pytest.raises(SnapshotTooLarge) as caught:
        check_size(BODY_MAX + 1)
    assert caught.value.data == {"size": 1_048_577, "maximum": 1_048_576}


@pytest.mark.parametrize(
    ("name", "kept"), [("messages", 40), ("timeline", 60), ("plannerSteps", 16), ("prevSteps", 8)]
)
def test_of_each_list_the_newest_entries_stay(name: str, kept: int) -> None:
    found = capped({name: list(range(100)), "other": list(range(100))})

    assert found == {name: list(range(100 - kept, 100)), "other": list(range(100))}
    assert KEPT[name] == kept


def test_no_text_is_kept_beyond_its_length_wherever_it_stands() -> None:
    found = capped({"messages": [{"parts": ["x" * 8_001]}], "title": "y" * 9_000})

    assert found == {"messages": [{"parts": ["x" * 8_000]}], "title": "y" * 8_000}


def test_a_checkpoint_of_a_newer_version_is_kept_as_it_is() -> None:
    newer = {"messages": list(range(100)), "title": "y" * 9_000}

    assert capped(newer, version=2) == newer


@pytest.mark.parametrize(
    ("claimed", "time"), [(None, 1_000), (900, 900), (1_000, 1_000), (9_999, 1_000), (-5, 0)]
)
def test_a_snapshot_is_never_from_the_future(claimed: int | None, time: int) -> None:
    assert settled_time(claimed, now_ms=1_000) == time


# --- what is answered ---

STORED = StoredSnapshot(updated_at=1_000, digest="sd:00000001", checkpoint={"messages": [1]})


@pytest.mark.parametrize(("stored", "at"), [(None, 500), (STORED, 1_000), (STORED, 1_001)])
def test_a_snapshot_that_is_not_older_is_saved(stored: StoredSnapshot | None, at: int) -> None:
    assert save_data(stored, updated_at=at, digest="sd:2") == {
        "saved": True,
        "updatedAt": at,
        "digest": "sd:2",
    }


def test_an_older_snapshot_gets_the_newer_one_back() -> None:
    assert save_data(STORED, updated_at=999, digest="sd:2") == {
        "saved": False,
        "stale": True,
        "checkpoint": {"messages": [1]},
        "updatedAt": 1_000,
    }


@pytest.mark.parametrize(
    ("stored_for", "visitor", "seen"),
    [("v", "v", True), (None, None, True), ("v", "w", False), ("v", None, False), (None, "v", False)],
)
def test_nobody_gets_the_snapshot_of_another_visitor(
    stored_for: str | None, visitor: str | None, seen: bool
) -> None:
    assert (own(STORED, stored_for=stored_for, visitor_id=visitor) is not None) is seen


# --- the digest ---


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968), (b"chongo was here!\n", 0xD49930D5)],
)
def test_the_hash_is_fnv_1a_of_32_bits(data: bytes, value: int) -> None:
    assert fnv1a(data) == value


def test_the_digest_is_over_the_text_that_a_page_makes() -> None:
    text = (
        '["s",2,"t1","running","A","b1",'
        '[["1","open","https://www.acme.example/a"],["2","open","https://www.acme.example/b"]],'
        '[["messages",1,"m1"],["timeline",0,null],["plannerSteps",0,null],["prevSteps",2,"p2"]]]'
    )

    assert digest() == f"sd:{fnv1a(text.encode()):08x}"


def test_an_empty_checkpoint_has_a_digest_too() -> None:
    lists = '[["messages",0,null],["timeline",0,null],["plannerSteps",0,null],["prevSteps",0,null]]'
    text = f'["ü\\ud800",null,null,null,null,null,[],{lists}]'

    assert marks_of("ü\ud800", {}).digest == f"sd:{fnv1a(text.encode()):08x}"


@pytest.mark.parametrize(
    "changes",
    [
        {"updatedAt": 0},
        {"messages": [{"id": "m1", "text": "other", "ts": 99}]},
        {"tabs": CHECKPOINT["tabs"][::-1]},
        {"tabs": [tab | {"updatedAt": 99} for tab in CHECKPOINT["tabs"]]},
        {"prevSteps": [{"id": "zz"}, {"id": "p2"}]},
        {"whatever": 1},
        {"task": {"id": "t1", "status": "running", "startedAt": 5}},
    ],
)
def test_times_and_texts_do_not_change_the_digest(changes: dict[str, Any]) -> None:
    assert digest(**changes) == digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"taskEpoch": 3},
        {"task": {"id": "t2", "status": "running"}},
        {"task": {"id": "t1", "status": "completed"}},
        {"boundaryId": "b2"},
        {"activeRunId": None},
        {"activeRunId": "B"},
        {"tabs": CHECKPOINT["tabs"][:1]},
        {"tabs": [CHECKPOINT["tabs"][0] | {"status": "blocked"}, CHECKPOINT["tabs"][1]]},
        {"messages": []},
        {"messages": [{"id": "m2"}]},
        {"plannerSteps": [{}]},
        {"prevSteps": [{"id": "p1"}, {"id": "p3"}]},
    ],
)
def test_each_change_of_place_changes_the_digest(changes: dict[str, Any]) -> None:
    assert digest(**changes) != digest()


def test_another_session_has_another_digest() -> None:
    assert marks_of("s", CHECKPOINT).digest != marks_of("t", CHECKPOINT).digest


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*CHECKPOINT, "x"]), json_values | st.lists(json_values, max_size=3), max_size=6
    )
)
def test_any_checkpoint_has_marks_a_digest_and_fits(checkpoint: dict[str, Any]) -> None:
    found = marks_of("s", checkpoint)

    assert found.digest.startswith("sd:")
    assert len(found.digest) == 11
    assert marks_of("s", json.loads(json.dumps(checkpoint))).digest == found.digest
    assert set(capped(checkpoint)) == set(checkpoint)


# --- adoption ---

LOCAL = marks_of("s", CHECKPOINT)
RICHER = marks_of("s", CHECKPOINT | {"messages": [{}] * 5})
NOBODY = Marks(session_id="s")


@pytest.mark.parametrize(("ahead", "wins"), [(201, True), (200, False), (0, False), (-5_000, False)])
def test_a_clearly_newer_checkpoint_wins(ahead: int, wins: bool) -> None:
    assert adopts(LOCAL, RICHER, local_at=10_000, incoming_at=10_000 + ahead) is wins
    assert adopts(LOCAL, NOBODY, local_at=10_000, incoming_at=10_000 + ahead, is_resuming=True) is wins


def incoming(**changes: Any) -> Marks:
    return marks_of("s", CHECKPOINT | {"messages": [{}] * 5} | changes)


@pytest.mark.parametrize(
    ("local", "other", "wins"),
    [
        (LOCAL, incoming(), True),
        (LOCAL, incoming(messages=[{"id": "m9"}]), False),  # not richer
        (LOCAL, incoming(boundaryId="b2"), True),  # the same run
        (LOCAL, incoming(activeRunId="B"), True),  # the same boundary
        (LOCAL, incoming(activeRunId="B", boundaryId="b2"), False),  # neither
        (LOCAL, incoming(boundaryId="b2", taskEpoch=1), False),  # an earlier epoch, another boundary
        (LOCAL, incoming(taskEpoch=1), True),  # an earlier epoch, the same boundary
        (LOCAL, incoming(boundaryId="b2", taskEpoch=None), True),
        (NOBODY, incoming(), True),
        (NOBODY, NOBODY, False),
        (Marks(session_id="s", task_id="t9"), incoming(), False),
    ],
)
def test_while_resuming_an_older_but_richer_checkpoint_of_the_same_task_wins(
    local: Marks, other: Marks, wins: bool
) -> None:
    assert adopts(local, other, local_at=10_000, incoming_at=5_000, is_resuming=True) is wins
    assert not adopts(local, other, local_at=10_000, incoming_at=5_000)
