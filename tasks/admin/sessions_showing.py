"""One session of a visitor's page: its runs, and of one of them every step; it follows what happens."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks.admin.sessions_rows import RunRow, SessionRow, query_of, run_row, session_row
from tasks.admin.sessions_telling import shown_event, shown_step
from tasks.admin.sessions_texts import masked_block, masked_link
from tasks.admin.texts import line
from tasks.core.public_ids import read_event_name
from tasks.core.runtime.states import RunStatus
from tasks.models import Run, RuntimeSession
from tasks.selectors.sessions import (
    RUNS_SHOWN,
    run_events,
    run_of_session,
    runs_counted,
    runs_of,
    session_of_site,
    steps_of,
    tabs_of,
)
from workspace.admin.frame import render_page, site_page

if TYPE_CHECKING:
    from workspace.models import Site

EVENTS_SHOWN = 400
PROMPT = 8_000
_TAB_BADGES = {"open": "rv-good", "blocked": "rv-bad"}


@site_page()
@require_safe
def site_session(request: HttpRequest, site: "Site", session_id: str) -> HttpResponse:
    """The page. `?run=` shows that run instead of the newest, `?before=` the events ahead of one, `?older=`
    the runs ahead of one; `?unless=` answers 204 while the session is as it was when it gave that mark."""
    session, now = session_or_404(site, session_id), timezone.now()
    row = session_row(session, runs_counted([session.pk]).get(session.pk, 0), now=now)
    mark = _mark(session, row)
    if request.GET.get("unless") == mark:
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    run = _run(request, session)
    shown = None if run is None else run_row(run, session, now=now)
    before = read_event_name(request.GET.get("before"))
    older = _uuid(request.GET.get("older", ""))
    runs = runs_of(session, older_than=older)
    is_latest = before is None and older is None
    return render_page(
        request,
        "workspace/sessions/session.html",
        title=f"Session …{session.pk[-6:]}",
        section="site-sessions",
        site=site,
        row=row,
        visitor=" · ".join(line(said) for said in session.visitor.values()),
        key=session.key,
        run=shown,
        **({} if run is None else _of_run(run, before=before)),
        runs=[run_row(each, session, now=now, with_agent=False) for each in runs[:RUNS_SHOWN]],
        older=query_of(older=runs[RUNS_SHOWN - 1].pk) if len(runs) > RUNS_SHOWN else "",
        tabs=_tabs(session),
        mark=mark,
        poll=_poll(request) if is_latest and _may_change(row, shown) else "",
        is_latest=is_latest,
        is_newest=run is None or run.pk == session.run_id,
    )


def session_or_404(site: "Site", session_id: str) -> RuntimeSession:
    """The site's session with this id."""
    found = session_of_site(site, session_id)
    if found is None:
        raise Http404("There is no such session.")
    return found


def _run(request: HttpRequest, session: RuntimeSession) -> Run | None:
    """The run that the address names, 404 for one that is not the session's; else the newest."""
    text = request.GET.get("run", "")
    if not text:
        return session.run
    run_id = _uuid(text)
    found = None if run_id is None else run_of_session(session, run_id)
    if found is None:
        raise Http404("There is no such run.")
    return found


def _of_run(run: Run, *, before: int | None) -> dict[str, Any]:
    steps, events = steps_of(run), run_events(run, before=before, limit=EVENTS_SHOWN)
    return {
        "prompt": masked_block(run.message, PROMPT),
        "mode": line(run.mode),
        "is_asking": run.status == RunStatus.AWAITING_USER,
        "steps": [shown_step(step, run, is_last=step is steps[-1]) for step in steps],
        "events": [shown_event(event, run) for event in events],
        "earlier": events[0].seq if events and events[0].seq > 1 else None,
    }


def _tabs(session: RuntimeSession) -> list[dict[str, Any]]:
    return [
        {
            "status": tab.status,
            "badge": _TAB_BADGES.get(tab.status, ""),
            "is_own": tab.scope == "in_scope",
            "link": masked_link(tab.url),
            "reason": line(tab.reason).replace("_", " "),
            "updated_at": tab.updated_at,
        }
        for tab in tabs_of(session)
    ]


def _may_change(row: SessionRow, shown: RunRow | None) -> bool:
    """Whether somebody who watches may see something happen."""
    return row.is_live or (shown is not None and not shown.has_ended)


def _mark(session: RuntimeSession, row: SessionRow) -> str:
    """Something else after each change of what the page shows, but for the time that passes."""
    seen = (session.version, session.seen_at, session.revoked_at, session.run_id, row.is_live)
    return sha256(repr(seen).encode()).hexdigest()[:16]


def _poll(request: HttpRequest) -> str:
    """Where the script asks for the page as it is then."""
    return f"{request.path}{query_of(run=request.GET.get('run', ''))}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
