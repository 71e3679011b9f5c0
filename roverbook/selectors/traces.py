"""Everything that RoverBook, and the logs it is made from, know of one agent or of one visitor on a site."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from roverbook.core.visits.naming import is_of_task, visit_of_boundary, visit_of_task
from roverbook.models import (
    CollectedEvent,
    Exposure,
    InterviewAnswer,
    Note,
    Post,
    Review,
    Visit,
)
from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.models import AgentTask, Run, RuntimeSession
from workspace.models import Site

T = TypeVar("T")
BITE = 500
SAID: dict[str, type[Model]] = {
    "reviews": Review,
    "interviews": InterviewAnswer,
    "notes": Note,
    "posts": Post,
    "exposures": Exposure,
}
"""Tables of what agents said, by the name of the part of an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Where to look: `agent_key` is '' for a visitor, `session_ids` are empty for an agent. `visits` are the
    site's own; `visit_ids`: ids of visits that may not be written yet. `task_ids`: also the site's own;
    `run_ids`: runs of pages that are no task's."""

    site: Site
    visits: QuerySet[Visit]
    agent_key: str = ""
    session_ids: Sequence[str] = ()
    visit_ids: Sequence[str] = ()
    task_ids: Sequence[UUID] = ()
    run_ids: Sequence[UUID] = ()

    @property
    def are_there(self) -> bool:
        """Whether anything is known at all."""
        return any(self.counts().values())

    def collected(self) -> QuerySet[CollectedEvent]:
        """What pages told."""
        mine = self._mine() | Q(session_id__in=self.session_ids)
        return CollectedEvent.objects.filter(mine, site=self.site)

    def said(self, name: str) -> QuerySet[Any]:
        """What was said, of one kind of `SAID`."""
        return SAID[name]._default_manager.filter(self._mine(), site=self.site)

    def tasks(self) -> QuerySet[AgentTask]:
        """The tasks."""
        return AgentTask.objects.filter(pk__in=self.task_ids)

    def sessions(self) -> QuerySet[RuntimeSession]:
        """The sessions of the visitor's pages."""
        return RuntimeSession.objects.filter(site=self.site, pk__in=self.session_ids)

    def counts(self) -> dict[str, int]:
        """How much there is of each kind."""
        found = {
            "visits": self.visits.count(),
            "tasks": len(self.task_ids),
            "sessions": self.sessions().count(),
            "events": self.collected().count(),
        }
        return found | {name: self.said(name).count() for name in SAID}

    def _mine(self) -> Q:
        mine = Q(visit_id__in=self.visits.values("pk")) | Q(visit_id__in=self.visit_ids)
        return mine | Q(agent_key=self.agent_key) if self.agent_key else mine


def traces_of_agent(site: Site, agent_key: str) -> Traces:
    """Those of the agent with this very key, which is not ''; aliases have their own."""
    visits = Visit.objects.filter(site=site, agent_key=agent_key)
    tasks = AgentTask.objects.filter(task__site=site, agent_key=agent_key).values_list("pk", flat=True)
    told = CollectedEvent.objects.filter(site=site, agent_key=agent_key)
    in_pages = visits.exclude(session_id="").values_list("pk", "session_id")
    of_pages = {*in_pages, *told.values_list("visit_id", "session_id").distinct()}
    return Traces(
        site=site,
        visits=visits,
        agent_key=agent_key,
        task_ids=list(tasks),
        run_ids=_runs_of(site, {visit for visit, _ in of_pages}, {session for _, session in of_pages}),
    )


def traces_of_visitor(site: Site, visitor: str) -> Traces:
    """Those of a visitor: the id of a session, or the mail address or visitor id that pages told of one."""
    sessions = RuntimeSession.objects.filter(site=site).filter(
        Q(pk=visitor) | Q(visitor__email=visitor) | Q(checkpoint__visitor_id=visitor)
    )
    session_ids = {visitor, *sessions.values_list("pk", flat=True)} - {""}
    rows = Visit.objects.filter(site=site, session_id__in=session_ids)
    tasks = AgentTask.objects.filter(task__site=site).filter(
        Q(run__session__in=session_ids)
        | Q(receipt__claimed_by__in=session_ids)
        | Q(pk__in=_tasks_named(rows.values_list("pk", flat=True)))
    )
    task_ids = list(tasks.values_list("pk", flat=True).distinct())
    told = CollectedEvent.objects.filter(site=site, session_id__in=session_ids)
    visit_ids = {*told.values_list("visit_id", flat=True), *map(visit_of_task, task_ids)}
    visits = Visit.objects.filter(Q(session_id__in=session_ids) | Q(pk__in=visit_ids), site=site)
    all_ids = {*visit_ids, *visits.values_list("pk", flat=True)}
    return Traces(
        site=site,
        visits=visits,
        session_ids=sorted(session_ids),
        visit_ids=sorted(visit_ids),
        task_ids=task_ids,
        run_ids=_runs_of(site, all_ids, session_ids),
    )


def _tasks_named(visit_ids: QuerySet[Visit, str]) -> list[UUID]:
    found = (read_name(visit_id, TASK_PREFIX) for visit_id in visit_ids if is_of_task(visit_id))
    return [task_id for task_id in found if task_id is not None]


def _runs_of(site: Site, visit_ids: Collection[str], session_ids: Collection[str]) -> list[UUID]:
    """The runs from which these visits are made, but those of tasks."""
    runs = Run.objects.filter(session__site=site, task=None)
    columns = ("pk", "session_id", "boundary")
    return [
        run_id
        for some in batched(sorted(session_ids))
        for run_id, session_id, boundary in runs.filter(session__in=some).values_list(*columns)
        if visit_of_boundary(session_id, boundary, str(run_id)) in visit_ids
    ]


def batched(values: Sequence[T], size: int = BITE) -> Iterator[Sequence[T]]:
    """`values` a few at a time: a database takes only so many in one question."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
