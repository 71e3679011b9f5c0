"""`rover task list`."""

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from tasks.cli.exits import CommandFailed, ExitCode
from tasks.cli.terminal import Terminal
from tasks.core.human_snapshot import list_lines
from tasks.selectors.background import tasks_recent

_AGE = re.compile(r"(\d{1,6}) ?(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def list_recent(
    *,
    status: str | None,
    kind: str | None,
    since: str | None,
    limit: int,
    form: str,
    as_json: bool,
    color: str,
) -> None:
    """Print the newest tasks; an empty list prints nothing on standard output.

    Raises:
        CommandFailed: `since` is no age and no time.
    """
    now = timezone.now()
    earliest = None if since is None else moment(since, now=now)
    tasks = tasks_recent(status=status, kind=kind, since=earliest, limit=limit)
    terminal = Terminal(color=color)
    if as_json or form == "ndjson":
        for task in tasks:
            terminal.json(task)
    elif tasks:
        terminal.lines(list_lines(tasks, now=now))
    else:
        terminal.note("No task to show. `rover batch start URL` makes one.")


def moment(text: str, *, now: datetime) -> datetime:
    """The time that `--since` means: an age before `now`, or an ISO 8601 time (of this machine's zone, when
    it names none).

    Raises:
        CommandFailed: it is neither.
    """
    if match := _AGE.fullmatch(text.strip().lower()):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise CommandFailed(
            f"{text!r} is no age and no time.",
            code=ExitCode.USAGE,
            advice=["Write --since 30m, 2h, 7d, or a time like 2026-01-31T12:00."],
        ) from exc
