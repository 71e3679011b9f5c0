"""All events of some visits, from all logs, as they stand now.

Which visit a line belongs to is found from the lines alone, so it is the same whatever came first:

    a task's line         the task's visit
    a run's line          that of its task, else of its task boundary
    a page's line         that of the task or run that it names, if they are the session's own; else that of
                          the first line of the same page's visit which does; else the page's own

So what a page told under its own name before the server's was known moves to the server's visit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.fields.json import KT

from roverbook.core.visits.events import VisitEvent
from roverbook.core.visits.folded import AGENT_COLUMNS
from roverbook.core.visits.naming import visit_of_boundary, visit_of_page, visit_of_task
from roverbook.core.visits.page_log import page_event
from roverbook.core.visits.run_log import needs_calls, run_event, run_opening
from roverbook.core.visits.task_log import task_event, task_opening
from roverbook.models import CollectedEvent
from tasks.core.public_ids import workflow_name
from tasks.core.runtime.states import RunEventType
from tasks.models import AgentTask, Event, Run, RunEvent, RunStep
from workspace.core.environments import Environment

LINES_MAX = 5_000
"""So many lines of one log are read; of what comes after them only how it ended."""
_ENDS = ("done", "status")
_TURNS = (RunEventType.RUN_TRANSITION, RunEventType.CONTROL, RunEventType.USER_ANSWER)


@dataclass(slots=True)
class Wanted:
    """What changed: tasks, runs, and visits by the names that pages' lines carry."""

    tasks: set[UUID] = field(default_factory=set)
    runs: set[UUID] = field(default_factory=set)
    visits: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.tasks) + len(self.runs) + len(self.visits)


@dataclass(slots=True)
class Gathered:
    """The events of one visit. `adopted`: names under which pages told of it before."""

    visit_id: str
    site_id: UUID
    events: list[VisitEvent] = field(default_factory=list)
    adopted: set[str] = field(default_factory=set)


def gather(wanted: Wanted) -> list[Gathered]:
    """The visits that what changed belongs to, each with all its events, in the order of their names. What
    has no events any more is left out; visits without a site too."""
    return _Gathering(wanted).gathered()


class _Gathering:
    """One look at the logs."""

    def __init__(self, wanted: Wanted) -> None:
        self._page_visits = set(wanted.visits)
        self._tasks: dict[UUID, AgentTask] = {}
        self._runs: dict[UUID, Run] = {}
        self._server_visits: dict[str, UUID] = {}
        self._aliases: dict[str, str] = {}
        self._found: dict[str, Gathered] = {}
        self._load(set(wanted.tasks), set(wanted.runs))
        self._look_at_pages()

    def gathered(self) -> list[Gathered]:
        for visit_id, site_id in self._server_visits.items():
            self._found[visit_id] = Gathered(visit_id=visit_id, site_id=site_id)
        self._add_tasks()
        self._add_runs()
        self._add_pages()
        return [found for _, found in sorted(self._found.items()) if found.events]

    # --- which visits ---

    def _load(self, task_ids: set[UUID], run_ids: set[UUID]) -> None:
        """Tasks and runs, with the runs of the same tasks and boundaries."""
        run_ids, task_ids = run_ids - self._runs.keys(), task_ids - self._tasks.keys()
        runs = list(_run_rows().filter(pk__in=run_ids)) if run_ids else []
        task_ids |= {run.task_id for run in runs if run.task_id is not None} - self._tasks.keys()
        if task_ids:
            rows = AgentTask.objects.filter(pk__in=task_ids, task__site__isnull=False)
            for task in rows.select_related("task__site", "key"):
                self._tasks[task.pk] = task
                self._server_visits[visit_of_task(task.pk)] = _uuid(task.task.site_id)
            runs += _run_rows().filter(task__in=task_ids)
        bound = {(run.session_id, run.boundary) for run in runs if run.task_id is None and run.boundary}
        if bound:
            sessions, boundaries = zip(*bound, strict=True)
            near = _run_rows().filter(
                session__in=set(sessions), boundary__in=set(boundaries), task__isnull=True
            )
            runs += [run for run in near if (run.session_id, run.boundary) in bound]
        for run in runs:
            self._runs[run.pk] = run
            if run.task_id is None:
                self._server_visits[_visit_of_run(run)] = _uuid(run.session.site_id)

    def _look_at_pages(self) -> None:
        """What pages told of these visits, and whose the visits of pages are."""
        heads = _heads(self._page_visits)
        self._load_named(heads)
        unnamed = [head for head in heads if head["boundary"] and not _is_named(head)]
        boundaries = {(head["session_id"], head["boundary"]) for head in unnamed}
        if boundaries:
            sessions, names = zip(*boundaries, strict=True)
            rows = Run.objects.filter(session__in=set(sessions), boundary__in=set(names))
            found = rows.values_list("pk", "session_id", "boundary")
            self._load(set(), {pk for pk, session, name in found if (session, name) in boundaries})
        heads += _heads(self._server_visits.keys() - self._page_visits)
        pages = {(head["session_id"], head["local_visit_id"]) for head in heads if head["local_visit_id"]}
        self._adopt(_first_named(pages))
        for run in self._runs.values():
            self._adopt_boundary(run)

    def _load_named(self, heads: Iterable[Mapping[str, Any]]) -> None:
        named = [head for head in heads if _is_named(head)]
        runs = {run_id for head in named if (run_id := _read_uuid(head["run_id"])) is not None}
        self._load({head["task_id"] for head in named if head["task_id"]}, runs)

    def _adopt(self, first: Sequence[Mapping[str, Any]]) -> None:
        self._load_named(first)
        for head in first:
            own = visit_of_page(head["session_id"], head["local_visit_id"])
            if own != head["visit_id"] and head["visit_id"] in self._server_visits:
                self._aliases[own] = head["visit_id"]

    def _adopt_boundary(self, run: Run) -> None:
        """Lines that named a boundary before its run was there, and that run has a task."""
        if run.task_id is None or not run.boundary:
            return
        own = visit_of_boundary(run.session_id, run.boundary, "")
        if own not in self._server_visits and visit_of_task(run.task_id) in self._server_visits:
            self._aliases.setdefault(own, visit_of_task(run.task_id))

    # --- their events ---

    def _add_tasks(self) -> None:
        for task in self._tasks.values():
            self._found[visit_of_task(task.pk)].events.append(
                task_opening(visit_of_task(task.pk), task.task.created_at, _task_facts(task))
            )
        lines = Event.objects.filter(task__in=self._tasks).filter(Q(seq__lte=LINES_MAX) | Q(kind__in=_ENDS))
        rows = lines.values_list("task_id", "seq", "created_at", "kind", "payload") if self._tasks else ()
        for task_id, seq, at, kind, payload in rows:
            name = visit_of_task(task_id)
            self._found[name].events.append(task_event(name, seq, at, kind, _object(payload)))

    def _add_runs(self) -> None:
        names = {}
        for run in self._runs.values():
            name = visit_of_task(run.task_id) if run.task_id in self._tasks else _visit_of_run(run)
            if name not in self._found:  # a task's run whose task is of no site
                continue
            names[run.pk] = name
            self._found[name].events.append(run_opening(str(run.pk), run.started_at, _run_facts(run)))
        lines = RunEvent.objects.filter(run__in=names).filter(Q(seq__lte=LINES_MAX) | Q(type__in=_TURNS))
        found = list(lines.values_list("run_id", "seq", "created_at", "type", "data")) if names else []
        calls = _calls(found)
        for run_id, seq, at, type_, data in found:
            event = run_event(str(run_id), seq, at, type_, _object(data), calls.get(run_id, {}))
            self._found[names[run_id]].events.append(event)

    def _add_pages(self) -> None:
        asked = self._server_visits.keys() | self._page_visits | self._aliases.keys()
        for row in _page_rows(asked):
            visit_id = self._aliases.get(row.visit_id, row.visit_id)
            found = self._found.get(visit_id)
            if found is None:
                found = self._found[visit_id] = Gathered(visit_id=visit_id, site_id=_uuid(row.site_id))
            if visit_id != row.visit_id:
                found.adopted.add(row.visit_id)
            found.events.append(_page_event(row))


def _run_rows() -> Any:
    return Run.objects.select_related("session__site", "session__key").defer(
        "answers", "required", "session__visitor"
    )


def _visit_of_run(run: Run) -> str:
    return visit_of_boundary(run.session_id, run.boundary, str(run.pk))


# --- pages ---


def _heads(visit_ids: Iterable[str]) -> list[dict[str, Any]]:
    """What the lines of visits name, each once."""
    asked = list(visit_ids)
    if not asked:
        return []
    rows = CollectedEvent.objects.filter(visit_id__in=asked).annotate(boundary=KT("data__taskBoundaryId"))
    names = ("visit_id", "session_id", "local_visit_id", "task_id", "run_id", "boundary")
    return list(rows.order_by().values(*names).distinct())


def _first_named(pages: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Of visits by the names that pages gave them, the first line that names a task or run."""
    asked = set(pages)
    if not asked:
        return []
    sessions, locals_ = zip(*asked, strict=True)
    rows = CollectedEvent.objects.filter(session_id__in=set(sessions), local_visit_id__in=set(locals_))
    named = rows.exclude(run_id="", task_id__isnull=True).order_by("at", "event_id")
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in named.values("session_id", "local_visit_id", "visit_id", "task_id", "run_id"):
        key = (row["session_id"], row["local_visit_id"])
        if key in asked:
            first.setdefault(key, dict(row))
    return list(first.values())


def _page_rows(visit_ids: Iterable[str]) -> Iterable[CollectedEvent]:
    """The lines of visits; of one with very many the first."""
    asked = list(visit_ids)
    if not asked:
        return []
    rows = CollectedEvent.objects.filter(visit_id__in=asked)
    counts = rows.order_by().values("visit_id").annotate(n=Count("pk"))
    many = [each["visit_id"] for each in counts if each["n"] > LINES_MAX]
    found = list(rows.exclude(visit_id__in=many))
    for visit_id in many:
        found += CollectedEvent.objects.filter(visit_id=visit_id).order_by("at", "event_id")[:LINES_MAX]
    return found


def _page_event(row: CollectedEvent) -> VisitEvent:
    agent = {name: getattr(row, f"agent_{name}") for name in AGENT_COLUMNS} if row.agent_key else {}
    facts = {"session_id": row.session_id, "host": row.host, "agent": agent}
    return page_event(
        row.session_id,
        row.event_id,
        row.at,
        row.type,
        _object(row.data),
        run_id=row.run_id,
        facts=facts,
    )


# --- facts ---


def _task_facts(row: AgentTask) -> dict[str, Any]:
    envelope = _object(row.envelope)
    told = {
        "capabilityId": envelope.get("capabilityId"),
        "userPresent": _object(envelope.get("identity")).get("userPresent"),
        "requestedResultModes": _object(envelope.get("accept")).get("modes"),
        "executionPath": "cloud" if row.task.by_worker else "browser",
    }
    return {
        "task_id": row.pk,
        "site_id": row.task.site.public_id if row.task.site else "",
        "url": row.url,
        "host": row.host,
        "prompt": row.prompt or row.wish,
        "shortcut": row.shortcut,
        "launch_source": row.launch_source,
        "workflow_id": workflow_name(row.workflow_id),
        "agent": _object(row.agent),
        "extras": {name: value for name, value in told.items() if value is not None},
        "is_test": row.key is not None and row.key.environment == Environment.TEST,
    }


def _run_facts(run: Run) -> dict[str, Any]:
    session = run.session
    return {
        "session_id": session.pk,
        "site_id": session.site.public_id,
        "host": session.host,
        "prompt": run.message,
        "shortcut": run.shortcut,
        "boundary": run.boundary,
        "is_test": session.key is not None and session.key.environment == Environment.TEST,
    }


def _calls(lines: Iterable[tuple[UUID, int, Any, str, Any]]) -> dict[UUID, dict[str, Mapping[str, Any]]]:
    """What was decided, by run and call, where a log tells a result and no start."""
    started: defaultdict[UUID, set[str]] = defaultdict(set)
    ended: defaultdict[UUID, set[str]] = defaultdict(set)
    for run_id, _, _, type_, data in lines:
        said = _object(data)
        if type_ == RunEventType.TOOL_START:
            started[run_id].add(str(said.get("callId")))
        elif needs_calls(type_, said):
            ended[run_id].add(str(said.get("callId")))
    asked = [run_id for run_id, calls in ended.items() if calls - started[run_id]]
    found: defaultdict[UUID, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    if asked:
        for run_id, decided in RunStep.objects.filter(run__in=asked).values_list("run_id", "decided"):
            for call in _object(decided).get("calls") or ():
                found[run_id][str(_object(call).get("id"))] = _object(call)
    return found


def _is_named(head: Mapping[str, Any]) -> bool:
    return bool(head["task_id"] or head["run_id"])


def _read_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuid(value: UUID | None) -> UUID:
    if value is None:
        raise ValueError("a visit is of a site")
    return value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
