"""Collections of rows: visits, scores, what agents said. Newest first, by time and id, so that what comes in
between two pages moves nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from roverbook.core.filter_line import CHARS_MAX, read_filter_line
from roverbook.models import (
    DailyScore,
    Exposure,
    InterviewAnswer,
    Note,
    Post,
    Review,
    Visit,
    VisitStep,
)
from roverbook.models.shared import Provenance
from roverbook.selectors import records
from roverbook.selectors.collections.wanted import (
    EVERYTHING,
    LIMIT_MOST,
    Filter,
    Position,
    Wanted,
    columns_of,
)
from roverbook.selectors.filtering import filtered
from roverbook.selectors.records import Record
from tasks.core.attribution import Source, Trust
from workspace.models import Site

SAID = "said"
"""What agents and owners wrote, without what was derived about a visit."""
STEPS_MOST = 50
EXTRAS = (
    *("discoverySurface", "capabilityId", "pageId", "executionPath"),
    *("requestedResultModes", "userPresent"),
)
"""What only some doors tell of a visit."""
SITE = Filter(name="siteId", help="Only of this site of yours.")
VISIT = Filter(name="visitId", lookup="visit_id", help="Only of this visit.")
AGENT = Filter(name="agentKey", lookup="agent_key", help="Only of the agent with this key.")
VENDOR = Filter(name="vendor", lookup="agent_vendor__iexact", help="Only of agents of this vendor.")
TRUST = Filter(
    name="trust",
    lookup="agent_trust",
    choices=tuple(map(str, Trust)),
    help="Only of agents whose identity is believed this far.",
)
SOURCE = Filter(
    name="source", lookup="agent_source", choices=tuple(map(str, Source)), help="Where the identity is from."
)
BY_AGENT = (AGENT, VENDOR, TRUST, SOURCE)
PROVENANCE = Filter(
    name="provenance",
    choices=(SAID, *Provenance.values, EVERYTHING),
    default=SAID,
    help="Who wrote it. `said`, the default, is what agents and owners wrote; `derived` is what RoverBook "
    "wrote about a visit in the agent's place; `all` is both.",
)


def _flaw(text: str) -> str:
    """A page leaves out what it cannot read of a line, and says so; a script would not see that."""
    return " ".join(problem.message for problem in read_filter_line(text).problems)


LINE = Filter(
    name="filter",
    most=CHARS_MAX,
    flaw=_flaw,
    help="A filter line as on the page of visits, like `outcome:failure steps:>10`.",
)


def _choice(name: str, values: list[Any], lookup: str = "", text: str = "") -> Filter:
    return Filter(name=name, lookup=lookup or name, choices=tuple(map(str, values)), help=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCollection:
    """A table that is read newest first. `at`: the column of its time. `search`: columns that `q` looks
    into. `nested`: members that become columns of their own in CSV, `also`: those that not every record has.
    `blank`: what even an empty row must have. `most`: records on a page."""

    name: str
    summary: str
    model: type[Model]
    at: str
    record: Callable[[Any], Record]
    filters: tuple[Filter, ...]
    blank: Mapping[str, Any] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    related: tuple[str, ...] = ("site",)
    several: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    most: int = LIMIT_MOST

    has_times = True

    @property
    def has_words(self) -> bool:
        """Whether `q` can look into anything."""
        return bool(self.search)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a table of the records: the members of an empty one."""
        record = self.record(self.model(site=Site(), **self.blank))
        return (*columns_of(record, self.nested), *self.also)

    def read(
        self, sites: QuerySet[Site], wanted: Wanted, *, after: Position | None, limit: int
    ) -> tuple[list[Record], Position | None]:
        """At most `limit` records of these sites, and where to go on."""
        page, last = self.rows(sites, wanted, after=after, limit=limit)
        return [self.record(row) for row in page], last

    def rows(
        self, sites: QuerySet[Site], wanted: Wanted, *, after: Position | None, limit: int
    ) -> tuple[list[Any], Position | None]:
        """The same as rows."""
        rows = self._found(sites, wanted)
        if after is not None:
            rows = rows.filter(self._behind(after))
        # Their places first: sorting whole visits of several sites would carry megabytes around.
        places = list(rows.order_by(f"-{self.at}", "-pk").values_list(self.at, "pk")[: limit + 1])
        last = places[limit - 1] if len(places) > limit else None
        page = self._whole([pk for _, pk in places[:limit]])
        return page, None if last is None else _position(*last)

    def _whole(self, pks: list[Any]) -> list[Any]:
        """The rows with these keys, in this order."""
        rows = self.model._default_manager.select_related(*self.related).prefetch_related(*self.several)
        found = rows.in_bulk(pks)
        return [found[pk] for pk in pks if pk in found]

    def _found(self, sites: QuerySet[Site], wanted: Wanted) -> QuerySet[Any]:
        pks = list(sites.values_list("pk", flat=True)[:2])
        of_sites = {"site": pks[0]} if len(pks) == 1 else {"site__in": sites.values("pk")}
        rows: QuerySet[Any] = self.model._default_manager.filter(**of_sites)
        for one in self.filters:
            value = wanted.values.get(one.name, "")
            if one is PROVENANCE:
                rows = _of_provenance(rows, value)
            elif value and one.lookup:
                rows = rows.filter(**{one.lookup: value})
        if line := wanted.values.get(LINE.name, ""):
            rows = filtered(rows, read_filter_line(line), now=timezone.now())
        rows = rows.filter(self._between(wanted))
        return rows.filter(self._words(wanted.q)) if wanted.q else rows

    def _between(self, wanted: Wanted) -> Q:
        bounds: dict[str, Any] = {}
        is_day = self._is_day
        if wanted.since:
            bounds[f"{self.at}__gte"] = wanted.since.date() if is_day else wanted.since
        if wanted.until:
            bounds[f"{self.at}__lt"] = wanted.until.date() if is_day else wanted.until
        return Q(**bounds)

    def _words(self, q: str) -> Q:
        found = Q()
        for column in self.search:
            found |= Q(**{f"{column}__icontains": q})
        return found

    @property
    def _is_day(self) -> bool:
        return self.at == "day"

    def _behind(self, after: Position) -> Q:
        at: date = date.fromisoformat(after[0]) if self._is_day else datetime.fromisoformat(after[0])
        return Q(**{f"{self.at}__lte": at}) & (Q(**{f"{self.at}__lt": at}) | Q(pk__lt=after[1]))


def _position(at: date, pk: Any) -> Position:
    return at.isoformat(), str(pk)


def _of_provenance(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    if value == EVERYTHING:
        return rows
    return rows.exclude(provenance=Provenance.DERIVED) if value == SAID else rows.filter(provenance=value)


def _trajectory(visit: Visit) -> Record:
    steps: list[VisitStep] = sorted(visit.steps.all(), key=lambda step: step.number) if visit.pk else []
    for step in steps:
        step.visit = visit
    told = records.visit_record(visit, is_owner=True)
    kept = ("visitId", "siteId", "agentKey", "agentName", "startedAt", "outcome", "stepCount")
    return {name: told[name] for name in kept} | {"steps": [_step(step) for step in steps]}


def _step(step: VisitStep) -> Record:
    told = records.step_record(step)
    return {name: value for name, value in told.items() if name not in ("visitId", "siteId")}


_OUTCOME = _choice("outcome", Visit.Outcome.values, text="How the visit ended.")
_STATUS = _choice("status", Visit.Status.values, text="How the visit stands.")

VISITS = RowCollection(
    name="roverbook_visits",
    summary="Visits of agents",
    model=Visit,
    at="started_at",
    record=partial(records.visit_record, is_owner=True),
    filters=(SITE, Filter(name="visitId", lookup="pk", help=VISIT.help), *BY_AGENT, _OUTCOME, _STATUS, LINE),
    search=("prompt", "summary", "error", "agent_name"),
    nested=("metrics",),
    also=EXTRAS,
)
SCORES = RowCollection(
    name="roverbook_scores",
    summary="Scores of sites, one a day",
    model=DailyScore,
    at="day",
    record=records.score_record,
    filters=(SITE,),
    blank={"day": date.min},
    nested=("dimensions",),
)
REVIEWS = RowCollection(
    name="roverbook_reviews",
    summary="Reviews of visits",
    model=Review,
    at="created_at",
    record=partial(records.review_record, is_owner=True),
    filters=(
        SITE,
        VISIT,
        *BY_AGENT,
        PROVENANCE,
        _choice("sentiment", Review.Sentiment.values, text="What the review sounds like."),
    ),
    search=("summary", "agent_name"),
    nested=("categoryRatings",),
)
INTERVIEWS = RowCollection(
    name="roverbook_interviews",
    summary="Answers to the site's questions",
    model=InterviewAnswer,
    at="created_at",
    record=partial(records.answer_record, is_owner=True),
    filters=(
        SITE,
        VISIT,
        *BY_AGENT,
        PROVENANCE,
        Filter(name="questionId", lookup="question_id", help="Only answers to this question."),
        _choice("sentiment", InterviewAnswer.Sentiment.values, text="What the answer sounds like."),
    ),
    search=("question", "answer", "agent_name"),
)
NOTES = RowCollection(
    name="roverbook_notes",
    summary="Notes of agents: their memory of the site",
    model=Note,
    at="created_at",
    record=partial(records.note_record, is_owner=True),
    filters=(
        SITE,
        VISIT,
        *BY_AGENT,
        PROVENANCE,
        _choice("type", Note.Type.values, text="What kind of note it is."),
        _choice("visibility", Note.Visibility.values, text="Who may read it."),
        _choice("moderation", Note.Moderation.values, text="What the owners decided."),
    ),
    search=("title", "content", "agent_name"),
)
POSTS = RowCollection(
    name="roverbook_posts",
    summary="Posts on the board, and replies to them",
    model=Post,
    at="created_at",
    record=partial(records.post_record, is_owner=True),
    filters=(
        SITE,
        VISIT,
        *BY_AGENT,
        PROVENANCE,
        _choice("type", Post.Type.values, text="What kind of post it is."),
        _choice("status", Post.Status.values, text="How the post stands."),
        Filter(name="parentPostId", lookup="parent_id", help="Only replies to this post."),
    ),
    search=("title", "body", "agent_name"),
)
EXPOSURES = RowCollection(
    name="exposures",
    summary="Which variant of an experiment a visit was shown",
    model=Exposure,
    at="created_at",
    record=partial(records.exposure_record, is_owner=True),
    filters=(
        SITE,
        VISIT,
        *BY_AGENT,
        Filter(name="experimentId", lookup="experiment_id", help="Only of this experiment."),
    ),
    search=("experiment_id", "variant_id"),
)
TRAJECTORIES = RowCollection(
    name="trajectories",
    summary="The steps of visits",
    model=Visit,
    at="started_at",
    record=_trajectory,
    filters=(SITE, Filter(name="visitId", lookup="pk", help=VISIT.help), *BY_AGENT, _OUTCOME),
    search=("prompt", "summary"),
    several=("steps",),
    most=STEPS_MOST,
)
ROW_COLLECTIONS: Mapping[str, RowCollection] = {
    one.name: one for one in (VISITS, SCORES, REVIEWS, INTERVIEWS, NOTES, POSTS, EXPOSURES, TRAJECTORIES)
}
