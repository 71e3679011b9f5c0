"""The board as a queue: what waits for the owners, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Q, QuerySet

from roverbook.core.board import same_report
from roverbook.models import Post
from roverbook.selectors.words import reports_of
from workspace.models import Site

PAGE_SIZE = 30
REPLIES_SHOWN = 200


class Tab(StrEnum):
    """Where a post stands in the queue. A hidden one is nowhere else."""

    NEW = "new"
    OPEN = "open"
    SOLVED = "solved"
    HIDDEN = "hidden"


_TABS = {
    Tab.NEW: Q(is_hidden=False, is_seen=False),
    Tab.OPEN: Q(is_hidden=False) & ~Q(status=Post.Status.SOLVED),
    Tab.SOLVED: Q(is_hidden=False, status=Post.Status.SOLVED),
    Tab.HIDDEN: Q(is_hidden=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """A place in the queue."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """Posts, oldest first, each with how many agents reported the same; `later`: where to go on."""

    posts: Sequence[tuple[Post, int]]
    later: QueuePlace | None


def queue_counts(site: Site) -> dict[Tab, int]:
    """How many posts stand where."""
    sums = {tab.value: Count("pk", filter=fits) for tab, fits in _TABS.items()}
    found = _posts(site).aggregate(**sums)
    return {tab: found[tab.value] for tab in Tab}


def queue_page(
    site: Site, tab: Tab, *, q: str = "", after: QueuePlace | None = None, size: int = PAGE_SIZE
) -> QueuePage:
    """At most `size` posts of a tab, oldest first; `q`: words in title or text, or the agent's key."""
    rows = _posts(site).filter(_TABS[tab])
    if q:
        rows = rows.filter(Q(title__icontains=q) | Q(body__icontains=q) | Q(agent_key=q))
    if after is not None:
        rows = rows.filter(Q(created_at__gt=after.at) | Q(created_at=after.at, pk__gt=after.id))
    found = list(rows.order_by("created_at", "pk")[: size + 1])
    page = found[:size]
    reports = reports_of(site, page)
    last = page[-1] if len(found) > size else None
    return QueuePage(
        posts=[(post, reports[same_report(post.title, post.page_url)]) for post in page],
        later=QueuePlace(at=last.created_at, id=last.pk) if last else None,
    )


def post_of(site: Site, post_id: str) -> Post | None:
    """A post of the site's board, no reply."""
    return _posts(site).filter(pk=post_id).first()


def replies_to(post: Post) -> list[Post]:
    """Its replies, oldest first, hidden ones too; at most 200."""
    return list(post.replies.order_by("created_at", "pk")[:REPLIES_SHOWN])


def _posts(site: Site) -> QuerySet[Post]:
    return Post.objects.filter(site=site, parent=None)
