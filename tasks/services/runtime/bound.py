"""What happens to an agent's task that a run in a page carries out, happens to the run.

Rows are locked in one order: the session's before the task's. So whoever changes a task holds its run first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from tasks.core.public_input import Given
from tasks.core.runtime.commands import AnyCommand, AskUserAnswer, RunControl
from tasks.core.runtime.machine import decide
from tasks.core.runtime.states import TERMINAL
from tasks.core.runtime.verdicts import Circumstances
from tasks.models import Run
from tasks.services.runtime.holding import Held, answers_note, events_write, session_hold, state_save
from workspace.core.navigation import CrossHostPolicy, ExternalNavigationPolicy, NavigationRules
from workspace.core.patterns import ScopeMode

NOWHERE = NavigationRules(
    patterns=(),
    mode=ScopeMode.HOST_ONLY,
    external=ExternalNavigationPolicy.BLOCK,
    cross_host=CrossHostPolicy.SAME_TAB,
)


def run_hold(task_id: UUID) -> Held | None:
    """Lock the session whose run carries the task out, inside a transaction; None when none does."""
    going = Run.objects.filter(task=task_id).exclude(status__in=TERMINAL)
    session_id = going.values_list("session_id", flat=True).first()
    return None if session_id is None else session_hold(session_id)


def run_cut(held: Held | None, *, reason: str, now: datetime) -> None:
    """End the run, because its task has ended."""
    if held is None or held.state.active is None:
        return
    command = RunControl(**_named(held), action="cancel", reason=reason)
    _apply(held, command, now)


def run_answer(held: Held | None, given: Iterable[Given], *, now: datetime) -> None:
    """Let the run go on with these answers to what it asked.

    Raises:
        InvalidArgument: a question that must be answered is not.
    """
    if held is None or held.state.active is None:
        return
    said = list(given)
    keyed = {each.key: each.text for each in said if each.key}
    plain = "\n".join(each.text for each in said if not each.key)
    command = AskUserAnswer(**_named(held), answers=keyed, raw_text=plain or None)
    _apply(held, command, now)


def _named(held: Held) -> dict[str, Any]:
    run = held.state.active
    return {
        "session_id": held.session.id,
        "client_event_id": f"task:{uuid4()}",
        "run_id": run.id if run else None,
        "expected_epoch": held.state.epoch,
        "expected_seq": run.seq if run else None,
    }


def _apply(held: Held, command: AnyCommand, now: datetime) -> None:
    verdict = decide(held.state, command, Circumstances(rules=NOWHERE))
    answers_note(held, verdict.events)
    state_save(held, verdict.state, now=now)
    events_write(verdict.events, now=now)
