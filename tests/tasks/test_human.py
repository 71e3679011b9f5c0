"""How events, snapshots and quantities read."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core import quantities
from tasks.core.events import LoggedEvent
from tasks.core.human import event_line, reason
from tasks.core.human_forms import Tone
from tasks.core.human_snapshot import cancel_line, footer, item_line, list_lines, short_id, snapshot_lines
from tasks.core.printable import printable, printable_block

TASK = "0190c3a4-7b1e-7c55-9d0a-2f6b1c8e4a10"
NOW = datetime(2026, 1, 31, 12, 4, 19, tzinfo=UTC)
URL = "https://docs.acme.example/"


def logged(kind: str, **payload: Any) -> LoggedEvent:
    return LoggedEvent(task_id=UUID(TASK), seq=7, kind=kind, ts=NOW, payload=payload)


def line(kind: str, **payload: Any) -> str:
    return event_line(logged(kind, **payload), zone=UTC).text


def snapshot(**changes: Any) -> dict[str, Any]:
    values = {
        "task_id": TASK,
        "task_kind": "batch_fetch",
        "status": "running",
        "total": 30,
        "succeeded": 22,
        "failed": 0,
        "skipped": 0,
        "in_flight": 5,
        "completed": 22,
        "started_at": "2026-01-31T12:04:07.000Z",
        "updated_at": "2026-01-31T12:04:18.000Z",
        "duration_ms": 12_000,
        "last_event": None,
        "eta_s": None,
        "cancellation_requested": False,
        "error": None,
        "failures": [],
    }
    return values | changes


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        (
            "task_started",
            {"task_kind": "batch_fetch", "total": 30, "concurrency": 8, "per_domain_concurrency": 2},
            "   7  12:04:19  task started   30 URLs, 8 at a time, 2 per host",
        ),
        (
            "task_started",
            {"task_kind": "retry", "attempt": 2},
            "   7  12:04:19  task started   retry, attempt 2",
        ),
        (
            "batch_start",
            {"total": 1, "effective": {"concurrency": 1, "per_domain_concurrency": 1}},
            "   7  12:04:19  batch started  1 URL, 1 at a time, 1 per host",
        ),
        ("item_started", {"index": 0, "url": URL}, f"   7  12:04:19  started        {URL}"),
        (
            "item_done",
            {"url": URL, "http_status": 200, "bytes": 41_200, "duration_ms": 400, "cached": False},
            f"   7  12:04:19  done           {URL:<40}  200    41 kB    0.4 s",
        ),
        (
            "item_done",
            {"url": URL, "http_status": 200, "bytes": 812, "duration_ms": 1900, "cache_status": "hit"},
            f"   7  12:04:19  done           {URL:<40}  200    812 B    1.9 s   cache",
        ),
        (
            "item_done",
            {"url": URL, "http_status": 200, "cache_status": "miss", "stored": False},
            f"   7  12:04:19  done           {URL:<40}  200   not stored",
        ),
        (
            "item_failed",
            {"url": URL, "code": "timeout", "error": "slow", "duration_ms": 10_000},
            f"   7  12:04:19  FAILED         {URL:<40}  timeout after 10 s",
        ),
        (
            "item_failed",
            {"url": URL, "code": "http_status", "http_status": 503, "will_retry": True, "retry_in_s": 90},
            f"   7  12:04:19  FAILED         {URL:<40}  HTTP 503; will be tried again in 1 min 30 s",
        ),
        (
            "final",
            {"succeeded": 28, "failed": 2, "duration_s": 16.2},
            "   7  12:04:19  all ended      28 done, 2 failed, in 16.2 s",
        ),
        (
            "task_completed",
            {"result": {"total": 30, "succeeded": 28, "failed": 2}, "duration_ms": 16_200},
            "   7  12:04:19  task completed 30 URLs: 28 done, 2 failed, in 16.2 s",
        ),
        (
            "task_failed",
            {"error": "owner_died", "message": "The worker died.", "duration_ms": 2000},
            "   7  12:04:19  TASK FAILED    owner_died: The worker died.   after 2 s",
        ),
        (
            "task_cancelled",
            {
                "at": "between_items",
                "total": 30,
                "succeeded": 3,
                "failed": 0,
                "skipped": 27,
                "duration_ms": 900,
            },
            "   7  12:04:19  task cancelled 30 URLs: 3 done, 27 skipped, in 0.9 s   between items",
        ),
        ("task_progress", {"note": "half way"}, "   7  12:04:19  progress       half way"),
        (
            "revalidation_completed",
            {"url": URL, "changed": False},
            f"   7  12:04:19  revalidated    {URL:<40}  unchanged",
        ),
        ("a_new_kind", {"count": 3, "deep": {}}, "   7  12:04:19  a new kind     count=3"),
    ],
)
def test_an_event_is_one_line_with_number_time_word_and_facts(
    kind: str, payload: dict[str, Any], expected: str
) -> None:
    assert line(kind, **payload) == expected


def test_the_time_of_day_is_that_of_the_zone() -> None:
    assert event_line(logged("final"), zone=UTC).clock == "12:04:19"


def test_success_and_failure_have_different_tones() -> None:
    assert event_line(logged("item_done")).tone is Tone.GOOD
    assert event_line(logged("item_failed")).tone is Tone.BAD


def test_a_hostile_url_cannot_leave_its_line_or_touch_the_terminal() -> None:
    url = "https://e.example/\x1b]52;c;aGk=\x07a\nb\u202ec\x9b31md\x1b[2Je"

    assert line("item_started", url=url) == "   7  12:04:19  started        https://e.example/a bcde"


def test_a_long_reason_is_cut() -> None:
    assert len(reason({"error": "x" * 5000})) == 200


payloads = st.dictionaries(
    st.sampled_from(
        [
            "url",
            "error",
            "code",
            "total",
            "bytes",
            "duration_ms",
            "http_status",
            "result",
            "attempt",
            "note",
            "x",
        ]
    ),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text()),
)


@settings(max_examples=100)
@given(
    kind=st.sampled_from(
        [
            "task_started",
            "item_done",
            "item_failed",
            "task_completed",
            "task_failed",
            "retry_failed",
            "\x1b]0;x",
        ]
    ),
    payload=payloads,
)
def test_any_payload_makes_one_printable_line(kind: str, payload: dict[str, Any]) -> None:
    text = line(kind, **payload)

    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


@settings(max_examples=150)
@given(
    text=st.text(alphabet=st.characters(max_codepoint=0x2FFF))
    | st.text(alphabet="\x1b\x9b\x9d[]P;\x07\\m0 \n")
)
def test_printable_text_holds_no_control_and_stays_as_it_is(text: str) -> None:
    once = printable(text)

    assert not any(unicodedata.category(character) == "Cc" for character in once)
    assert printable(once) == once


@settings(max_examples=50)
@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"])))
def test_plain_text_of_any_script_is_untouched(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "control", ["\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u061c", "\ufeff", "\U000e0041"]
)
def test_bidirectional_and_invisible_controls_are_stripped(control: str) -> None:
    assert printable(f"a{control}b") == "ab"
    assert printable_block(f"a{control}b") == "ab"


def test_a_block_keeps_its_lines_and_tabs() -> None:
    assert printable_block("# a\r\n\tb\u2028c\x1b[31md\x00") == "# a\n\tb\ncd"


def test_many_unfinished_sequences_do_not_take_quadratic_time() -> None:
    assert len(printable("\x9d" * 200_000 + "\x1b]a" * 100_000)) == 100_000


def test_a_running_batch_reads_as_progress_last_event_and_what_to_do() -> None:
    last = {"seq": 41, "kind": "item_failed", "ts": "2026-01-31T12:04:16.000Z", "url": URL}
    failures = [{"index": 3, "url": URL, "code": "timeout", "error": "slow"}]

    lines = snapshot_lines(snapshot(failed=1, eta_s=4.2, last_event=last, failures=failures), now=NOW)

    assert lines == [
        "batch_fetch   ● running   22 of 30 done, 1 failed, 5 in flight   started 12 s ago",
        f"task         {TASK}",
        "time left    about 4 s",
        f"last event   #41 FAILED {URL} (3 s ago)",
        f"watch        rover batch {TASK} --monitor",
        f"stop it      rover task {TASK} --cancel",
        "",
        "1 failed",
        f"  slow   {URL}",
    ]


def test_an_ended_task_of_another_kind_reads_as_its_end() -> None:
    ended = snapshot(task_kind="retry", status="failed", total=0, error="retries_exhausted", eta_s=3.0)

    assert snapshot_lines(ended, now=NOW) == [
        "retry   ✗ failed   took 12 s   ended 1 s ago",
        f"task         {TASK}",
        "error        retries_exhausted",
    ]


def test_a_batch_being_cancelled_says_what_still_runs() -> None:
    lines = snapshot_lines(snapshot(cancellation_requested=True), now=NOW)

    assert "cancelling   5 requests in flight will finish; nothing new starts." in lines
    assert not any("--cancel" in text for text in lines)


def test_more_failures_than_are_shown_are_counted() -> None:
    failures = [{"index": n, "url": URL, "code": "gone", "error": "", "http_status": 404} for n in range(10)]

    lines = snapshot_lines(snapshot(failed=25, failures=failures), now=NOW)

    assert lines[-1] == f"  and 15 more: rover batch results {TASK}"
    assert lines[-2] == f"  HTTP 404   {URL}"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("requested", "Cancel requested. 5 requests in flight will finish; nothing new starts."),
        (
            "already_requested",
            "Cancel was requested before. 5 requests in flight will finish; nothing new starts.",
        ),
        ("ended", "Nothing to cancel: the task is running."),
    ],
)
def test_a_cancel_says_what_it_did(outcome: str, expected: str) -> None:
    assert cancel_line(outcome, snapshot()) == expected


def test_the_footer_tells_counts_share_pace_and_time_left() -> None:
    text = footer(snapshot(failed=1, completed=23, eta_s=3.9), per_second=1.9, width=120)

    assert text.startswith("✓ 22  ✗ 1  ● 5  ○ 2   ━━━━━━━━━━━━━━━━━━╸─────")
    assert text.endswith("    76 %   1.9/s   about 4 s left   Ctrl-C detaches")


@given(width=st.integers(0, 200), total=st.integers(0, 10_000), done=st.integers(0, 10_000))
@settings(max_examples=100)
def test_a_footer_never_is_wider_than_the_terminal(width: int, total: int, done: int) -> None:
    values = snapshot(total=total, succeeded=min(done, total), completed=min(done, total), eta_s=1e6)

    assert len(footer(values, per_second=123.4, width=width)) <= width


def test_a_narrow_footer_keeps_the_counts_and_the_share() -> None:
    assert footer(snapshot(), per_second=1.0, width=30) == "✓ 22  ✗ 0  ● 5  ○ 3    73 %"


def test_a_list_shows_the_end_of_each_id() -> None:
    made = (NOW - timedelta(seconds=31)).isoformat()
    rows: list[dict[str, Any]] = [
        {"task_id": TASK, "kind": "batch_fetch", "status": "running", "total": 30, "created_at": made},
        {"task_id": TASK, "kind": "retry", "status": "failed", "error": "shutdown", "created_at": made},
    ]

    assert list_lines(rows, now=NOW) == [
        "…8e4a10   batch_fetch   ● running   30 URLs    31 s ago",
        "…8e4a10   retry         ✗ failed    shutdown   31 s ago",
    ]
    assert short_id(TASK) == "…8e4a10"


def test_an_item_tells_what_came_of_it() -> None:
    done = {
        "index": 4, "status": "done", "url": URL, "http_status": 200, "tokens": 1842,
        "duration_ms": 400, "cache_status": "hit",
    }  # fmt: skip

    assert item_line(done) == f"   4  ✓ done       {URL:<40}  200   1,842 tokens   0.4 s   cache"
    assert item_line({"index": 5, "status": "in_flight", "url": URL}) == f"   5  ● in flight  {URL}"


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (-5, "0 ms"), (0, "0 ms"), (99, "99 ms"), (100, "0.1 s"), (400, "0.4 s"), (10_000, "10 s"),
        (59_949, "59.9 s"), (59_950, "1 min"), (125_000, "2 min 5 s"), (3_780_000, "1 h 3 min"),
        (86_400_000 * 3 + 3600_000 * 4, "3 d 4 h"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_to_what_matters(milliseconds: int, expected: str) -> None:
    assert quantities.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("n_bytes", "expected"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1240, "1.2 kB"), (41_200, "41 kB"), (999_499, "999 kB"),
        (999_500, "1 MB"), (3_400_000, "3.4 MB"), (5e9, "5 GB"), (2e12, "2 TB"),
    ],
)  # fmt: skip
def test_a_size_has_decimal_units(n_bytes: float, expected: str) -> None:
    assert quantities.size(n_bytes) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "just now"), (0.4, "just now"), (12.2, "12 s ago"), (7500, "2 h 5 min ago")],
)
def test_an_age_is_told_in_whole_seconds(seconds: float, expected: str) -> None:
    assert quantities.age(seconds) == expected


@pytest.mark.parametrize(("per_second", "expected"), [(140.2, "140/s"), (1.94, "1.9/s"), (0.2, "12/min")])
def test_a_slow_rate_is_told_by_the_minute(per_second: float, expected: str) -> None:
    assert quantities.rate(per_second) == expected
