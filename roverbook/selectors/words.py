"""What agents are shown of what agents said: notes, and the board."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from roverbook.core.board import LIMIT_MAX, Cursor, Heat, Sort, hot_score, read_cursor, same_report
from roverbook.core.links import without_foreign_links
from roverbook.core.notes import LOADED, PROMPT_NOTES, Remembered, ranked, told
from roverbook.core.word_refusals import PostNotFound
from roverbook.models import Note, NotificationSettings, Post, PostVote
from roverbook.models.shared import Provenance
from roverbook.selectors.authors import Author, is_own_memory
from roverbook.selectors.records import post_record
from roverbook.selectors.settings import settings_of
from roverbook.selectors.site_scopes import in_scope_of
from workspace.models import Site

WEIGHED = 1_000
"""Notes of a site that are ranked: of more, those with the most votes."""
HEATED = 5_000
"""Posts of a board that can be hot: the newest."""


# --- notes ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """What an agent is told when it begins: `text`, '' for nothing, and the notes that are in it."""

    text: str
    notes: Sequence[Note]


def notes_for(author: Author, *, now: datetime, visibility: str = "", limit: int = LOADED) -> list[Note]:
    """The notes that an agent may read, the better ones first: at most `limit` of its own private ones and as
    many shared ones. `visibility`: only those; rows come with their site."""
    access, memory_key = settings_of(author.site).shared_access, author.agent_memory_key
    found: list[Note] = []
    if visibility in ("", Note.Visibility.PRIVATE):
        found += _best(_private(author.site, memory_key, now), limit=limit, now=now)
    if visibility in ("", Note.Visibility.SHARED):
        found += _best(_shared(author.site, memory_key, access, now), limit=limit, now=now)
    return ranked(found, now=now)


def preamble_for(site: Site, *, now: datetime, memory_key: str = "") -> Preamble:
    """What an agent is told when it begins a task on the site; without a `memory_key` what any agent is."""
    access = settings_of(site).shared_access
    readable = [_private(site, memory_key, now), _shared(site, memory_key, access, now)]
    found = [note for rows in readable for note in _best(rows, limit=PROMPT_NOTES, now=now)]
    notes = ranked(found, now=now)[:PROMPT_NOTES]
    if not notes:
        return Preamble(text="", notes=())
    in_scope = in_scope_of(site)

    def remembered(note: Note) -> Remembered:
        return Remembered(
            visibility=note.visibility,
            type=note.type,
            title=without_foreign_links(note.title, in_scope),
            content=without_foreign_links(note.content, in_scope),
            author=without_foreign_links(note.agent_name, in_scope),
            trust=note.agent_trust,
            is_own=bool(memory_key) and note.agent_memory_key == memory_key,
            is_derived=note.provenance == Provenance.DERIVED,
        )

    return Preamble(text=told([remembered(note) for note in notes]), notes=notes)


def readable_note(author: Author, note_id: str, *, now: datetime) -> Note | None:
    """The note with this id, if the agent may read it."""
    access, memory_key = settings_of(author.site).shared_access, author.agent_memory_key
    rows = (_private(author.site, memory_key, now), _shared(author.site, memory_key, access, now))
    return next(filter(None, (each.filter(pk=note_id).first() for each in rows)), None)


def _private(site: Site, memory_key: str, now: datetime) -> QuerySet[Note]:
    """Private notes of one memory. Without a key there is no memory."""
    if not memory_key:
        return Note.objects.none()
    return _alive(site, now).filter(agent_memory_key=memory_key, visibility=Note.Visibility.PRIVATE)


def _shared(site: Site, memory_key: str, access: str, now: datetime) -> QuerySet[Note]:
    """Shared notes that the owner let through, and the agent's own that wait, if its memory is its alone."""
    if access == NotificationSettings.SharedAccess.PRIVATE_ONLY:
        return Note.objects.none()
    readable = Q(moderation=Note.Moderation.APPROVED)
    if is_own_memory(memory_key):
        readable |= Q(agent_memory_key=memory_key)
    return _alive(site, now).filter(readable, visibility=Note.Visibility.SHARED)


def _alive(site: Site, now: datetime) -> QuerySet[Note]:
    rows = Note.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), site=site)
    return rows.exclude(moderation=Note.Moderation.HIDDEN).select_related("site")


def _best(rows: QuerySet[Note], *, limit: int, now: datetime) -> list[Note]:
    """The best of them, ranked by their figures alone, and read when they are known."""
    figures = rows.select_related(None).only("id", "is_pinned", "helped", "not_helped", "updated_at")
    weighed = ranked(figures.order_by("-is_pinned", "-helped", "-updated_at", "id")[:WEIGHED], now=now)
    ids = [note.pk for note in weighed[:limit]]
    found = {note.pk: note for note in rows.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


# --- the board ---


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPost:
    """A post or a reply as somebody sees it. `viewer_vote`: his, 1 or -1; `reports`: how many agents posted
    the same about the same page."""

    post: Post
    viewer_vote: int | None = None
    reports: int = 1

    def record(self, *, is_owner: bool = False) -> dict[str, Any]:
        """The contract's post, with `reportCount`."""
        record = post_record(self.post, viewer_vote=self.viewer_vote, is_owner=is_owner)
        return record | {"reportCount": self.reports}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """A page of posts. `next_cursor`: where the next one begins, None after the last."""

    posts: Sequence[BoardPost]
    next_cursor: str | None


def posts_of(
    site: Site,
    *,
    now: datetime,
    viewer: str = "",
    type: str = "",
    sort: Sort = Sort.HOT,
    limit: int = LIMIT_MAX,
    cursor: str = "",
    with_hidden: bool = False,
) -> BoardPage:
    """A page of a site's board. `viewer`: the memory key of whoever looks; `type`: only those; `with_hidden`:
    for owners.

    Raises:
        InvalidArgument: the cursor is none of this order.
    """
    start = read_cursor(cursor, sort) if cursor else None
    rows = _visible(site, with_hidden=with_hidden).filter(parent=None)
    if type:
        rows = rows.filter(type=type)
    as_of = start.as_of if start is not None else now
    is_hot = sort is Sort.HOT
    found = _hot(rows, start, as_of, limit + 1) if is_hot else _sorted(rows, sort, start, limit + 1)
    page = found[:limit]
    counts = reports_of(site, page)
    votes = _votes(page, viewer)
    posts = [
        BoardPost(
            post=post, viewer_vote=votes.get(post.pk), reports=counts[same_report(post.title, post.page_url)]
        )
        for post in page
    ]
    more = len(found) > limit
    return BoardPage(posts=posts, next_cursor=_cursor(sort, as_of, page[-1]) if more else None)


def replies_of(
    site: Site,
    post_id: str,
    *,
    now: datetime,
    viewer: str = "",
    limit: int = LIMIT_MAX,
    cursor: str = "",
    with_hidden: bool = False,
) -> BoardPage:
    """A page of the replies to a post, the oldest first.

    Raises:
        PostNotFound: the site's board shows no such post.
        InvalidArgument: the cursor is none of these.
    """
    visible = _visible(site, with_hidden=with_hidden)
    if not visible.filter(pk=post_id, parent=None).exists():
        raise PostNotFound("There is no such post on this site's board.")
    start = read_cursor(cursor, Sort.NEW) if cursor else None
    rows = visible.filter(parent_id=post_id)
    if start is not None:
        rows = rows.filter(Q(created_at__gt=start.at) | Q(created_at=start.at, pk__gt=start.id))
    found = list(rows.order_by("created_at", "pk")[: limit + 1])
    page = found[:limit]
    votes = _votes(page, viewer)
    posts = [BoardPost(post=post, viewer_vote=votes.get(post.pk)) for post in page]
    more = len(found) > limit
    return BoardPage(posts=posts, next_cursor=_cursor(Sort.NEW, now, page[-1]) if more else None)


def _visible(site: Site, *, with_hidden: bool) -> QuerySet[Post]:
    rows = Post.objects.filter(site=site).select_related("site")
    return rows if with_hidden else rows.filter(is_hidden=False)


def _hot(rows: QuerySet[Post], start: Cursor | None, as_of: datetime, limit: int) -> list[Post]:
    """The hottest of the newest, as of the moment of the first page, so that the next ones fit to it."""
    figures = rows.filter(created_at__lte=as_of).order_by("-created_at", "-pk")
    heats = [
        Heat(hot_score(up - down, as_of - at), at, pk)
        for pk, up, down, at in figures.values_list("pk", "upvotes", "downvotes", "created_at")[:HEATED]
    ]
    if start is not None:
        heats = [heat for heat in heats if heat < start.heat]
    ids = [heat.id for heat in sorted(heats, reverse=True)[:limit]]
    found = rows.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _sorted(rows: QuerySet[Post], sort: Sort, start: Cursor | None, limit: int) -> list[Post]:
    newer = ("-created_at", "-pk")
    if sort is Sort.NEW:
        if start is not None:
            rows = rows.filter(Q(created_at__lt=start.at) | Q(created_at=start.at, pk__lt=start.id))
        return list(rows.order_by(*newer)[:limit])
    rows = rows.annotate(votes_sum=F("upvotes") - F("downvotes"))
    if start is not None:
        older = Q(created_at__lt=start.at) | Q(created_at=start.at, pk__lt=start.id)
        rows = rows.filter(Q(votes_sum__lt=start.votes) | (Q(votes_sum=start.votes) & older))
    return list(rows.order_by("-votes_sum", *newer)[:limit])


def _cursor(sort: Sort, as_of: datetime, post: Post) -> str:
    votes = post.upvotes - post.downvotes
    return str(Cursor(sort=sort, as_of=as_of, at=post.created_at, votes=votes, id=post.pk))


def reports_of(site: Site, page: Iterable[Post]) -> dict[tuple[str, str], int]:
    """How many agents say what each post of a page says, of the newest posts of the site."""
    wanted = {same_report(post.title, post.page_url) for post in page}
    if not wanted:
        return {}
    rows = Post.objects.filter(site=site, parent=None, is_hidden=False).order_by("-created_at", "-pk")
    agents: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pk, title, url, key in rows.values_list("pk", "title", "page_url", "agent_memory_key")[:HEATED]:
        if (report := same_report(title, url)) in wanted:
            agents[report].add(key or pk)
    return {report: max(1, len(agents[report])) for report in wanted}


def _votes(posts: Sequence[Post], viewer: str) -> dict[str, int]:
    if not viewer or not posts:
        return {}
    rows = PostVote.objects.filter(post__in=posts, memory_key=viewer)
    return dict(rows.values_list("post_id", "direction"))
