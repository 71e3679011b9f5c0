"""`/v1/roverbook/*`: which method of which path does what.

    POST       events/ingest             events of visits
    POST       reviews, interviews       what agents think of their visit, and their answers
    POST       questions                 a question that the site should ask
    GET, POST  notes                     an agent's memory, and what agents share
    POST       notes/{id}/vote           whether a note helped
    GET, POST  posts                     the site's board
    GET        posts/{id}/replies
    POST       posts/{id}/reply, posts/{id}/vote
    POST       experiments/exposures     which variant a visit was shown
    GET        scores, analytics         how agents fare on the site

The same below `/roverbookRouter/`, where pages of other installations look for it. In front of Django like
the runtime, and for the same reasons: pages of every origin call it, at once and often, and half of what they
need (bodies of any content type, tokens, refusals, threads for the database) is there.
"""

from collections.abc import Mapping

from roverbook.collector import answers
from tasks.streaming.endpoint import Problem
from tasks.streaming.lifetime import Streams
from tasks.streaming.request import Application
from tasks.v2.serving import PageServing, Work

BASES = ("v1/roverbook", "roverbookRouter")
_ID = "(?P<id>[^/]+)"
PATHS: Mapping[str, Mapping[str, Work]] = {
    "events/ingest": {"POST": answers.ingest},
    "reviews": {"POST": answers.review},
    "interviews": {"POST": answers.interview},
    "questions": {"POST": answers.question},
    "notes": {"GET": answers.notes, "POST": answers.note},
    rf"notes/{_ID}/vote": {"POST": answers.note_vote},
    "posts": {"GET": answers.posts, "POST": answers.post},
    rf"posts/{_ID}/replies": {"GET": answers.replies},
    rf"posts/{_ID}/reply": {"POST": answers.reply},
    rf"posts/{_ID}/vote": {"POST": answers.vote},
    "experiments/exposures": {"POST": answers.exposure},
    "scores": {"GET": answers.score},
    "analytics": {"GET": answers.analytics},
}


class CollectorApi:
    """The applications of these paths. `problem` tells the status of an error."""

    def __init__(self, *, streams: Streams, problem: Problem) -> None:
        self._serving = PageServing(streams=streams, problem=problem)

    def routes(self) -> list[tuple[str, Application]]:
        """Patterns for the router, each with its application."""
        serving = self._serving
        found = []
        for path, works in PATHS.items():
            handlers = {method: serving.answering(work) for method, work in works.items()}
            application = serving.application(handlers)
            found += [(rf"^{base}/{path}\Z", application) for base in BASES]
        return found
