"""What RoverBook knows of the site of an owner of the walk: a row of every table, each with the owner's word."""

from datetime import datetime
from typing import Any

from roverbook.models import (
    AgentProfile,
    CollectedEvent,
    DailyScore,
    DriftAlert,
    Exposure,
    InterviewAnswer,
    Note,
    NoteVote,
    Post,
    PostVote,
    Question,
    Review,
    ScoreDue,
    Visit,
    VisitIssue,
    VisitMove,
    VisitStep,
    VisitTool,
)
from workspace.models import Site

RATINGS = dict.fromkeys(("overall", "accuracy", "speed", "ease_of_use", "logic"), 3)


def roverbook_make(word: str, site: Site, session_id: str, now: datetime) -> None:
    """A visit that failed, with all that was said in it, and what was made of it."""
    _visit(word, site, session_id, now)
    _said(word, site, now)
    _decided(word, site, now)


def roverbook_values(word: str) -> dict[str, list[str]]:
    """Parameters of addresses."""
    return {
        "visit_id": [visit_of(word)],
        "post_id": [f"post_{word}"],
        "note_id": [f"note_{word}"],
        "alert_id": [
            str(pk) for pk in DriftAlert.objects.filter(path=f"/{word}").values_list("pk", flat=True)
        ],
        "collection": ["roverbook_visits"],
    }


def roverbook_ids(word: str) -> dict[str, str]:
    """Ids to put into bodies and queries: their kind, and one of them."""
    return {
        "visit": visit_of(word),
        "post": f"post_{word}",
        "note": f"note_{word}",
        "agent key": key_of(word),
        "question": f"question_{word}_new",
    }


def pages_about(word: str, site: Site, session_id: str) -> list[str]:
    """Pages that ask in their address whom they are about."""
    book = f"/workspace/sites/{site.public_id}/roverbook/"
    agent = f"kind=agent&name={key_of(word)}"
    return [
        f"{book}agent/?key={key_of(word)}",
        f"{book}privacy/?{agent}",
        f"{book}privacy/erase/?{agent}",
        f"{book}privacy/erase/?kind=visitor&name={session_id}",
        f"{book}privacy/export/?{agent}",
        f"{book}board/?tab=hidden",
    ]


def visit_of(word: str) -> str:
    """The id of the visit."""
    return f"vis_{word:0<22}"


def key_of(word: str) -> str:
    """The key of the agent that visited."""
    return f"{word}-visitor"


def _agent(word: str) -> dict[str, str]:
    return {
        "agent_key": key_of(word),
        "agent_name": f"{word} visitor",
        "agent_vendor": f"{word} vendor",
        "agent_model": f"{word} model",
        "agent_trust": "self_reported",
        "agent_source": "public_task_agent",
        "agent_memory_key": f"self:{key_of(word)}",
    }


def _visit(word: str, site: Site, session_id: str, now: datetime) -> None:
    url = f"https://{word}.example/{word}"
    visit = Visit.objects.create(
        id=visit_of(word),
        site=site,
        host=site.host,
        session_id=session_id,
        entry_url=url,
        latest_url=url,
        prompt=f"the wish of {word}",
        status="failed",
        outcome="failure",
        summary=f"the end of {word}",
        error=f"the error of {word}",
        started_at=now,
        last_event_at=now,
        ended_at=now,
        finalized_at=now,
        total_steps=1,
        error_count=1,
        trajectory=[{"stepId": word, "action": "click_element", "target": word}],
        pages_visited=[url],
        score=10.0,
        **_agent(word),
    )
    of_visit: dict[str, Any] = {"visit": visit, "site": site, "started_at": now}
    VisitStep.objects.create(
        visit=visit,
        number=1,
        at=now,
        action="click_element",
        type="click",
        target=word,
        result="error",
        error=word,
    )
    VisitTool.objects.create(**of_visit, path=f"/{word}", tool="click_element", calls=1, failures=1)
    VisitMove.objects.create(**of_visit, from_path=f"/{word}", to_path="/", count=1)
    VisitIssue.objects.create(**of_visit, fingerprint=word, tool="click_element", message=word, count=1)
    CollectedEvent.objects.create(
        site=site,
        session_id=session_id,
        host=site.host,
        event_id=f"{word}-event",
        visit_id=visit.pk,
        type="status",
        at=now,
        data={"text": word},
        created_at=now,
        **_agent(word),
    )


def _said(word: str, site: Site, now: datetime) -> None:
    said: dict[str, Any] = {
        "site": site,
        "visit_id": visit_of(word),
        "provenance": "agent_authored",
        "created_at": now,
        **_agent(word),
    }
    Review.objects.create(id=f"review_{word}", **RATINGS, summary=word, sentiment="neutral", **said)
    InterviewAnswer.objects.create(
        id=f"answer_{word}",
        question_id=f"question_{word}",
        question=word,
        answer=word,
        sentiment="neutral",
        **said,
    )
    shared = {"type": "tip", "visibility": "shared", "updated_at": now, **said}
    note = Note.objects.create(id=f"note_{word}", title=f"{word} title", content=word, **shared)
    Note.objects.create(id=f"note_{word}_told", title=word, content=word, moderation="approved", **shared)
    NoteVote.objects.create(note=note, memory_key=f"self:{word}", helped=True, created_at=now)
    posted = {"type": "tip", "updated_at": now, **said}
    post = Post.objects.create(id=f"post_{word}", title=f"{word} title", body=word, reply_count=1, **posted)
    Post.objects.create(id=f"post_{word}_reply", body=word, parent=post, **posted)
    Post.objects.create(id=f"post_{word}_hidden", title=word, body=word, is_hidden=True, **posted)
    PostVote.objects.create(post=post, memory_key=f"self:{word}", direction=1, created_at=now)
    exposed = {name: value for name, value in said.items() if name != "provenance"}
    Exposure.objects.create(id=f"exposure_{word}", experiment_id=word, variant_id=word, **exposed)


def _decided(word: str, site: Site, now: datetime) -> None:
    for name in ("new", "newer"):
        Question.objects.create(
            site=site,
            question_id=f"question_{word}_{name}",
            text=f"How {name} is {word}?",
            active=False,
            provenance="agent_authored",
            created_at=now,
        )
    AgentProfile.objects.create(
        site=site, agent_key=key_of(word), nickname=f"{word} nickname", updated_at=now
    )
    DailyScore.objects.create(site=site, day=now.date(), overall=10.0, computed_at=now)
    ScoreDue.objects.update_or_create(site=site, defaults={"from_day": now.date(), "marked_at": now})
    DriftAlert.objects.create(
        site=site,
        path=f"/{word}",
        tool="click_element",
        rate=1,
        baseline=0,
        calls=9,
        began_at=now,
        seen_at=now,
    )
