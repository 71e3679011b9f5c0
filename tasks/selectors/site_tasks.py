"""Agents' tasks as the people of a site read them: that site's alone, newest first, a page at a time.

Pages are cut by id (ids sort by time), never by counting.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tasks.core.events import LoggedEvent
from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.core.states import TERMINAL, TaskKind
from tasks.models import AgentTask, Event, Task
from tasks.selectors.background import logged_event

if TYPE_CHECKING:
    from workspace.models import Site

PAGE_SIZE = 50
RECENT = 1_000
"""So many of the newest tasks are looked at for what the filters offer."""
AGENTS_OFFERED = 100
OPEN = "open"
"""As a status: every task that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks are wanted; what is empty does not matter. `text` is looked for in prompts, shortcuts,
    agent keys and names, or is a task's id; `status` is one, or OPEN; `agent` an agent's key; `since` and
    `until` are days in UTC, both included."""

    text: str = ""
    status: str = ""
    trust: str = ""
    agent: str = ""
    execution: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything is wanted."""
        return not any(asdict(self).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Tasks, newest first. `newer` and `older` are the ids to go on from, None at an end."""

    tasks: list[AgentTask]
    newer: UUID | None
    older: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One task of a workflow. `task` is None when it is another site's: then nothing but its host and its
    status is anybody's business here."""

    host: str
    status: str
    task: AgentTask | None


def tasks_of_site(site: "Site") -> QuerySet[Task]:
    """The agents' tasks of one site."""
    return Task.objects.filter(site=site, kind=TaskKind.AGENT)


def task_of_site(site: "Site", name: str) -> AgentTask | None:
    """The task `agt_…`, if it is this site's."""
    task_id = read_name(name, TASK_PREFIX)
    rows = AgentTask.objects.select_related("task", "receipt")
    return None if task_id is None else rows.filter(pk=task_id, task__site=site).first()


def agent_task_behind(task_id: UUID) -> AgentTask | None:
    """The agent's task that a row of the task table is, or with which it began when the row is a workflow;
    None for other work."""
    rows = AgentTask.objects.filter(Q(pk=task_id) | Q(workflow=task_id)).select_related("task__site")
    return rows.order_by("depth").first()


def filtered(rows: QuerySet[Task], wanted: TaskFilter) -> QuerySet[Task]:
    """The tasks that fit."""
    exact = {
        "agent_task__trust": wanted.trust,
        "agent_task__agent_key": wanted.agent,
        "agent_task__execution": wanted.execution,
        "created_at__gte": datetime.combine(wanted.since, time.min, UTC) if wanted.since else None,
        "created_at__lte": datetime.combine(wanted.until, time.max, UTC) if wanted.until else None,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.status == OPEN:
        rows = rows.exclude(status__in=TERMINAL)
    elif wanted.status:
        rows = rows.filter(status=wanted.status)
    return rows.filter(_holds(wanted.text)) if wanted.text else rows


def task_page(
    rows: QuerySet[Task],
    *,
    older_than: UUID | None = None,
    newer_than: UUID | None = None,
    size: int = PAGE_SIZE,
) -> TaskPage:
    """At most `size` tasks: the newest, those next older than one, or those next newer than one."""
    rows = rows.select_related("agent_task", "agent_task__receipt")
    if newer_than is not None and older_than is None:
        found = list(rows.filter(pk__gt=newer_than).order_by("pk")[: size + 1])
        shown = found[:size][::-1]
        has_newer, has_older = len(found) > size, True
    else:
        before = rows if older_than is None else rows.filter(pk__lt=older_than)
        found = list(before.order_by("-pk")[: size + 1])
        shown = found[:size]
        has_newer, has_older = older_than is not None, len(found) > size
    return TaskPage(
        tasks=[_with_task(row) for row in shown],
        newer=shown[0].pk if shown and has_newer else None,
        older=shown[-1].pk if shown and has_older else None,
    )


def counts_of_day(site: "Site", *, now: datetime) -> dict[str, int]:
    """By status, the tasks made on this day (UTC); statuses without any are left out."""
    today = tasks_of_site(site).filter(created_at__gte=datetime.combine(now.astimezone(UTC), time.min, UTC))
    return dict(today.values_list("status").annotate(n=Count("pk")))


def agents_seen(site: "Site") -> list[tuple[str, str]]:
    """(key, name) of the agents of the newest tasks, to choose from."""
    columns = ("agent_task__agent_key", "agent_task__agent__displayName")
    found: dict[str, str] = {}
    for key, name in tasks_of_site(site).order_by("-pk").values_list(*columns)[:RECENT]:
        found.setdefault(key, str(name or ""))
    return sorted(found.items(), key=lambda pair: pair[1].casefold())[:AGENTS_OFFERED]


def members_of(agent_task: AgentTask, site: "Site") -> list[Member]:
    """The tasks of its workflow, the root first, as this site may know them."""
    rows = AgentTask.objects.filter(workflow=agent_task.workflow_id).select_related("task")
    return [
        Member(host=row.host, status=row.task.status, task=row if row.task.site_id == site.pk else None)
        for row in rows.order_by("depth", "task_id")
    ]


def events_behind(task: Task, *, after: int, limit: int) -> list[LoggedEvent]:
    """The first `limit` events behind `after`, in order, as far as the log went when `task` was read."""
    rows = Event.objects.filter(task=task, seq__gt=after, seq__lte=task.last_seq)
    return [logged_event(row) for row in rows.order_by("seq")[:limit]]


def events_ahead(task: Task, *, before: int, limit: int) -> list[LoggedEvent]:
    """The last `limit` events ahead of `before`, in order, as far as the log went when `task` was read."""
    rows = Event.objects.filter(task=task, seq__lt=before, seq__lte=task.last_seq)
    newest_first = list(rows.order_by("-seq")[:limit])
    return [logged_event(row) for row in reversed(newest_first)]


def _holds(text: str) -> Q:
    task_id = read_name(text, TASK_PREFIX)
    if task_id is not None:
        return Q(pk=task_id)
    columns = ("prompt", "wish", "shortcut", "agent_key", "agent__displayName")
    anywhere = Q()
    for column in columns:
        anywhere |= Q(**{f"agent_task__{column}__icontains": text})
    return anywhere


def _with_task(row: Task) -> AgentTask:
    found: AgentTask = row.agent_task
    found.task = row
    return found
