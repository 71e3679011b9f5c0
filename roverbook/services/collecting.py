"""Taking in what pages tell of visits, and knowing who speaks.

Site, host and session are those of the session's token. Names of tasks and runs count only where they are the
session's own; any other name of a visit is the page's own word for one, apart from those of other sessions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q

from roverbook.core.collected import VISIT, Batch, Speaker, Told, WholeVisit, names_in, settled_time
from roverbook.core.visits.naming import visit_of_boundary, visit_of_page, visit_of_task
from roverbook.models import CollectedEvent, Visit
from roverbook.selectors.authors import Author
from tasks.core.attribution import Agent, Source
from tasks.core.public_create import AgentClaim
from tasks.core.public_errors import TaskRateLimited
from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.models import AgentTask, Run
from tasks.services.agents.callers import Caller, attributed
from tasks.services.runtime.rates import WINDOW_SECONDS, counted
from tasks.services.runtime.sessions import Presented
from workspace.io.transactions import write_transaction

WRITES_PER_MINUTE = 60
_IDENTIFYING = ("user-agent",)
"""Of a browser's headers, what tells who it is; the others could be set by any script in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many events of a batch were new, and how many had been told before."""

    accepted: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A visit of a session. `task_id`, `run_id`: what it is of, as far as the session has such."""

    visit_id: str
    task_id: UUID | None = None
    run_id: str = ""


def write_count(presented: Presented, *, now: datetime) -> None:
    """Count one write of a session, of all processes together.

    Raises:
        TaskRateLimited: it has had its share of this minute.
    """
    if counted("roverbook", presented.session.id, now) > WRITES_PER_MINUTE:
        wait = WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS
        raise TaskRateLimited(
            f"One session may write {WRITES_PER_MINUTE} times a minute here; try again in {wait} s.",
            retry_after_s=wait,
        )


def events_take(presented: Presented, batch: Batch, *, caller: Caller, now: datetime) -> Taken:
    """Keep a batch: what was told before, by its id, is not kept again. What a page says of a whole visit
    counts if it knows of more events than before and the visit has not come to its end."""
    places = Places.of(presented, names_in(batch), _boundaries(batch))
    who = Identities(presented=presented, caller=caller, places=places, now=now)
    own = _agent(batch.agent)
    rows = [_row(presented, told, batch, places, who, own, now) for told in batch.events]
    with write_transaction():
        ids = [row.event_id for row in rows]
        known = set(
            CollectedEvent.objects.filter(session_id=presented.session.id, event_id__in=ids).values_list(
                "event_id", flat=True
            )
        )
        new: dict[str, CollectedEvent] = {}
        for row in rows:
            if row.event_id not in known:
                new.setdefault(row.event_id, row)
        CollectedEvent.objects.bulk_create(new.values(), ignore_conflicts=True)
        if batch.visit is not None:
            place = places.find(batch.task_id, batch.run_id, batch.visit_id, batch.visit.task_boundary_id)
            _visit_take(presented, place, batch, who.of(place, own), now=now)
    return Taken(accepted=len(new), known=len(rows) - len(new))


def author_of(presented: Presented, said: Speaker, *, caller: Caller, now: datetime) -> Author:
    """Who speaks: the agent that the call names, else that of the task, else the browser itself. Without a
    name of a visit it is that of the session's newest run."""
    names = [name for name in (said.task_id, said.run_id, said.visit_id) if name]
    run_id = presented.session.run_id
    newest = [] if names or run_id is None else [str(run_id)]
    places = Places.of(presented, [*names, *newest], [])
    place = places.find(said.task_id, said.run_id, said.visit_id or (newest[0] if newest else None), None)
    who = Identities(presented=presented, caller=caller, places=places, now=now)
    return who.of(place, _agent(said.agent))


# --- which visit ---


@dataclass(frozen=True, slots=True)
class Places:
    """The tasks and runs among some names that are the session's own."""

    session_id: str
    tasks: Mapping[UUID, AgentTask]
    runs: Mapping[str, Run]
    boundaries: Mapping[str, Run]

    @classmethod
    def of(cls, presented: Presented, names: Iterable[str], boundaries: Iterable[str]) -> "Places":
        """Those that the database knows."""
        session = presented.session
        named = set(names)
        task_ids = {task_id for name in named if (task_id := read_name(name, TASK_PREFIX)) is not None}
        run_ids = {run_id for name in named if (run_id := _uuid(name)) is not None}
        tasks = AgentTask.objects.filter(
            Q(receipt__claimed_by=session.id) | Q(run__session=session), pk__in=task_ids
        )
        own = Run.objects.filter(session=session).select_related("task").order_by("id")
        runs = own.filter(pk__in=run_ids) if run_ids else ()
        wanted = {boundary for boundary in boundaries if boundary}
        bound = own.filter(boundary__in=wanted) if wanted else ()
        return cls(
            session_id=session.id,
            tasks={task.pk: task for task in tasks} if task_ids else {},
            runs={str(run.pk): run for run in runs},
            boundaries={run.boundary: run for run in bound},
        )

    def find(self, task: str | None, run: str | None, visit: str | None, boundary: str | None) -> Place:
        """The visit meant: that of a run or a task of the session, else that behind the boundary, else
        the page's own."""
        for name in (run, task, visit):
            found = self._named(name) if name else None
            if found is not None:
                return found
        if boundary:
            bound = self.boundaries.get(boundary)
            return self._of_run(bound) if bound else self._behind(boundary)
        return Place(visit_id=visit_of_page(self.session_id, visit or run or task or ""))

    def task_of(self, place: Place) -> AgentTask | None:
        """The agent's task that a visit is of."""
        run = self.runs.get(place.run_id) if place.run_id else None
        if place.task_id is not None and place.task_id in self.tasks:
            return self.tasks[place.task_id]
        bound = [each for each in self.boundaries.values() if str(each.pk) == place.run_id]
        return run.task if run else bound[0].task if bound else None

    def _named(self, name: str) -> Place | None:
        if (task_id := read_name(name, TASK_PREFIX)) in self.tasks and task_id is not None:
            return Place(visit_id=visit_of_task(task_id), task_id=task_id)
        run_id = _uuid(name)
        run = self.runs.get(str(run_id)) if run_id else None
        return self._of_run(run) if run else None

    def _of_run(self, run: Run) -> Place:
        name = str(run.pk)
        if run.task_id is not None:
            return Place(visit_id=visit_of_task(run.task_id), task_id=run.task_id, run_id=name)
        return Place(visit_id=visit_of_boundary(self.session_id, run.boundary, name), run_id=name)

    def _behind(self, boundary: str) -> Place:
        """Of a run that has not come here yet."""
        return Place(visit_id=visit_of_boundary(self.session_id, boundary, ""))


def _boundaries(batch: Batch) -> list[str]:
    told = [each.task_boundary_id for each in batch.events]
    whole = batch.visit.task_boundary_id if batch.visit else None
    return [boundary for boundary in (*told, whole) if boundary]


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


# --- who ---


@dataclass
class Identities:
    """Who is behind the visits of one call."""

    presented: Presented
    caller: Caller
    places: Places
    now: datetime
    _known: dict[str, Author] = field(default_factory=dict)

    def of(self, place: Place, named: AgentClaim | None) -> Author:
        """The author of what is told of a visit. `named`: what the call itself says of its agent."""
        if place.visit_id not in self._known:
            self._known[place.visit_id] = Author.of_agent(
                self.presented.session.site,
                self._agent(place, named),
                session_id=self.presented.session.id,
                visit_id=place.visit_id,
                run_id=place.run_id,
            )
        return replace(self._known[place.visit_id], run_id=place.run_id)

    def _agent(self, place: Place, named: AgentClaim | None) -> Agent:
        if named is not None:
            found = attributed(replace(self.caller, headers={}), named, now=self.now)
            return replace(found, source=Source.WEBMCP_AGENT)
        task = self.places.task_of(place)
        return self._browser if task is None else Agent.from_wire(task.agent)

    @cached_property
    def _browser(self) -> Agent:
        headers = {name: self.caller.headers[name] for name in _IDENTIFYING if name in self.caller.headers}
        return attributed(replace(self.caller, headers=headers), None, now=self.now)


def _agent(said: object) -> AgentClaim | None:
    """What the call says of its agent; None when it says nothing usable."""
    claim = AgentClaim.model_validate(said) if isinstance(said, dict) else None
    return None if claim is None or claim.is_empty else claim


# --- rows ---


def _row(
    presented: Presented,
    told: Told,
    batch: Batch,
    places: Places,
    who: Identities,
    named: AgentClaim | None,
    now: datetime,
) -> CollectedEvent:
    is_own = bool(told.task_id or told.run_id or told.visit_id or told.task_boundary_id)
    if is_own:
        place = places.find(told.task_id, told.run_id, told.visit_id, told.task_boundary_id)
    else:
        place = places.find(batch.task_id, batch.run_id, batch.visit_id, None)
    return CollectedEvent(
        **_columns(presented, place, who.of(place, named), now),
        event_id=told.event_id,
        local_visit_id=told.visit_id or batch.visit_id or "",
        type=told.type,
        at=told.at(now),
        data=told.data(),
    )


def _visit_take(presented: Presented, place: Place, batch: Batch, author: Author, *, now: datetime) -> None:
    """Of what was said of one visit at several times the one stays that knew of the most events."""
    whole = batch.visit
    assert whole is not None  # asked by the caller  # noqa: S101
    if Visit.objects.filter(pk=place.visit_id, finalized_at__isnull=False).exists():
        return
    count = whole.event_count or 0
    earlier = CollectedEvent.objects.filter(
        session_id=presented.session.id, visit_id=place.visit_id, type=VISIT
    )
    if any((row.get("eventCount") or 0) >= count for row in earlier.values_list("data", flat=True)):
        return
    earlier.delete()
    CollectedEvent.objects.create(
        **_columns(presented, place, author, now),
        event_id=f"{VISIT}:{place.visit_id}:{count}",
        local_visit_id=batch.visit_id or "",
        type=VISIT,
        at=_began(whole, now),
        data={"eventCount": count, **whole.data()},
    )


def _began(whole: WholeVisit, now: datetime) -> datetime:
    return settled_time(whole.started_at, now)


def _columns(presented: Presented, place: Place, author: Author, now: datetime) -> dict[str, object]:
    return {
        "site": presented.session.site,
        "session_id": presented.session.id,
        "host": presented.claims.host,
        "visit_id": place.visit_id,
        "task_id": place.task_id,
        "run_id": place.run_id,
        "created_at": now,
        **author.agent_columns,
    }
