"""One visit: what was wanted, what became of it, and every step of the way."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from roverbook.admin.charts import bar_of
from roverbook.admin.filter_bar import FilterBar, filter_bar, query
from roverbook.admin.overview import DIMENSIONS
from roverbook.admin.replaying import runs_shown, step_shown, waterfall
from roverbook.admin.visit_rows import agent_words, score_of, visit_row
from roverbook.core.filter_line import FilterLine
from roverbook.core.scoring import WEIGHTS
from roverbook.models import Visit, VisitMove
from roverbook.models.shared import ByAgent, Provenance
from roverbook.selectors.records import step_record, visit_record
from roverbook.selectors.visits import (
    COUNT_MAX,
    STEPS_SHOWN,
    Said,
    counted,
    moves_of,
    newer_and_older,
    said_about,
    steps_of,
    visit_of_site,
    visits_in_reach,
)
from tasks.admin.sessions_texts import masked_block, masked_line, masked_link
from tasks.admin.texts import line
from tasks.core.public_ids import task_name
from tasks.models import AgentTask
from tasks.selectors.sessions import session_of_site
from tasks.selectors.site_tasks import task_of_site
from workspace.admin.frame import render_page, site_page

if TYPE_CHECKING:
    from workspace.models import Site

PROMPT = 8_000
SUMMARY = 4_000
LINES = 300
RUNS_SHOWN, PAGES_SHOWN = 20, 60
JSON_STEPS = 10_000
WHO: Mapping[str, tuple[str, str]] = {
    Provenance.AGENT_AUTHORED: ("the agent’s own words", "rv-good"),
    Provenance.DERIVED: ("derived by Rover", ""),
    Provenance.OWNER: ("yours", "rv-good"),
}
LAUNCHES = {
    "public_task_api": "by the API for agents",
    "delegated_handoff": "handed over by another site’s agent",
    "webmcp": "by a tool of the page",
    "embedded_widget": "in the assistant",
}


@site_page()
@require_safe
def visit(request: HttpRequest, site: "Site", visit_id: str) -> HttpResponse:
    """The page. `?step=` shows that step, `?q=` is the filter within which the next visit is; `?unless=`
    answers 204 while the visit is as it was when it gave that mark."""
    found, now = visit_or_404(site, visit_id), timezone.now()
    mark = _mark(found)
    if request.GET.get("unless") == mark:
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    bar, number = filter_bar(request), _number(request.GET.get("step", ""))
    steps = steps_of(found, since=_first_shown(number))
    rows = waterfall(steps, shown=number)
    row = visit_row(found, now=now)
    task = task_of_site(site, task_name(found.task_id)) if found.task_id else None
    is_live = found.finalized_at is None
    return render_page(
        request,
        "workspace/roverbook/visit.html",
        title=f"Visit …{found.pk[-6:]}",
        section="roverbook-visits",
        site=site,
        bar=bar,
        row=row,
        visit=found,
        prompt=masked_block(found.prompt, PROMPT),
        summary=masked_block(found.summary, SUMMARY),
        error=masked_block(found.error, SUMMARY),
        agent=agent_words(found, signer=str(task.agent.get("signatureAgent") or "") if task else ""),
        launch=LAUNCHES.get(found.launch_source) or line(found.launch_source).replace("_", " "),
        scores=_scores(found),
        steps=rows,
        first_step=rows[0].number if rows else 0,
        last_step=rows[-1].number if rows else 0,
        step=step_shown(steps, rows, number or (rows[0].number if rows else 0), total=found.total_steps),
        runs=runs_shown(found.runs, RUNS_SHOWN),
        pages=[masked_link(page) for page in found.pages_visited[:PAGES_SHOWN]],
        more_pages=max(0, len(found.pages_visited) - PAGES_SHOWN),
        moves=[_move(move) for move in moves_of(found)],
        said=_said(said_about(found)),
        links=_links(found, site, task),
        mark=mark,
        poll=f"{request.path}{query(q=bar.line, step=number or '')}" if is_live else "",
        agent_query=query(q=FilterLine().having("agent", found.agent_key)),
        query=query(q=bar.line) if bar.is_filtered else "",
        step_query=f"{query(q=bar.line)}&step=" if bar.is_filtered else "?step=",
        **_beside(found, site, bar, now),
    )


@site_page()
@require_safe
def visit_json(request: HttpRequest, site: "Site", visit_id: str) -> HttpResponse:
    """The visit with all its steps, as the collections have them."""
    found = visit_or_404(site, visit_id)
    steps = steps_of(found, limit=JSON_STEPS)
    for step in steps:
        step.visit = found
    record = visit_record(found, is_owner=True) | {"trajectory": [step_record(step) for step in steps]}
    response = HttpResponse(
        json.dumps(record, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace"),
        content_type="application/json",
    )
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{found.pk}.json") or ""
    response.headers["Cache-Control"] = "no-store"
    return response


def visit_or_404(site: "Site", visit_id: str) -> Visit:
    """The site's visit with this id."""
    found = visit_of_site(site, visit_id)
    if found is None:
        raise Http404("There is no such visit.")
    return found


def _first_shown(number: int) -> int:
    """Long visits are shown in parts."""
    return (max(1, number) - 1) // STEPS_SHOWN * STEPS_SHOWN + 1


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _mark(found: Visit) -> str:
    """Something else after each change of what the page shows, but for the time that passes."""
    seen = (found.n_events, found.last_event_at, found.finalized_at, found.outcome, found.score)
    return sha256(repr(seen).encode()).hexdigest()[:16]


def _beside(found: Visit, site: "Site", bar: FilterBar, now: datetime) -> dict[str, Any]:
    rows = visits_in_reach(site, bar.line, now=now).rows
    newer, older, above = newer_and_older(found, rows)
    total = counted(rows) if bar.is_filtered else 0
    return {
        "newer": newer,
        "older": older,
        "place": f"{above + 1:,} of {total:,}" if 0 < above + 1 <= total <= COUNT_MAX else "",
    }


def _scores(found: Visit) -> list[dict[str, Any]]:
    if found.score is None:
        return []
    values = {name: getattr(found, f"score_{name}", None) for name in WEIGHTS if name != "consistency"}
    return [
        {
            "name": DIMENSIONS[name][0],
            "about": DIMENSIONS[name][1],
            "score": score_of(value),
            "width": bar_of(value or 0, 100),
        }
        for name, value in values.items()
    ]


def _links(found: Visit, site: "Site", task: AgentTask | None) -> dict[str, str]:
    """Of the task and the session that it is made from, as long as they are kept."""
    session = session_of_site(site, found.session_id) if found.session_id else None
    return {"task": task_name(task.pk) if task else "", "session": session.pk if session else ""}


def _move(move: VisitMove) -> dict[str, Any]:
    return {
        "from": masked_line(move.from_path, LINES),
        "to": masked_line(move.to_path, LINES),
        "count": move.count,
    }


def _said(said: Said) -> dict[str, Any]:
    return {
        "is_empty": said.is_empty,
        "reviews": [
            {
                **_who(review),
                "overall": review.overall,
                "categories": (
                    ("accuracy", review.accuracy),
                    ("speed", review.speed),
                    ("ease of use", review.ease_of_use),
                    ("logic", review.logic),
                ),
                "summary": masked_block(review.summary, SUMMARY),
                "pain_points": [masked_line(each, LINES) for each in review.pain_points[:10]],
                "suggestions": [masked_line(each, LINES) for each in review.suggestions[:10]],
            }
            for review in said.reviews
        ],
        "answers": [
            {
                **_who(answer),
                "question": masked_line(answer.question, LINES),
                "answer": masked_block(answer.answer, SUMMARY),
            }
            for answer in said.answers
        ],
        "notes": [
            {
                **_who(note),
                "type": note.type,
                "visibility": note.visibility,
                "title": masked_line(note.title, LINES),
                "content": masked_block(note.content, SUMMARY),
            }
            for note in said.notes
        ],
        "posts": [
            {**_who(post), "title": masked_line(post.title or post.body, LINES), "type": post.type}
            for post in said.posts
        ],
    }


def _who(row: ByAgent) -> dict[str, Any]:
    word, badge = WHO.get(getattr(row, "provenance", ""), ("", ""))
    return {"who": word, "badge": badge, "agent": agent_words(row)}
