"""`python -m benchmarks.roverbook_seed VISITS`: what a million events come to, written at once into the data
folder of a server, for one site and five others beside it. Prints a line of JSON: siteId, a visit, an agent's
key, a session's cookie, and the queries of each path that it is told on standard input."""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

DAYS = 100
EVENTS_PER_VISIT = 20
OTHER_SITES, OTHER_SHARE = 5, 20
CHUNK = 1_000
TOOLS = ("click", "type", "navigate", "scroll", "extract", "submit", "search", "wait_for")
PATHS = (
    "/",
    "/boats",
    "/boats/day",
    "/cart",
    "/checkout",
    "/help",
    "/account",
    "/offers",
    "/search",
    "/contact",
)
OUTCOMES = ("success",) * 6 + ("failure",) * 2 + ("abandoned", "partial", "", "input_required")
TRUSTS = ("verified_signed", "signed_directory_only", "self_reported", "heuristic", "anonymous")
SOURCES = ("signature_agent", "public_task_agent", "user_agent", "webmcp_agent", "anonymous")
LAUNCHES = ("public_task_api", "delegated_handoff", "webmcp", "embedded_widget")
MESSAGES = ("button has no name", "element not found", "timeout after [n] ms", "form rejected: [text]")
SHORTCUTS = ("", "", "", "book-table", "next-boat")

Rows = list[dict[str, Any]]


def main() -> None:
    """Seeds, then answers questions until its input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()
    visits = int(sys.argv[1])
    owner, sites = _sites()
    chance, now = random.Random(7), datetime.now(UTC)
    for number, site in enumerate(sites):
        count = visits if number == 0 else visits // OTHER_SHARE
        for first in range(0, count, CHUNK):
            _write(site, range(first, min(first + CHUNK, count)), count, chance, now)
        _scores(site, chance, now)
    _analyze()
    print(json.dumps({"site": sites[0].public_id, "cookie": _cookie(owner), **_sample(sites[0])}), flush=True)
    for line in sys.stdin:
        print(_queries(owner, line.strip()), flush=True)


def _sites() -> tuple[Any, list[Any]]:
    from workspace.models import User
    from workspace.services.audit import SYSTEM
    from workspace.services.sites import site_create

    owner = User.objects.get(username="bench")
    names = [f"site{number}" for number in range(1 + OTHER_SITES)]
    return owner, [
        site_create(actor=SYSTEM, owner=owner, name=name, host=f"{name}.example", now=datetime.now(UTC))
        for name in names
    ]


def _write(site: Any, numbers: range, count: int, chance: random.Random, now: datetime) -> None:
    from django.db.models import Model

    from roverbook import models
    from workspace.io.inserting import insert_rows
    from workspace.io.transactions import write_transaction

    rows: dict[type[Model], Rows] = {}

    def add(model: type[Model]) -> Callable[[dict[str, Any]], None]:
        return rows.setdefault(model, []).append

    for number in numbers:
        visit = _visit(site, number, count, chance, now)
        add(models.Visit)(visit)
        for model, row in _belongings(site, visit, chance, models):
            add(model)(row)
    with write_transaction():
        for model, several in rows.items():
            insert_rows(model, several)


def _visit(site: Any, number: int, count: int, chance: random.Random, now: datetime) -> dict[str, Any]:
    started_at = now - timedelta(days=DAYS) * ((number + chance.random()) / count)
    outcome = chance.choice(OUTCOMES)
    tier = chance.randrange(len(TRUSTS))
    agent = int(chance.paretovariate(0.7)) % 3_000
    steps = chance.randint(3, 14)
    lasted = chance.randint(400, 60_000)
    score = None if outcome in ("", "input_required") else chance.uniform(20, 100)
    return {
        "id": f"vis_{site.pk.hex[-8:]}{number:014d}",
        "site_id": site.pk,
        "agent_key": f"agent-{agent}",
        "agent_name": f"Agent {agent}",
        "agent_vendor": f"vendor{agent % 40}",
        "agent_model": f"model-{agent % 7}",
        "agent_trust": TRUSTS[tier],
        "agent_source": SOURCES[tier],
        "agent_memory_key": f"self:agent-{agent}",
        "session_id": f"ses_{number:020d}",
        "launch_source": chance.choice(LAUNCHES),
        "host": site.host,
        "entry_url": f"https://{site.host}/",
        "prompt": f"Find boat number {number} for {chance.randint(1, 9)} people and reserve it",
        "shortcut": chance.choice(SHORTCUTS),
        "intent": f"intent-{agent % 20}",
        "status": "active" if outcome == "" else "completed",
        "outcome": outcome,
        "summary": "It was done as was asked." if outcome == "success" else "",
        "error": chance.choice(MESSAGES) if outcome == "failure" else "",
        "started_at": started_at,
        "last_event_at": started_at + timedelta(milliseconds=lasted),
        "ended_at": started_at + timedelta(milliseconds=lasted) if score is not None else None,
        "finalized_at": started_at + timedelta(milliseconds=lasted) if score is not None else None,
        "n_events": EVENTS_PER_VISIT,
        "total_runs": 1,
        "total_steps": steps,
        "total_duration_ms": lasted,
        "error_count": int(outcome == "failure"),
        "pages_visited": [f"https://{site.host}{path}" for path in PATHS[:4]],
        "trajectory": [
            {"stepId": f"s{n}", "action": TOOLS[n % 8], "target": "x" * 120} for n in range(steps)
        ],
        "score": score,
        "score_completion": score,
        "score_efficiency": score,
        "score_recovery": score,
    }  # fmt: skip


def _belongings(
    site: Any, visit: dict[str, Any], chance: random.Random, models: Any
) -> Iterator[tuple[Any, dict[str, Any]]]:
    of_visit = {"visit_id": visit["id"], "site_id": site.pk, "started_at": visit["started_at"]}
    has_failed = visit["outcome"] == "failure"
    for number in range(1, visit["total_steps"] + 1):
        yield models.VisitStep, _step(visit, number, has_failed)
    for tool, path in {(chance.choice(TOOLS), chance.choice(PATHS)) for _ in range(4)}:
        counts = {"calls": chance.randint(1, 5), "failures": int(has_failed), "missing": int(has_failed)}
        yield models.VisitTool, {**of_visit, "tool": tool, "path": path, **counts}
    for begin, end in {(chance.choice(PATHS), chance.choice(PATHS)) for _ in range(2)}:
        yield models.VisitMove, {**of_visit, "from_path": begin, "to_path": end, "count": 1}
    if has_failed:
        kind = chance.randrange(200)
        issue = {"fingerprint": f"{kind:032x}", "tool": TOOLS[kind % 8], "path": PATHS[kind % 10], "count": 1}
        yield models.VisitIssue, {**of_visit, **issue, "message": f"{visit['error']} {kind}"}
    yield from _words(site, visit, chance, models)


def _step(visit: dict[str, Any], number: int, has_failed: bool) -> dict[str, Any]:
    is_error = has_failed and number == visit["total_steps"]
    return {
        "visit_id": visit["id"],
        "number": number,
        "at": visit["started_at"] + timedelta(milliseconds=300 * number),
        "action": TOOLS[number % len(TOOLS)],
        "type": "click",
        "target": f"#button-{number}",
        "args": {"selector": f"#button-{number}"},
        "result": "error" if is_error else "success",
        "error": visit["error"] if is_error else "",
        "duration_ms": 250,
        "page_url": f"https://{visit['host']}{PATHS[number % len(PATHS)]}",
    }


def _words(
    site: Any, visit: dict[str, Any], chance: random.Random, models: Any
) -> Iterator[tuple[Any, dict[str, Any]]]:
    agent = {name: value for name, value in visit.items() if name.startswith("agent_")}
    said = {**agent, "site_id": site.pk, "visit_id": visit["id"], "created_at": visit["started_at"]}
    own = "agent_authored" if chance.random() < 0.3 else "derived"
    rating = chance.randint(1, 5)
    ratings = dict.fromkeys(("overall", "accuracy", "speed", "ease_of_use", "logic"), rating)
    told = {"provenance": own, "sentiment": "mixed", "summary": "It went as it went."}
    yield models.Review, {**said, **ratings, **told, "id": f"rev_{visit['id']}"}
    if chance.random() < 0.5:
        answer = {"question_id": "question_hardest", "question": "What was hardest?", "answer": "The form."}
        yield (
            models.InterviewAnswer,
            {**said, **answer, "id": f"ans_{visit['id']}", "provenance": own, "sentiment": "neutral"},
        )
    if chance.random() < 0.4:
        note = {
            "type": "tip",
            "title": "Cart",
            "content": "The cart is behind the menu.",
            "visibility": "shared",
        }
        ids = {"id": f"note_{visit['id']}", "provenance": own, "updated_at": visit["started_at"]}
        yield models.Note, {**said, **note, **ids}
    if chance.random() < 0.1:
        post = {
            "type": "tip",
            "title": "Cart",
            "body": "Look behind the menu.",
            "provenance": "agent_authored",
        }
        yield models.Post, {**said, **post, "id": f"post_{visit['id']}", "updated_at": visit["started_at"]}
    if chance.random() < 0.2:
        shown = {name: value for name, value in said.items() if name != "agent_memory_key"}
        variant = {"experiment_id": "cart-button", "variant_id": chance.choice("ab")}
        yield models.Exposure, {**shown, **variant, "id": f"exp_{visit['id']}"}


def _scores(site: Any, chance: random.Random, now: datetime) -> None:
    from roverbook.models import DailyScore

    dimensions = ("overall", "completion", "efficiency", "recovery", "accessibility", "consistency")
    DailyScore.objects.bulk_create(
        DailyScore(
            site=site,
            day=(now - timedelta(days=ago)).date(),
            is_provisional=False,
            total_visits=500,
            visits=500,
            successes=250,
            computed_at=now,
            **{name: chance.uniform(50, 90) for name in dimensions},
        )
        for ago in range(DAYS)
    )


def _analyze() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _sample(site: Any) -> dict[str, str]:
    from roverbook.models import Note, Post, Visit

    visit = Visit.objects.filter(site=site, outcome="failure").order_by("-started_at")[0]
    note, post = Note.objects.filter(site=site)[0], Post.objects.filter(site=site)[0]
    return {"visit": visit.pk, "agent": visit.agent_key, "note": note.pk, "post": post.pk}


def _cookie(owner: Any) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(owner)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _queries(owner: Any, path: str) -> str:
    from django.db import connection
    from django.test import Client

    client, seen = Client(SERVER_NAME="127.0.0.1"), list[str]()
    client.force_login(owner)

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        status = client.get(path).status_code
    return json.dumps({"status": status, "queries": len(seen)})


if __name__ == "__main__":
    main()
