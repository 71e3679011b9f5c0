"""What changed, in parts that fit into memory, no visit in two of them."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from roverbook.core.visits.naming import visit_of_boundary
from roverbook.services.projecting.gathering import Wanted
from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.models import AgentTask, Run

VISITS = 100
ASKED_AT_ONCE = 500
"""Values in one question to the database."""


def parts_of(wanted: Wanted, *, size: int = VISITS) -> Iterator[Wanted]:
    """The same, of about `size` visits each."""
    named = {name: read_name(name, TASK_PREFIX) for name in wanted.visits}
    tasks: set[Any] = wanted.tasks | {task_id for task_id in named.values() if task_id is not None}
    visits = {name for name, task_id in named.items() if task_id is None}
    alone: dict[str, UUID] = {}
    for run_ids in _pieces(sorted(wanted.runs), ASKED_AT_ONCE):
        runs = Run.objects.filter(pk__in=run_ids)
        tasks.update(runs.filter(task__isnull=False).values_list("task", flat=True))
        rows = runs.filter(task__isnull=True).values_list("pk", "session_id", "boundary")
        alone |= {visit_of_boundary(session_id, name, str(pk)): pk for pk, session_id, name in rows}
    known = _agents_tasks(tasks)
    gone = {name for name, task_id in named.items() if task_id is not None and task_id not in known}
    for task_ids in _pieces(sorted(known), size):
        yield Wanted(tasks=set(task_ids))
    for some in _pieces(sorted(alone.values()), size):
        yield Wanted(runs=set(some))
    for names in _pieces(sorted((visits | gone) - alone.keys()), size):
        yield Wanted(visits=set(names))


def _agents_tasks(task_ids: set[UUID]) -> set[UUID]:
    """Those that are agents' tasks; logs of workflows and batches are no visits."""
    found: set[UUID] = set()
    for some in _pieces(sorted(task_ids), ASKED_AT_ONCE):
        found.update(AgentTask.objects.filter(pk__in=some).values_list("pk", flat=True))
    return found


def _pieces(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
