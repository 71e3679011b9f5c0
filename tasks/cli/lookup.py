"""From what a person typed to the task that is meant."""

import re
from typing import Any
from uuid import UUID

from tasks.cli.exits import CommandFailed, ExitCode
from tasks.core.printable import printable
from tasks.core.public_ids import TASK_PREFIX, WORKFLOW_PREFIX

LEAST_DIGITS = 4
CANDIDATES_SHOWN = 10
_PREFIX = re.compile(rf"urn:uuid:|{TASK_PREFIX}|{WORKFLOW_PREFIX}")
_DIGITS = re.compile(r"[0-9a-f-]+")


def task_id_of(text: str, *, subcommands: tuple[str, ...] = ()) -> UUID:
    """The id of the one task whose id is `text`, or begins or ends with it. A leading `…`, as lists print it,
    is accepted, and the names that agents know their tasks and workflows by. The database must be open.

    Raises:
        CommandFailed: `text` is no id or part of one; no task or several fit.
    """
    digits = _PREFIX.sub("", text.strip().lower()).strip("….{}")
    if not _DIGITS.fullmatch(digits):
        raise CommandFailed(
            f"{printable(text)!r} is not a task id.",
            code=ExitCode.USAGE,
            advice=[_suggestion(text, subcommands)],
        )
    plain = digits.replace("-", "")
    if len(plain) == len(UUID(int=0).hex):
        return UUID(plain)
    if not LEAST_DIGITS <= len(plain) < len(UUID(int=0).hex):
        raise CommandFailed(
            f"{printable(text)!r} has {len(plain)} digits; an id has 32, and {LEAST_DIGITS} are the fewest"
            " that can stand for one.",
            code=ExitCode.USAGE,
            advice=["Give the last six: `rover task list` shows them."],
        )
    return _only(plain)


def not_found(text: str) -> CommandFailed:
    """The error for an id that no task has."""
    return CommandFailed(
        f"there is no task {printable(text)}.",
        code=ExitCode.NOT_FOUND,
        advice=["`rover task list` shows the newest; ended tasks are removed after a time."],
    )


def _only(digits: str) -> UUID:
    from tasks.selectors.background import task_ids_matching

    found = task_ids_matching(text=digits, limit=CANDIDATES_SHOWN + 1)
    if not found:
        raise not_found(digits)
    if len(found) > 1:
        raise _ambiguous(digits, found)
    return UUID(str(found[0]["task_id"]))


def _ambiguous(digits: str, found: list[dict[str, Any]]) -> CommandFailed:
    from django.utils import timezone

    from tasks.core.human_snapshot import short_id, state
    from tasks.core.quantities import age

    now = timezone.now()
    several = f"more than {CANDIDATES_SHOWN}" if len(found) > CANDIDATES_SHOWN else str(len(found))
    begins = all(UUID(str(row["task_id"])).hex.startswith(digits) for row in found)
    lines = [
        f"  {short_id(str(row['task_id']))}   {row['kind']:<12} {state(row['status']):<13}"
        f" {age((now - row['created_at']).total_seconds())}"
        for row in found[:CANDIDATES_SHOWN]
    ]
    return CommandFailed(
        f"{several} tasks {'begin' if begins else 'begin or end'} with {digits}:",
        code=ExitCode.NOT_FOUND,
        advice=[*lines, "Give more digits, or the last ones."],
    )


def _suggestion(text: str, subcommands: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(text, subcommands, n=1)
    return f"Did you mean `{close[0]}`?" if close else "`rover task list` shows the ids."
