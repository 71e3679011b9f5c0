"""What a site's people do to a visitor's session: end the run that is going, or the session itself. Each asks
first, and is on record or does not happen."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tasks.admin.sessions_rows import run_row, session_row
from tasks.admin.sessions_showing import session_or_404
from tasks.core.public_ids import task_name
from tasks.core.runtime.states import RunStatus
from tasks.models import RuntimeSession
from tasks.selectors.sessions import run_of_session
from tasks.services.agents.acting import agent_task_cancel
from tasks.services.runtime.bound import run_cut
from tasks.services.runtime.holding import Held, poke_session, session_hold
from tasks.services.runtime.sessions import session_revoke
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.roles import Right
from workspace.io.transactions import write_transaction
from workspace.services.audit import Actor, Subject, record

if TYPE_CHECKING:
    from workspace.models import Site

REASON = "the site's owner ended it"
asks_first = require_http_methods(["GET", "HEAD", "POST"])


@site_page(view=Right.EDIT)
@asks_first
def site_session_run_end(request: HttpRequest, site: "Site", session_id: str, run_id: UUID) -> HttpResponse:
    """GET says what happens, POST ends the run."""
    session, now = session_or_404(site, session_id), timezone.now()
    run = run_of_session(session, run_id)
    if run is None:
        raise Http404("There is no such run.")
    if request.method == "POST":
        if run_ended_on_record(session, run_id, site, actor=actor_of(request), now=now):
            say(request, "The run is ended. The visitor’s page is told so.")
        else:
            messages.info(request, "The run had ended already; there was nothing to end.")
        return redirect("admin:site_session", site.public_id, session_id)
    return render_page(
        request,
        "workspace/sessions/end_run.html",
        title="End the run",
        section="site-sessions",
        site=site,
        row=session_row(session, 0, now=now),
        run=run_row(run, session, now=now),
    )


@site_page(view=Right.EDIT)
@asks_first
def site_session_end(request: HttpRequest, site: "Site", session_id: str) -> HttpResponse:
    """GET says what happens, POST ends the session, and with it the run that is going."""
    session, now = session_or_404(site, session_id), timezone.now()
    if request.method == "POST":
        if session_ended_on_record(session, site, actor=actor_of(request), now=now):
            say(request, "The session is ended. Its tokens open nothing any more.")
        else:
            messages.info(request, "The session had been ended already.")
        return redirect("admin:site_session", site.public_id, session_id)
    return render_page(
        request,
        "workspace/sessions/end_session.html",
        title="End the session",
        section="site-sessions",
        site=site,
        row=session_row(session, 0, now=now),
    )


def run_ended_on_record(
    session: RuntimeSession, run_id: UUID, site: "Site", *, actor: Actor, now: datetime
) -> bool:
    """End a run, the agent's task that it carries out, and write the row of the audit log; all or nothing.
    False when the run had ended. The row does not hold the prompt: it stays when the session is gone."""
    with write_transaction():
        held = session_hold(session.pk)
        active = held.state.active
        if active is None or active.id != str(run_id):
            return False
        _cut_on_record(held, site, actor=actor, now=now)
    return True


def session_ended_on_record(session: RuntimeSession, site: "Site", *, actor: Actor, now: datetime) -> bool:
    """End a session and what it was doing; all or nothing. False when it had been ended."""
    with write_transaction():
        held = session_hold(session.pk)
        if held.session.revoked_at is not None:
            return False
        if held.state.active is not None:
            _cut_on_record(held, site, actor=actor, now=now)
        session_revoke(session_id=session.pk, now=now)
        poke_session(held.session)
        record(
            actor=actor,
            action="session.ended",
            subject=Subject(kind="session", id=session.pk, label=session.host),
            site=site,
            before={"endedAt": None},
            after={"endedAt": now.isoformat()},
            now=now,
        )
    return True


def _cut_on_record(held: Held, site: "Site", *, actor: Actor, now: datetime) -> None:
    """End the active run of a session that is ours. A task that it carries out ends first: that ends the run
    too, and tells the agent."""
    active = held.state.active
    assert active is not None  # the callers looked  # noqa: S101
    task_id = held.runs[active.id].task_id
    if task_id is not None:
        agent_task_cancel(task_id=task_id, now=now)
        held = session_hold(held.session.pk)
    run_cut(held, reason=REASON, now=now)
    record(
        actor=actor,
        action="run.cancelled",
        subject=Subject(kind="run", id=active.id, label=held.session.host),
        site=site,
        before={"status": active.status.value},
        after={"status": RunStatus.CANCELLED.value}
        | ({} if task_id is None else {"task": task_name(task_id)}),
        now=now,
    )
