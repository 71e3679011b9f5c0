"""One agent's task: what is wanted and by whom, where it stands, what happened, what came of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from tasks.admin.results import shown_result
from tasks.admin.rows import rows_of
from tasks.admin.telling import questions_of, told
from tasks.admin.texts import block, line, link
from tasks.admin.words import status_words
from tasks.core.events import LoggedEvent
from tasks.core.public_ids import read_event_name, task_name, workflow_name
from tasks.core.quantities import duration
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Task
from tasks.selectors.sessions import run_behind
from tasks.selectors.site_tasks import Member, events_ahead, events_behind, members_of, task_of_site
from tasks.services.agents.acting import agent_task_cancel
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.io.transactions import write_transaction
from workspace.services.audit import Actor, Subject, record

if TYPE_CHECKING:
    from workspace.models import Site

EVENTS_SHOWN = 400
_AGENT_LABELS: Mapping[str, str] = {
    "key": "Key",
    "displayName": "Name",
    "vendor": "Vendor",
    "model": "Model",
    "version": "Version",
    "homepage": "Homepage",
    "clientId": "Client",
    "trust": "Trust",
    "verificationMethod": "Checked by",
    "source": "Known from",
    "signatureAgent": "Signature agent",
    "signatureDirectory": "Key directory",
    "signatureKeyId": "Signing key",
    "memoryKey": "Memory",
    "userAgent": "User agent",
}
_HANDOFF_LABELS: Mapping[str, str] = {
    "sourceHost": "From",
    "sourceUrl": "Page there",
    "originalGoal": "First goal",
    "instruction": "Instruction",
    "contextSummary": "What is known",
    "expectedOutput": "Expected back",
}


@site_page()
@require_safe
def site_task(request: HttpRequest, site: "Site", task_name: str) -> HttpResponse:
    """The page. `before` shows the events ahead of one, `after` those behind it: that is what the script asks
    for."""
    agent_task = _task_or_404(site, task_name)
    now = timezone.now()
    [row] = rows_of([agent_task], site, now=now)
    events = _events(request, agent_task)
    members = members_of(agent_task, site)
    return render_page(
        request,
        "workspace/tasks/task.html",
        title=f"Task …{agent_task.pk.hex[-8:]}",
        section="site-tasks",
        site=site,
        row=row,
        prompt=block(agent_task.prompt),
        wish=block(agent_task.wish),
        target=link(agent_task.url),
        change=_change(agent_task, now),
        asked=_asked(agent_task),
        answers=[block(each.get("text")) for each in agent_task.answers],
        result=shown_result(agent_task.task.result),
        agent=_agent(agent_task.agent),
        homepage=link(agent_task.agent.get("homepage")),
        handoff=_handoff(agent_task.handoff),
        workflow=workflow_name(agent_task.workflow_id),
        members=_members(members, agent_task, site, now) if len(members) > 1 else [],
        events=[told(event, since=agent_task.task.created_at) for event in events],
        earlier=events[0].seq if events and events[0].seq > 1 else None,
        is_latest="before" not in request.GET,
        shown_until=events[-1].seq if events else agent_task.task.last_seq,
        events_url=f"/workspace/tasks/{agent_task.pk}/events",
        run=run_behind(agent_task, site),
    )


@site_page()
@require_POST
def site_task_cancel(request: HttpRequest, site: "Site", task_name: str) -> HttpResponse:
    """End the task now."""
    agent_task = _task_or_404(site, task_name)
    if cancelled_on_record(agent_task, site, actor=actor_of(request), now=timezone.now()):
        say(request, "The task is cancelled. What it found until now stays in its log.")
    else:
        messages.info(request, "The task had ended already; there was nothing to cancel.")
    return redirect("admin:site_task", site.public_id, task_name)


def cancelled_on_record(agent_task: AgentTask, site: "Site", *, actor: Actor, now: datetime) -> bool:
    """Cancel a task; both the end and its row in the audit log are written, or neither. False when it had
    ended. The row does not hold the prompt: it stays when the task is gone."""
    with write_transaction():
        row = Task.objects.select_for_update().filter(pk=agent_task.pk)
        before = row.values_list("status", flat=True).first()
        if not agent_task_cancel(task_id=agent_task.pk, now=now):
            return False
        record(
            actor=actor,
            action="agent_task.cancelled",
            subject=Subject(kind="agent_task", id=task_name(agent_task.pk), label=agent_task.host),
            site=site,
            before={"status": before},
            after={"status": TaskStatus.CANCELLED.value},
            now=now,
        )
    return True


def _task_or_404(site: "Site", name: str) -> AgentTask:
    found = task_of_site(site, name)
    if found is None:
        raise Http404("There is no such task.")
    return found


def _events(request: HttpRequest, agent_task: AgentTask) -> list[LoggedEvent]:
    task, after = agent_task.task, read_event_name(request.GET.get("after"))
    if after is not None:
        return events_behind(task, after=after, limit=EVENTS_SHOWN)
    before = read_event_name(request.GET.get("before"))
    return events_ahead(task, before=task.last_seq + 1 if before is None else before, limit=EVENTS_SHOWN)


def _change(agent_task: AgentTask, now: datetime) -> str:
    """What happens by itself if nothing else does."""
    status = TaskStatus(agent_task.task.status)
    if status.is_terminal:
        return ""
    if agent_task.promote_at is not None:
        return f"This server takes it {_in(agent_task.promote_at, now)} if no browser does."
    end = "fails" if status is TaskStatus.RUNNING else "expires"
    return f"It {end} {_in(agent_task.expires_at, now)} if nothing happens."


def _in(moment: datetime, now: datetime) -> str:
    left = (moment - now).total_seconds()
    return "any moment" if left < 1 else f"in {duration(round(left) * 1000)}"


def _asked(agent_task: AgentTask) -> dict[str, Any] | None:
    """The open question."""
    asked = agent_task.input
    if agent_task.task.status != TaskStatus.INPUT_REQUIRED or not isinstance(asked, Mapping):
        return None
    return {"message": block(asked.get("message")), "questions": questions_of(asked)}


def _agent(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The whole record, the members that have a label first."""
    names = [*(name for name in _AGENT_LABELS if name in record), *sorted(record.keys() - _AGENT_LABELS)]
    return [(_AGENT_LABELS.get(name) or line(name), line(record[name], 400)) for name in names]


def _handoff(handoff: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What the task that handed over told; the ids are those of somebody else's task."""
    if not handoff:
        return []
    facts = [(label, block(handoff.get(name))) for name, label in _HANDOFF_LABELS.items()]
    seen = handoff.get("lastObservation")
    if isinstance(seen, Mapping):
        parts = (line(seen.get(name), 2_000) for name in ("title", "url", "summary"))
        facts.append(("Last page seen", "\n".join(filter(None, parts))))
    return [(label, text) for label, text in facts if text]


def _members(
    members: list[Member], agent_task: AgentTask, site: "Site", now: datetime
) -> list[dict[str, Any]]:
    """The tasks of the workflow, in its order. Of another site's task nothing is told but host and status."""
    own = [member.task for member in members if member.task is not None]
    rows = {row.name: row for row in rows_of(own, site, now=now)}
    return [
        {
            "host": line(member.host),
            "status": status_words(member.status),
            "row": rows[task_name(member.task.pk)] if member.task is not None else None,
            "is_this": member.task is not None and member.task.pk == agent_task.pk,
        }
        for member in members
    ]
