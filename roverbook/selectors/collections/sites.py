"""Collections that have a few records for each site: the sites themselves, their questions, their agents. In
the order of siteId and of a name within the site, which never change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Max, Model, QuerySet

from roverbook.models import InterviewAnswer, Note, Post, Question, Review, Visit
from roverbook.models.shared import Provenance
from roverbook.selectors.agents import AgentFilter, agents_by_key
from roverbook.selectors.collections.rows import SITE, SOURCE, TRUST
from roverbook.selectors.collections.wanted import LIMIT_MOST, Filter, Position, Wanted
from roverbook.selectors.records import Record, agent_record, question_record, site_record
from roverbook.selectors.settings import asked_questions, settings_of
from workspace.models import Site

Keyed = tuple[str, Record]
"""A record and its name within the site."""
TOTALS: Mapping[str, type[Model]] = {
    "visits": Visit,
    "reviews": Review,
    "interviews": InterviewAnswer,
    "notes": Note,
    "posts": Post,
}
"""What is counted of a site; of what was said, not what was derived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCollection:
    """`of_site` gives the records of one site whose name is greater than the one given, in order, at least as
    many as asked for if there are as many."""

    name: str
    summary: str
    of_site: Callable[[Site, Wanted, str, int], list[Keyed]]
    columns: tuple[str, ...]
    filters: tuple[Filter, ...]
    has_times: bool = False
    has_words: bool = False
    most: int = LIMIT_MOST

    def read(
        self, sites: QuerySet[Site], wanted: Wanted, *, after: Position | None, limit: int
    ) -> tuple[list[Record], Position | None]:
        """At most `limit` records of these sites, and where to go on."""
        page: list[tuple[Position, Record]] = []
        for site, name in _behind(sites, after):
            found = self.of_site(site, wanted, name, limit + 1 - len(page))
            page += [((site.public_id, key), record) for key, record in found]
            if len(page) > limit:
                break
        last = page[limit - 1][0] if len(page) > limit else None
        return [record for _, record in page[:limit]], last


def _behind(sites: QuerySet[Site], after: Position | None) -> Iterator[tuple[Site, str]]:
    """The sites that are left, each with the name to go on from in it."""
    rows = sites.order_by("public_id")
    if after is None:
        yield from ((site, "") for site in rows.iterator(chunk_size=LIMIT_MOST))
        return
    begun = rows.filter(public_id=after[0]).first()
    if begun is not None:
        yield begun, after[1]
    yield from ((site, "") for site in rows.filter(public_id__gt=after[0]).iterator(chunk_size=LIMIT_MOST))


def _sites(site: Site, wanted: Wanted, after: str, limit: int) -> list[Keyed]:
    if after:
        return []
    last = Visit.objects.filter(site=site).aggregate(last=Max("last_event_at"))["last"]
    totals = {}
    for name, model in TOTALS.items():
        rows = model._default_manager.filter(site=site)
        totals[name] = (rows if model is Visit else rows.exclude(provenance=Provenance.DERIVED)).count()
    record = site_record(site, enabled=settings_of(site).enabled, last_visit_at=last, totals=totals)
    return [(site.public_id, record)]


def _questions(site: Site, wanted: Wanted, after: str, limit: int) -> list[Keyed]:
    """What is asked, with the questions that were taken off or wait for the owner's yes."""
    rows = {row.question_id: question_record(row) for row in Question.objects.filter(site=site)}
    usual = {
        one["questionId"]: one
        | {"siteId": site.public_id, "provenance": Provenance.OWNER.value, "createdAt": None}
        for one in asked_questions(site)
    }
    found = sorted((usual | rows).items())
    return [(name, record) for name, record in found if name > after][:limit]


def _agents(site: Site, wanted: Wanted, after: str, limit: int) -> list[Keyed]:
    values = wanted.values
    asked = AgentFilter(
        key=values.get("agentKey", ""),
        vendor=values.get("vendor", ""),
        trust=values.get("trust", ""),
        source=values.get("source", ""),
        q=wanted.q,
        since=wanted.since,
        until=wanted.until,
    )
    return [(one.key, agent_record(one)) for one in agents_by_key(site, asked, after=after, limit=limit)]


SITE_COLLECTIONS: Mapping[str, SiteCollection] = {
    one.name: one
    for one in (
        SiteCollection(
            name="roverbook_sites",
            summary="Your sites, and how much RoverBook knows of each",
            of_site=_sites,
            columns=(
                *("siteId", "ownerUid", "name", "host", "enabled", "createdAt", "lastVisitAt"),
                *(f"totals.{each}" for each in TOTALS),
            ),
            filters=(SITE,),
        ),
        SiteCollection(
            name="roverbook_questions",
            summary="The questions that agents are asked when they leave",
            of_site=_questions,
            columns=("siteId", "questionId", "text", "order", "active", "provenance", "createdAt"),
            filters=(SITE,),
        ),
        SiteCollection(
            name="agents",
            summary="Agents that visited, counted over their visits",
            of_site=_agents,
            columns=(
                *("siteId", "agentKey", "agentName", "agentVendor", "agentModel", "agentVersion"),
                *("agentTrust", "agentSource", "agentMemoryKey", "visits", "successes", "ended"),
                *("successRate", "score", "firstSeenAt", "lastSeenAt", "nickname", "aliasOf"),
                *("isMuted", "access", "perDay"),
            ),
            filters=(
                SITE,
                Filter(name="agentKey", help="Only the agent with this key."),
                Filter(name="vendor", help="Only agents of this vendor."),
                TRUST,
                SOURCE,
            ),
            has_times=True,
            has_words=True,
        ),
    )
}
