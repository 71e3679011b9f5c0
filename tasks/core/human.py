"""A task's events as lines for people. Snapshots are in `tasks.core.human_snapshot`.

Every text that may come from the web passes through `printable` here, so a line is always one line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from math import isfinite
from typing import Any

from tasks.core.events import LoggedEvent
from tasks.core.printable import printable
from tasks.core.quantities import count, duration, size, whole_seconds

WORD_WIDTH = 14
SUBJECT_WIDTH = 40
REASON_LENGTH = 200


class Tone(StrEnum):
    """What a word means to the reader; the terminal gives each a colour, never the meaning itself."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    QUIET = "quiet"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event in columns. `subject` is mostly a URL; `details` are what is known about it."""

    seq: int
    clock: str
    word: str
    tone: Tone
    subject: str = ""
    details: tuple[str, ...] = ()

    @property
    def lead(self) -> str:
        """Number and time of day."""
        return f"{self.seq:>4}  {self.clock}  "

    @property
    def tail(self) -> str:
        """What stands behind the word."""
        details = "   ".join(self.details)
        subject = f"{self.subject:<{SUBJECT_WIDTH}}  " if self.subject and details else self.subject
        return f"{subject}{details}".rstrip()

    @property
    def text(self) -> str:
        """The whole line, without a line end."""
        return f"{self.lead}{self.word:<{WORD_WIDTH}} {self.tail}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How one kind of event is told."""

    word: str
    tone: Tone
    details: Callable[[Mapping[str, Any]], tuple[str, ...]]


def event_line(event: LoggedEvent, *, zone: tzinfo | None = None) -> EventLine:
    """The event in columns, with the time of day in `zone` (the machine's own when None). A kind that this
    version does not know is told by its name and its plain fields."""
    form = _FORMS.get(event.kind)
    if form is None:
        details = _plain_fields(event.payload)
        word, tone = printable(event.kind).replace("_", " "), Tone.PLAIN
    else:
        details, word, tone = form.details(event.payload), form.word, form.tone
    return EventLine(
        seq=event.seq,
        clock=event.ts.astimezone(zone).strftime("%H:%M:%S"),
        word=word,
        tone=tone,
        subject=_text(event.payload, "url"),
        details=tuple(detail for detail in details if detail.strip()),
    )


def event_word(kind: str) -> str:
    """The word of an event kind, as its lines have it."""
    form = _FORMS.get(kind)
    return form.word if form else printable(kind).replace("_", " ")


def reason(payload: Mapping[str, Any]) -> str:
    """Why an item or a task failed, in one phrase, from `code`, `error`, `http_status`, `duration_ms`."""
    code, text = _text(payload, "code"), _text(payload, "error")
    took = _number(payload, "duration_ms")
    if code == "timeout" and took is not None:
        return f"timeout after {duration(took)}"
    if code in ("http_status", "gone") and _number(payload, "http_status") is not None:
        return f"HTTP {payload['http_status']}"
    phrase = text or code.replace("_", " ") or "no reason recorded"
    return phrase if len(phrase) <= REASON_LENGTH else f"{phrase[: REASON_LENGTH - 1]}…"


def rollup(values: Mapping[str, Any]) -> str:
    """`30 URLs: 28 done, 2 failed, 3 skipped, in 16.2 s`, as far as the numbers are there."""
    parts = []
    for key, word in (("succeeded", "done"), ("failed", "failed"), ("skipped", "skipped")):
        number = _number(values, key)
        if number is not None and (number or key == "succeeded"):
            parts.append(f"{number:,.0f} {word}")
    took = _number(values, "duration_ms")
    if took is None and (seconds := _number(values, "duration_s")) is not None:
        took = seconds * 1000
    if took is not None:
        parts.append(f"in {duration(took)}")
    total = _number(values, "total")
    return f"{count(int(total), 'URL')}: {', '.join(parts)}" if total and parts else ", ".join(parts)


def _started(payload: Mapping[str, Any]) -> tuple[str, ...]:
    urls = _number(payload, "total")
    parts = [] if urls is None else [count(int(urls), "URL")]
    limits = payload.get("effective")
    limits = limits if isinstance(limits, Mapping) else payload
    if (total := _number(limits, "concurrency")) is not None:
        parts.append(f"{total:.0f} at a time")
    if (per_host := _number(limits, "per_domain_concurrency")) is not None:
        parts.append(f"{per_host:.0f} per host")
    if not parts:
        parts = [_text(payload, "task_kind")]
    if attempt := _text(payload, "attempt"):
        parts.append(f"attempt {attempt}")
    return (", ".join(parts),)


def _done(payload: Mapping[str, Any]) -> tuple[str, ...]:
    n_bytes, took = _number(payload, "bytes"), _number(payload, "duration_ms")
    return (
        _text(payload, "http_status"),
        "" if n_bytes is None else f"{size(n_bytes):>6}",
        "" if took is None else f"{duration(took):>6}",
        _cache_word(payload),
    )


def _cache_word(payload: Mapping[str, Any]) -> str:
    status = payload.get("cache_status") or ("hit" if payload.get("cached") else "miss")
    if status == "miss":
        return "not stored" if payload.get("stored") is False else ""
    return "cache" if status == "hit" else printable(f"cache, {status}")


def _failed(payload: Mapping[str, Any]) -> tuple[str, ...]:
    if not payload.get("will_retry"):
        return (reason(payload),)
    wait = _number(payload, "retry_in_s")
    again = "will be tried again" + ("" if wait is None else f" in {whole_seconds(wait)}")
    return (f"{reason(payload)}; {again}",)


def _completed(payload: Mapping[str, Any]) -> tuple[str, ...]:
    result = payload.get("result")
    values = dict(result) if isinstance(result, Mapping) else {}
    follow_up = _text(payload, "chained_next_task_id")
    return (
        rollup({key: payload[key] for key in _ROLLUP_KEYS if key in payload} | values),
        f"goes on as task {follow_up}" if follow_up else "",
    )


def _task_failed(payload: Mapping[str, Any]) -> tuple[str, ...]:
    slug, message = _text(payload, "error"), _text(payload, "message")
    took = _number(payload, "duration_ms")
    why = f"{slug}: {message}" if slug and message else slug or message or "no reason recorded"
    return (why, "" if took is None else f"after {duration(took)}")


def _cancelled(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_completed(payload), _text(payload, "at").replace("_", " "))


def _plain_fields(payload: Mapping[str, Any]) -> tuple[str, ...]:
    shown = str | int | float | bool
    return tuple(
        printable(f"{key}={value}")
        for key, value in payload.items()
        if isinstance(value, shown) and key not in ("url", "index")
    )


def _note(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (_text(payload, "note"),)


def _attempt(payload: Mapping[str, Any]) -> tuple[str, ...]:
    attempt, wait = _text(payload, "attempt"), _number(payload, "wait_ms_used")
    return (
        f"attempt {attempt}" if attempt else "",
        "" if wait is None else f"after waiting {duration(wait)}",
        *(_failed(payload) if payload.get("error") else ()),
    )


def _revalidated(payload: Mapping[str, Any]) -> tuple[str, ...]:
    if payload.get("changed") is None:
        return ()
    return ("changed" if payload["changed"] else "unchanged",)


def _text(values: Mapping[str, Any], key: str) -> str:
    """What a key holds, harmless; empty for nothing. A log of another version may hold anything."""
    value = values.get(key)
    return "" if value is None else printable(str(value))


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


_ROLLUP_KEYS = ("total", "succeeded", "failed", "skipped", "duration_ms", "duration_s")
_FORMS: dict[str, _Form] = {
    "task_started": _Form(word="task started", tone=Tone.PLAIN, details=_started),
    "batch_start": _Form(word="batch started", tone=Tone.PLAIN, details=_started),
    "task_progress": _Form(word="progress", tone=Tone.PLAIN, details=_note),
    "item_started": _Form(word="started", tone=Tone.QUIET, details=lambda _: ()),
    "item_done": _Form(word="done", tone=Tone.GOOD, details=_done),
    "item_failed": _Form(word="FAILED", tone=Tone.BAD, details=_failed),
    "final": _Form(word="all ended", tone=Tone.PLAIN, details=_completed),
    "task_completed": _Form(word="task completed", tone=Tone.GOOD, details=_completed),
    "task_failed": _Form(word="TASK FAILED", tone=Tone.BAD, details=_task_failed),
    "task_cancelled": _Form(word="task cancelled", tone=Tone.WARN, details=_cancelled),
    "retry_attempted": _Form(word="retrying", tone=Tone.PLAIN, details=_attempt),
    "retry_succeeded": _Form(word="retry worked", tone=Tone.GOOD, details=_attempt),
    "retry_failed": _Form(word="RETRY FAILED", tone=Tone.BAD, details=_attempt),
    "revalidation_started": _Form(word="revalidating", tone=Tone.QUIET, details=lambda _: ()),
    "revalidation_completed": _Form(word="revalidated", tone=Tone.GOOD, details=_revalidated),
}
