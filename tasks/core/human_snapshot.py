"""Where a task stands, as lines for people: the snapshot, the running footer, lists and short forms."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from tasks.core.human import SUBJECT_WIDTH, event_word, reason, rollup
from tasks.core.human_agents import about, answer_lines, members, name_of, reason_of, short_name, status_words
from tasks.core.human_forms import Tone, mapping_of, phrase, text_of
from tasks.core.printable import printable
from tasks.core.quantities import age, count, duration, rate, whole_seconds
from tasks.core.states import TERMINAL, TaskKind

GLYPHS = {
    "pending": "○",
    "waiting_browser": "○",
    "running": "●",
    "input_required": "?",
    "completed": "✓",
    "failed": "✗",
    "cancelled": "⊘",
    "expired": "⊘",
}
TONES = {
    "completed": Tone.GOOD,
    "failed": Tone.BAD,
    "cancelled": Tone.WARN,
    "expired": Tone.WARN,
    "pending": Tone.QUIET,
}
_ENDED_AT_ONCE = (TaskKind.AGENT, TaskKind.WORKFLOW)
LABEL_WIDTH = 13
BAR_WIDTH = 24


def short_id(task_id: str) -> str:
    """The last six digits of a task's id, as lists show it."""
    return short_name(task_id)


def state(status: str) -> str:
    """Glyph and word of a status: one is enough to understand it."""
    return f"{GLYPHS.get(status, '?')} {status_words(status)}"


def command_for(snapshot: Mapping[str, Any]) -> str:
    """`rover batch ID` or `rover task ID`, whole, ready to paste."""
    name = "batch" if snapshot["task_kind"] == TaskKind.BATCH_FETCH else "task"
    return f"rover {name} {snapshot['task_id']}"


def snapshot_lines(snapshot: Mapping[str, Any], *, now: datetime) -> list[str]:
    """What stands in a snapshot, most important first; the last lines say what to do next."""
    lines = [_headline(snapshot, now), _labelled("task", name_of(snapshot))]
    lines += [_labelled(label, text) for label, text in about(snapshot)]
    if snapshot.get("error"):
        why = reason_of(mapping_of(snapshot, "result")) or printable(str(snapshot["error"]))
        lines.append(_labelled("error", why))
    if snapshot.get("eta_s") is not None and not _has_ended(snapshot):
        lines.append(_labelled("time left", f"about {whole_seconds(snapshot['eta_s'])}"))
    if snapshot.get("last_event"):
        lines.append(_labelled("last event", _last_event(snapshot["last_event"], now)))
    if snapshot.get("cancellation_requested") and not _has_ended(snapshot):
        lines.append(_labelled("cancelling", _what_still_runs(snapshot)))
    lines += _advice(snapshot)
    return lines + failure_lines(snapshot) + _member_lines(snapshot) + answer_lines(snapshot)


def _headline(snapshot: Mapping[str, Any], now: datetime) -> str:
    parts = [printable(str(snapshot["task_kind"])), state(snapshot["status"])]
    if progress := progress_text(snapshot):
        parts.append(progress)
    if _has_ended(snapshot):
        parts.append(f"took {duration(snapshot.get('duration_ms') or 0)}")
        parts.append(f"ended {_ago(snapshot['updated_at'], now)}")
    else:
        parts.append(f"started {_ago(snapshot['started_at'], now)}")
    return "   ".join(parts)


def progress_text(snapshot: Mapping[str, Any]) -> str:
    """`22 of 30 done, 1 failed, 5 in flight`; empty for a task without items."""
    if not snapshot.get("total"):
        return ""
    parts = [f"{snapshot['succeeded']:,} of {snapshot['total']:,} done"]
    for key, word in (("failed", "failed"), ("skipped", "skipped"), ("in_flight", "in flight")):
        if snapshot.get(key):
            parts.append(f"{snapshot[key]:,} {word}")
    return ", ".join(parts)


def failure_lines(snapshot: Mapping[str, Any]) -> list[str]:
    """The failed items with their reasons, as a block that begins with an empty line; none, no block."""
    failures: Sequence[Mapping[str, Any]] = snapshot.get("failures") or ()
    if not failures:
        return []
    reasons = [reason(failure) for failure in failures]
    width = min(max(len(text) for text in reasons), 40)
    lines = ["", f"{snapshot['failed']:,} failed"]
    for failure, text in zip(failures, reasons, strict=True):
        lines.append(f"  {text:<{width}}   {printable(str(failure['url']))}")
    if (hidden := snapshot["failed"] - len(failures)) > 0:
        lines.append(f"  and {count(hidden, 'more', 'more')}: rover batch results {snapshot['task_id']}")
    return lines


def _member_lines(snapshot: Mapping[str, Any]) -> list[str]:
    """The tasks of a workflow, as a block that begins with an empty line."""
    rows = [(name, state(status), host, summary) for name, status, host, summary in members(snapshot)]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [
        "   ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    return ["", count(len(lines), "task"), *(f"  {line}" for line in lines)] if lines else []


def cancel_line(outcome: str, snapshot: Mapping[str, Any]) -> str:
    """What a request to cancel did; `outcome` is a `CancelOutcome`."""
    match outcome:
        case "requested" if _has_ended(snapshot) and snapshot["task_kind"] in _ENDED_AT_ONCE:
            return f"It is {snapshot['status']} now."
        case "requested":
            return f"Cancel requested. {_what_still_runs(snapshot)}"
        case "already_requested":
            return f"Cancel was requested before. {_what_still_runs(snapshot)}"
        case _:
            return f"Nothing to cancel: the task is {status_words(snapshot['status'])}."


def footer(snapshot: Mapping[str, Any], *, per_second: float | None, width: int) -> str:
    """One line of progress, no longer than `width`: counts, a bar, pace, what is left. Where it does not fit,
    the part that is needed least goes first."""
    total, completed = snapshot.get("total") or 0, snapshot.get("completed") or 0
    eta = snapshot.get("eta_s")
    parts = {
        _Need.COUNTS: _counts(snapshot) if total else state(snapshot["status"]),
        _Need.BAR: _bar(completed / total) if total else "",
        _Need.SHARE: f"{completed * 100 // total:>3} %" if total else "",
        _Need.PACE: rate(per_second) if per_second else "",
        _Need.TIME_LEFT: "" if eta is None else f"about {whole_seconds(eta)} left",
        _Need.HINT: "Ctrl-C detaches",
    }
    for need in sorted(_Need, reverse=True):
        line = "   ".join(part for part in parts.values() if part)
        if len(line) <= width:
            return line
        del parts[need]
    return ""


class _Need(IntEnum):
    """Parts of the footer, the most needed first."""

    COUNTS = 0
    SHARE = 1
    TIME_LEFT = 2
    HINT = 3
    PACE = 4
    BAR = 5


def _counts(snapshot: Mapping[str, Any]) -> str:
    ended = snapshot["completed"] + snapshot["in_flight"] + (snapshot.get("skipped") or 0)
    waiting = max(snapshot["total"] - ended, 0)
    return f"✓ {snapshot['succeeded']}  ✗ {snapshot['failed']}  ● {snapshot['in_flight']}  ○ {waiting}"


def _bar(fraction: float) -> str:
    full = int(fraction * BAR_WIDTH)
    return ("━" * full + "╸" * (full < BAR_WIDTH)).ljust(BAR_WIDTH, "─")


def list_lines(tasks: Sequence[Mapping[str, Any]], *, now: datetime) -> list[str]:
    """One line per task: short id, kind, state, size, age."""
    rows = [
        (
            short_id(str(task["task_id"])),
            printable(str(task["kind"])),
            state(task["status"]),
            _outcome_text(task),
            _ago(task["created_at"], now),
        )
        for task in tasks
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        "   ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]


def item_line(item: Mapping[str, Any]) -> str:
    """One item of a batch: position, state, URL, and what came of it."""
    status = str(item["status"])
    glyph = _ITEM_GLYPHS.get(status, "?")
    facts = [reason(item)] if status == "failed" else []
    if status == "done":
        facts = [str(item["http_status"] or ""), count(item["tokens"] or 0, "token")]
        facts.append(duration(item["duration_ms"] or 0))
        facts.append("cache" if item["cache_status"] == "hit" else "")
    tail = "   ".join(fact for fact in facts if fact)
    lead = f"{item['index']:>4}  {glyph} {status.replace('_', ' '):<9}"
    return f"{lead}  {printable(item['url']):<{SUBJECT_WIDTH}}  {tail}".rstrip()


_ITEM_GLYPHS = {"done": "✓", "failed": "✗", "in_flight": "●", "pending": "○", "skipped": "⊘"}


def _outcome_text(task: Mapping[str, Any]) -> str:
    if task.get("error"):
        return printable(str(task["error"]))
    result = task.get("result")
    if isinstance(result, Mapping) and (text := rollup(result) or phrase(text_of(result, "summary"))):
        return text
    return count(task["total"], "URL") if task.get("total") else ""


def _advice(snapshot: Mapping[str, Any]) -> list[str]:
    if _has_ended(snapshot):
        return []
    lines = [_labelled("watch", f"{command_for(snapshot)} --monitor")]
    if not snapshot.get("cancellation_requested"):
        lines.append(_labelled("stop it", f"rover task {snapshot['task_id']} --cancel"))
    return lines


def _last_event(event: Mapping[str, Any], now: datetime) -> str:
    url = printable(str(event.get("url") or ""))
    return " ".join(
        part
        for part in (f"#{event['seq']}", event_word(event["kind"]), url, f"({_ago(event['ts'], now)})")
        if part
    )


def _what_still_runs(snapshot: Mapping[str, Any]) -> str:
    in_flight = snapshot.get("in_flight") or 0
    if not in_flight:
        return "Nothing new starts."
    return f"{count(in_flight, 'request')} in flight will finish; nothing new starts."


def _ago(moment: str, now: datetime) -> str:
    return age((now - datetime.fromisoformat(moment)).total_seconds())


def _labelled(label: str, text: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{text}"


def _has_ended(snapshot: Mapping[str, Any]) -> bool:
    return snapshot["status"] in TERMINAL
