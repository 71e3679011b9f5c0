"""What on a site waits for its owner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from roverbook.models import Note, Post, Question, Visit, WebhookEndpoint
from roverbook.models.shared import Provenance
from workspace.models import Site as SiteModel

if TYPE_CHECKING:
    from workspace.models import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many there are of each: visits that ask something, shared notes that nobody has looked at, new
    posts, questions that agents propose, and webhooks that were switched off."""

    visits: int
    notes: int
    posts: int
    questions: int
    webhooks: int


def waiting_for_owner(site: "Site") -> Waiting:
    """All counts with one question to the database."""
    agents = Q(provenance=Provenance.AGENT_AUTHORED)
    counts = {
        "visits": Visit.objects.filter(
            site=site, outcome=Visit.Outcome.INPUT_REQUIRED, finalized_at__isnull=True
        ),
        "notes": Note.objects.filter(
            agents, site=site, visibility=Note.Visibility.SHARED, moderation=Note.Moderation.WAITING
        ),
        "posts": Post.objects.filter(agents, site=site, is_seen=False, is_hidden=False),
        "questions": Question.objects.filter(agents, site=site, active=False),
        "webhooks": WebhookEndpoint.objects.filter(site=site, active=False).exclude(disabled_reason=""),
    }
    told = {f"n_{name}": Coalesce(_number(rows), 0) for name, rows in counts.items()}
    rows: Any = SiteModel.objects.filter(pk=site.pk).values(**told)
    found: dict[str, int] = rows.get()
    return Waiting(**{name: found[f"n_{name}"] for name in counts})


def _number(rows: "QuerySet[Any]") -> Subquery:
    return Subquery(rows.order_by().values("site").annotate(n=Count("pk")).values("n"))
