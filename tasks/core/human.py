"""A task's events as lines for people. Snapshots are in `tasks.core.human_snapshot`.

Every text that may come from the web passes through `printable` here, so a line is always one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from tasks.core.events import LoggedEvent
from tasks.core.human_agents import AGENT_FORMS
from tasks.core.human_forms import Form, Tone, number_of, phrase, text_of
from tasks.core.printable import printable
from tasks.core.quantities import count, duration, size, whole_seconds

WORD_WIDTH = 14
SUBJECT_WIDTH = 40


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


def event_line(event: LoggedEvent, *, zone: tzinfo | None = None) -> EventLine:
    """The event in columns, with the time of day in `zone` (the machine's own when None). A kind that this
    version does not know is told by its name and its plain fields."""
    form = _FORMS.get(event.kind)
    if form is None:
        details = _plain_fields(event.payload)
        word, tone = printable(event.kind).replace("_", " "), Tone.PLAIN
    else:
        details = form.details(event.payload)
        word, tone = form.varied(event.payload) if form.varied else (form.word, form.tone)
    return EventLine(
        seq=event.seq,
        clock=event.ts.astimezone(zone).strftime("%H:%M:%S"),
        word=word,
        tone=tone,
        subject=text_of(event.payload, "url"),
        details=tuple(detail for detail in details if detail.strip()),
    )


def event_word(kind: str) -> str:
    """The word of an event kind, as its lines have it."""
    form = _FORMS.get(kind)
    return form.word if form else printable(kind).replace("_", " ")


def reason(payload: Mapping[str, Any]) -> str:
    """Why an item or a task failed, in one phrase, from `code`, `error`, `http_status`, `duration_ms`."""
    code, text = text_of(payload, "code"), text_of(payload, "error")
    took = number_of(payload, "duration_ms")
    if code == "timeout" and took is not None:
        return f"timeout after {duration(took)}"
    if code in ("http_status", "gone") and number_of(payload, "http_status") is not None:
        return f"HTTP {payload['http_status']}"
    return phrase(text or code.replace("_", " ") or "no reason recorded")


def rollup(values: Mapping[str, Any]) -> str:
    """`30 URLs: 28 done, 2 failed, 3 skipped, in 16.2 s`, as far as the numbers are there."""
    parts = []
    for key, word in (("succeeded", "done"), ("failed", "failed"), ("skipped", "skipped")):
        number = number_of(values, key)
        if number is not None and (number or key == "succeeded"):
            parts.append(f"{number:,.0f} {word}")
    took = number_of(values, "duration_ms")
    if took is None and (seconds := number_of(values, "duration_s")) is not None:
        took = seconds * 1000
    if took is not None:
        parts.append(f"in {duration(took)}")
    total = number_of(values, "total")
    return f"{count(int(total), 'URL')}: {', '.join(parts)}" if total and parts else ", ".join(parts)


def _started(payload: Mapping[str, Any]) -> tuple[str, ...]:
    urls = number_of(payload, "total")
    parts = [] if urls is None else [count(int(urls), "URL")]
    limits = payload.get("effective")
    limits = limits if isinstance(limits, Mapping) else payload
    if (total := number_of(limits, "concurrency")) is not None:
        parts.append(f"{total:.0f} at a time")
    if (per_host := number_of(limits, "per_domain_concurrency")) is not None:
        parts.append(f"{per_host:.0f} per host")
    if not parts:
        parts = [text_of(payload, "task_kind")]
    if attempt := text_of(payload, "attempt"):
        parts.append(f"attempt {attempt}")
    return (", ".join(parts),)


def _done(payload: Mapping[str, Any]) -> tuple[str, ...]:
    n_bytes, took = number_of(payload, "bytes"), number_of(payload, "duration_ms")
    return (
        text_of(payload, "http_status"),
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
    wait = number_of(payload, "retry_in_s")
    again = "will be tried again" + ("" if wait is None else f" in {whole_seconds(wait)}")
    return (f"{reason(payload)}; {again}",)


def _completed(payload: Mapping[str, Any]) -> tuple[str, ...]:
    result = payload.get("result")
    values = dict(result) if isinstance(result, Mapping) else {}
    follow_up = text_of(payload, "chained_next_task_id")
    return (
        rollup({key: payload[key] for key in _ROLLUP_KEYS if key in payload} | values),
        f"goes on as task {follow_up}" if follow_up else "",
    )


def _task_failed(payload: Mapping[str, Any]) -> tuple[str, ...]:
    slug, message = text_of(payload, "error"), text_of(payload, "message")
    took = number_of(payload, "duration_ms")
    why = f"{slug}: {message}" if slug and message else slug or message or "no reason recorded"
    return (why, "" if took is None else f"after {duration(took)}")


def _cancelled(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_completed(payload), text_of(payload, "at").replace("_", " "))


def _plain_fields(payload: Mapping[str, Any]) -> tuple[str, ...]:
    shown = str | int | float | bool
    return tuple(
        printable(f"{key}={value}")
        for key, value in payload.items()
        if isinstance(value, shown) and key not in ("url", "index")
    )


def _note(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (text_of(payload, "note"),)


def _attempt(payload: Mapping[str, Any]) -> tuple[str, ...]:
    attempt, wait = text_of(payload, "attempt"), number_of(payload, "wait_ms_used")
    return (
        f"attempt {attempt}" if attempt else "",
        "" if wait is None else f"after waiting {duration(wait)}",
        *(_failed(payload) if payload.get("error") else ()),
    )


def _revalidated(payload: Mapping[str, Any]) -> tuple[str, ...]:
    if payload.get("changed") is None:
        return ()
    return ("changed" if payload["changed"] else "unchanged",)


_ROLLUP_KEYS = ("total", "succeeded", "failed", "skipped", "duration_ms", "duration_s")
_FORMS: dict[str, Form] = {
    **AGENT_FORMS,
    "task_started": Form(word="task started", tone=Tone.PLAIN, details=_started),
    "batch_start": Form(word="batch started", tone=Tone.PLAIN, details=_started),
    "task_progress": Form(word="progress", tone=Tone.PLAIN, details=_note),
    "item_started": Form(word="started", tone=Tone.QUIET, details=lambda _: ()),
    "item_done": Form(word="done", tone=Tone.GOOD, details=_done),
    "item_failed": Form(word="FAILED", tone=Tone.BAD, details=_failed),
    "final": Form(word="all ended", tone=Tone.PLAIN, details=_completed),
    "task_completed": Form(word="task completed", tone=Tone.GOOD, details=_completed),
    "task_failed": Form(word="TASK FAILED", tone=Tone.BAD, details=_task_failed),
    "task_cancelled": Form(word="task cancelled", tone=Tone.WARN, details=_cancelled),
    "retry_attempted": Form(word="retrying", tone=Tone.PLAIN, details=_attempt),
    "retry_succeeded": Form(word="retry worked", tone=Tone.GOOD, details=_attempt),
    "retry_failed": Form(word="RETRY FAILED", tone=Tone.BAD, details=_attempt),
    "revalidation_started": Form(word="revalidating", tone=Tone.QUIET, details=lambda _: ()),
    "revalidation_completed": Form(word="revalidated", tone=Tone.GOOD, details=_revalidated),
}
