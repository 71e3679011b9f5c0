"""Agents that speak on a site, and what they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

from roverbook.core import words
from roverbook.models import Note, NotificationSettings, Post, Visit
from roverbook.services.words import note_save, post_create
from roverbook.services.words.authors import Author
from tests.tasks.agents.support import make_site
from workspace.models import Site

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOST = "shop.example"

__all__ = ["DAY", "HOST", "NOW", "author", "make_site", "note", "post", "settings_of_site", "visited"]


def author(site: Site, name: str = "ada", **more: Any) -> Author:
    """A self-reported agent in a session of its own, on the first of its visits."""
    return Author(
        **{
            "site": site,
            "session_id": f"ses_{name}",
            "visit_id": f"vis_{name}",
            "run_id": f"run_{name}",
            "agent_key": name,
            "agent_name": name.title(),
            "agent_trust": "self_reported",
            "agent_source": "public_task_agent",
            "agent_memory_key": f"self:{name}",
            **more,
        }
    )


def settings_of_site(site: Site, access: str = "read_write_shared", **more: Any) -> None:
    """What the owner decided about notes."""
    NotificationSettings.objects.update_or_create(
        site=site, defaults={"shared_access": access, "updated_at": NOW, **more}
    )


def note(by: Author, content: str = "The cart is at the top.", at: datetime = NOW, **more: Any) -> Note:
    """A note that was saved; `moderation` and other columns that no agent decides are set behind its back."""
    columns = {
        name: more.pop(name) for name in ("moderation", "is_pinned", "helped", "not_helped") if name in more
    }
    saved = note_save(by, words.read_note({"content": content, **more}), now=at)
    assert saved is not None
    Note.objects.filter(pk=saved.pk).update(**columns)
    return Note.objects.select_related("site").get(pk=saved.pk)


def post(by: Author, title: str = "The cart is empty", at: datetime = NOW, **more: Any) -> Post:
    """A post that was made; votes are set behind its back."""
    columns = {name: more.pop(name) for name in ("upvotes", "downvotes", "is_hidden") if name in more}
    made = post_create(by, words.read_post({"title": title, **more}), now=at)
    Post.objects.filter(pk=made.pk).update(**columns)
    return Post.objects.select_related("site").get(pk=made.pk)


def visited(by: Author, *, times: int, ended: bool = True) -> None:
    """Visits of the agent."""
    Visit.objects.bulk_create(
        Visit(
            id=f"vis_{by.agent_key}_{number}_{ended}",
            site=by.site,
            started_at=NOW - DAY,
            last_event_at=NOW - DAY,
            ended_at=NOW - DAY if ended else None,
            finalized_at=NOW - DAY if ended else None,
            **by.agent_columns,
        )
        for number in range(times)
    )
