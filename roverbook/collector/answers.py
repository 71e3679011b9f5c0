"""What each path of the collector does with a request, in a database thread, and what it answers.

A session shows its token as a bearer token; a page that goes, and may not wait for a preflight, in the body.
The token of a stream opens nothing here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from django.utils import timezone

from roverbook.core import words
from roverbook.core.board import Sort
from roverbook.core.collected import (
    AnalyticsFilter,
    NotesFilter,
    PostsFilter,
    RepliesFilter,
    read_batch,
    read_speaker,
)
from roverbook.selectors.authors import Author
from roverbook.selectors.records import (
    answer_record,
    exposure_record,
    note_record,
    post_record,
    question_record,
    review_record,
)
from roverbook.selectors.told_agents import analytics_told, score_told, told_to
from roverbook.selectors.words import BoardPage, notes_for, posts_of, replies_of
from roverbook.services.collecting import author_of, events_take, write_count
from roverbook.services.words.boarding import post_create, post_reply, post_vote
from roverbook.services.words.exposing import exposure_note
from roverbook.services.words.noting import note_save
from roverbook.services.words.noting import note_vote as note_vote_say
from roverbook.services.words.reviewing import answers_say, question_propose, review_say
from tasks.core.runtime.fields import Body as Query
from tasks.core.runtime.fields import validated
from tasks.services.agents.callers import Caller
from tasks.services.runtime.sessions import Presented, session_present
from tasks.v2.exchange import Call
from tasks.v2.serving import Answer

Asked = TypeVar("Asked", bound=Query)
Body = TypeVar("Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request of a session that showed a good token. `fields`: of the body, of a GET its query."""

    presented: Presented
    caller: Caller
    fields: Mapping[str, Any]
    path: str
    now: datetime

    @classmethod
    def read(cls, call: Call) -> "Asking":
        """Who asks.

        Raises:
            What `session_present` raises; InvalidArgument: the body is no JSON object.
        """
        now = timezone.now()
        fields = dict(call.request.query) if call.method in ("GET", "HEAD") else call.fields()
        told = fields.pop("sessionToken", "")
        token = call.bearer or (told if isinstance(told, str) else "")
        named = call.request.headers.get("x-rover-session-id") or None
        presented = session_present(token, session_id=named, now=now)
        caller = Caller(address=call.address, headers=call.request.headers)
        return cls(presented=presented, caller=caller, fields=fields, path=call.request.path, now=now)

    @classmethod
    def written(cls, call: Call) -> "Asking":
        """Who writes; it counts for the session.

        Raises:
            As `read`; TaskRateLimited.
        """
        asking = cls.read(call)
        write_count(asking.presented, now=asking.now)
        return asking

    @property
    def author(self) -> Author:
        """The agent that speaks."""
        return author_of(self.presented, read_speaker(self.fields), caller=self.caller, now=self.now)

    @property
    def named(self) -> str:
        """The id in the path: what stands before its last part."""
        return unquote(self.path.rsplit("/", 2)[1])

    def wanted(self, shape: type[Asked]) -> Asked:
        """The query. Raises InvalidArgument."""
        return validated(shape, self.fields)


# --- told ---


def ingest(call: Call) -> Answer:
    """`/events/ingest`"""
    asking = Asking.written(call)
    batch = read_batch(asking.fields)
    taken = events_take(asking.presented, batch, caller=asking.caller, now=asking.now)
    return Answer(data={"accepted": taken.accepted, "known": taken.known})


def review(call: Call) -> Answer:
    """POST `/reviews`"""
    asking = Asking.written(call)
    return _told(review_say(asking.author, words.read_review(asking.fields), now=asking.now), review_record)


def interview(call: Call) -> Answer:
    """POST `/interviews`"""
    asking = Asking.written(call)
    kept = answers_say(asking.author, words.read_answers(asking.fields), now=asking.now)
    return Answer(data=[answer_record(each) for each in kept])


def question(call: Call) -> Answer:
    """POST `/questions`"""
    asking = Asking.written(call)
    body = words.read_question(asking.fields)
    return _told(question_propose(asking.author, body, now=asking.now), question_record)


def note(call: Call) -> Answer:
    """POST `/notes`"""
    asking = Asking.written(call)
    return _told(note_save(asking.author, words.read_note(asking.fields), now=asking.now), note_record)


def note_vote(call: Call) -> Answer:
    """POST `/notes/{id}/vote`"""
    asking = Asking.written(call)
    author, body = asking.author, words.read_note_vote(asking.fields)
    kept = note_vote_say(author, body, note_id=asking.named, now=asking.now)
    return Answer(data=told_to(author, kept, note_record(kept)))


def post(call: Call) -> Answer:
    """POST `/posts`"""
    asking = Asking.written(call)
    return _told(post_create(asking.author, words.read_post(asking.fields), now=asking.now), post_record)


def reply(call: Call) -> Answer:
    """POST `/posts/{id}/reply`"""
    asking = Asking.written(call)
    body = words.read_reply(asking.fields)
    return _told(post_reply(asking.author, body, post_id=asking.named, now=asking.now), post_record)


def vote(call: Call) -> Answer:
    """POST `/posts/{id}/vote`"""
    asking = Asking.written(call)
    author, body = asking.author, words.read_vote(asking.fields)
    voted = post_vote(author, body, post_id=asking.named, now=asking.now)
    return Answer(data=told_to(author, voted.post, voted.record()))


def exposure(call: Call) -> Answer:
    """POST `/experiments/exposures`"""
    asking = Asking.written(call)
    body = words.read_exposure(asking.fields)
    return _told(exposure_note(asking.author, body, now=asking.now), exposure_record)


def _told(kept: Body | None, record: Callable[[Body], Mapping[str, Any]]) -> Answer:
    """What was kept; null for what RoverBook rather derives itself."""
    return Answer(data=None if kept is None else record(kept))


# --- read ---


def notes(call: Call) -> Answer:
    """GET `/notes`: the caller's own private ones, and shared ones."""
    asking = Asking.read(call)
    wanted = asking.wanted(NotesFilter)
    author = asking.author
    found = notes_for(author, now=asking.now, visibility=wanted.visibility or "", limit=wanted.limit)
    return Answer(data=[told_to(author, each, note_record(each)) for each in found])


def posts(call: Call) -> Answer:
    """GET `/posts`"""
    asking = Asking.read(call)
    wanted = asking.wanted(PostsFilter)
    author = asking.author
    return _page(
        author,
        posts_of(
            author.site,
            now=asking.now,
            viewer=author.agent_memory_key,
            type=wanted.type or "",
            sort=Sort(wanted.sort),
            limit=wanted.limit,
            cursor=wanted.cursor or "",
        ),
    )


def replies(call: Call) -> Answer:
    """GET `/posts/{id}/replies`"""
    asking = Asking.read(call)
    wanted = asking.wanted(RepliesFilter)
    author = asking.author
    return _page(
        author,
        replies_of(
            author.site,
            asking.named,
            now=asking.now,
            viewer=author.agent_memory_key,
            limit=wanted.limit,
            cursor=wanted.cursor or "",
        ),
    )


def _page(reader: Author, page: BoardPage) -> Answer:
    beside = {"nextCursor": page.next_cursor} if page.next_cursor else {}
    return Answer(data=[told_to(reader, each.post, each.record()) for each in page.posts], beside=beside)


def score(call: Call) -> Answer:
    """GET `/scores`"""
    return Answer(data=score_told(Asking.read(call).presented.session.site))


def analytics(call: Call) -> Answer:
    """GET `/analytics`"""
    asking = Asking.read(call)
    days = asking.wanted(AnalyticsFilter).days
    return Answer(data=analytics_told(asking.presented.session.site, days=days, now=asking.now))
