"""What is shown of a session."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.projection import (
    EVENTS_MAX,
    ResyncReason,
    ShownEvent,
    StoredSnapshot,
    Tab,
    TabScope,
    TabStatus,
    projection,
    resync_reason,
    wire_time,
)
from tests.tasks.runtime.bench import SESSION, run, session

NOON = datetime(2026, 4, 14, 12, 0, 0, 250_001, tzinfo=UTC)


def event(seq: int) -> ShownEvent:
    return ShownEvent(seq=seq, type="status", ts=NOON, data={"n": seq})


def test_a_session_at_work_is_shown_whole() -> None:
    tab = Tab(
        logical_tab_id="2",
        parent_logical_tab_id="1",
        scope=TabScope.EXTERNAL,
        status=TabStatus.BLOCKED,
        url="https://other.test/",
        reason="policy_blocked",
        updated_at=1_771_484_403_000,
    )

    shown = projection(
        session(5, run("A", seq=2)),
        events=[event(1), event(2)],
        tabs=[tab],
        seq_after=1,
        snapshot=StoredSnapshot(updated_at=7, digest="sd:00000001", checkpoint={"messages": []}),
        resync_reason=ResyncReason.INITIAL,
    )

    assert shown == {
        "sessionId": SESSION,
        "epoch": 5,
        "activeRunId": "A",
        "runStatus": "running",
        "runMode": "act",
        "events": [
            {
                "seq": 2,
                "type": "status",
                "ts": {"_seconds": 1_776_168_000, "_nanoseconds": 250_001_000},
                "data": {"n": 2},
            }
        ],
        "tabs": [
            {
                "logicalTabId": "2",
                "parentLogicalTabId": "1",
                "scope": "external",
                "status": "blocked",
                "url": "https://other.test/",
                "reason": "policy_blocked",
                "updatedAt": 1_771_484_403_000,
            }
        ],
        "snapshot": {"messages": []},
        "snapshotUpdatedAt": 7,
        "snapshotMeta": {"updatedAt": 7, "digest": "sd:00000001"},
        "resyncReason": "initial",
    }


def test_what_is_not_known_of_a_tab_is_left_out() -> None:
    tab = Tab(logical_tab_id="1", scope=TabScope.IN_SCOPE, status=TabStatus.OPEN, updated_at=1)

    assert tab.as_wire() == {"logicalTabId": "1", "scope": "in_scope", "status": "open", "updatedAt": 1}


def test_metadata_comes_without_the_snapshot() -> None:
    shown = projection(session(), events=[], snapshot=StoredSnapshot(updated_at=7, digest="sd:0"))

    assert "snapshot" not in shown
    assert shown["snapshotMeta"] == {"updatedAt": 7, "digest": "sd:0"}


@pytest.mark.parametrize(
    ("newest", "after_control", "told"),
    [
        (None, False, {}),
        (None, True, {"activeRunId": ""}),
        ("running", False, {"activeRunId": "A", "runStatus": "running", "runMode": "act"}),
        ("running", True, {"activeRunId": "A", "runStatus": "running", "runMode": "act"}),
        ("completed", False, {"runStatus": "completed", "runMode": "act"}),
        ("cancelled", True, {"activeRunId": "", "runStatus": "cancelled", "runMode": "act"}),
    ],
)
def test_how_the_newest_run_stands_is_told_also_when_it_has_ended(
    newest: str | None, after_control: bool, told: dict[str, str]
) -> None:
    state = session(1, run("A", status=newest) if newest else None)

    shown = projection(state, events=[], is_after_control=after_control)

    assert shown == {"sessionId": SESSION, "epoch": 1, **told, "events": [], "tabs": []}


def test_a_long_log_is_read_page_by_page_without_a_gap() -> None:
    log = [event(seq) for seq in range(450, 0, -1)]
    seen: list[int] = []
    while True:
        page = projection(session(), events=log, seq_after=seen[-1] if seen else 0)["events"]
        if not page:
            break
        assert len(page) <= EVENTS_MAX
        seen += [each["seq"] for each in page]

    assert seen == list(range(1, 451))


zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(timezones=zones))
def test_a_time_is_seconds_and_the_nanoseconds_after_them(aware: datetime) -> None:
    told = wire_time(aware)

    assert 0 <= told["_nanoseconds"] < 1_000_000_000
    back = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=told["_seconds"], microseconds=told["_nanoseconds"] / 1_000
    )
    assert back == aware


@pytest.mark.parametrize(
    ("initial", "forced", "known", "current", "reason"),
    [
        (True, True, "sd:1", "sd:1", "initial"),
        (False, True, "sd:1", "sd:1", "forced"),
        (False, False, "sd:1", "sd:2", "digest_changed"),
        (False, False, "sd:1", "sd:1", None),
        (False, False, None, "sd:1", None),
        (False, False, "sd:1", None, None),
    ],
)
def test_a_reader_is_told_why_it_gets_all_anew(
    initial: bool, forced: bool, known: str | None, current: str | None, reason: str | None
) -> None:
    assert resync_reason(is_initial=initial, is_forced=forced, known_digest=known, digest=current) == reason
