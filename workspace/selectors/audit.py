"""The audit log as people may read it: theirs alone, newest first, a page at a time.

Pages are cut by id (ids sort by time), never by counting: the log only grows.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from workspace.core.roles import Role
from workspace.models import AuditEntry, OidcIdentity, OwnerToken, Site, User
from workspace.selectors.access import sites_of

PAGE_SIZE = 50
CHUNK_SIZE = 2_000
RECENT = 1_000
"""So many of the newest rows are looked at for what the filters offer."""
COLUMNS = (
    "id",
    "at",
    "door",
    "actor",
    "siteId",
    "siteName",
    "action",
    "subjectKind",
    "subjectId",
    "subjectLabel",
    "before",
    "after",
    "note",
    "ip",
    "requestId",
)
"""The members of an exported row, in the order of the CSV file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows are wanted; what is empty does not matter. `person` is the actor's name, `site` a siteId,
    `action` a whole action or its kind ("site_key"), `since` and `until` are days in UTC, both included."""

    person: str = ""
    site: str = ""
    action: str = ""
    door: str = ""
    since: date | None = None
    until: date | None = None
    request: str = ""
    subject: str = ""

    def given(self) -> dict[str, str]:
        """What is not empty, as text."""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Rows, newest first. `newer` and `older` are the ids to go on from, None at an end."""

    entries: list[AuditEntry]
    newer: UUID | None
    older: UUID | None


def audit_of(user: User) -> QuerySet[AuditEntry]:
    """The rows of the sites a person works on; of the rows without a site, those that the person caused or
    that are about the person, their tokens or identities. Every row for an administrator of the server."""
    if user.is_superuser:
        return AuditEntry.objects.all()
    of_nobody = Q(site=None) & (Q(actor=user) | _about(user))
    return AuditEntry.objects.filter(Q(site__in=sites_of(user).values("pk")) | of_nobody)


def audit_of_site(site: Site) -> QuerySet[AuditEntry]:
    """The rows of one site."""
    return AuditEntry.objects.filter(site=site)


def filtered(rows: QuerySet[AuditEntry], wanted: AuditFilter) -> QuerySet[AuditEntry]:
    """The rows that fit."""
    exact = {
        "actor_name__iexact": wanted.person,
        "site__public_id": wanted.site,
        "door": wanted.door,
        "request_id": wanted.request,
        "subject_id": wanted.subject,
        "at__gte": datetime.combine(wanted.since, time.min, UTC) if wanted.since else None,
        "at__lte": datetime.combine(wanted.until, time.max, UTC) if wanted.until else None,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.action:
        rows = rows.filter(Q(action=wanted.action) | Q(action__startswith=f"{wanted.action}."))
    return rows


def audit_page(
    rows: QuerySet[AuditEntry],
    *,
    older_than: UUID | None = None,
    newer_than: UUID | None = None,
    size: int = PAGE_SIZE,
) -> AuditPage:
    """At most `size` rows: the newest, those next older than a row, or those next newer than one."""
    rows = rows.select_related("site")
    if newer_than is not None and older_than is None:
        found = list(rows.filter(id__gt=newer_than).order_by("id")[: size + 1])
        entries = found[:size][::-1]
        has_newer, has_older = len(found) > size, True
    else:
        before = rows if older_than is None else rows.filter(id__lt=older_than)
        found = list(before.order_by("-id")[: size + 1])
        entries = found[:size]
        has_newer, has_older = older_than is not None, len(found) > size
    return AuditPage(
        entries=entries,
        newer=entries[0].pk if entries and has_newer else None,
        older=entries[-1].pk if entries and has_older else None,
    )


def audit_chunks(rows: QuerySet[AuditEntry], *, size: int = CHUNK_SIZE) -> Iterator[list[AuditEntry]]:
    """Every row, newest first. Each chunk is a query of its own, so that a slow reader of an export holds
    neither a cursor nor a transaction."""
    older_than: UUID | None = None
    while True:
        page = audit_page(rows, older_than=older_than, size=size)
        if page.entries:
            yield page.entries
        if page.older is None:
            return
        older_than = page.older


def recent_names(rows: QuerySet[AuditEntry]) -> tuple[list[str], list[str]]:
    """The people and the actions of the newest rows, to choose from."""
    seen = list(rows.order_by("-id").values_list("actor_name", "action")[:RECENT])
    return sorted({person for person, _ in seen}), sorted({action for _, action in seen})


def sites_edited_by(user: User) -> frozenset[UUID]:
    """The sites whose owner or admin the person is."""
    found = Site.objects.filter(
        Q(owner=user) | Q(memberships__user=user, memberships__role=Role.ADMIN.value)
    ).values_list("pk", flat=True)
    return frozenset(found)


def shows_address(entry: AuditEntry, user: User, edited: frozenset[UUID]) -> bool:
    """Whether the person may see from which address it came. Viewers of a site see who changed it, not from
    where."""
    is_own = entry.site_id is None or entry.actor_id == user.pk
    return user.is_superuser or is_own or entry.site_id in edited


def audit_record(entry: AuditEntry, *, with_address: bool) -> dict[str, Any]:
    """The row as exports give it; the members are COLUMNS. Times are ISO 8601 in UTC."""
    return {
        "id": str(entry.pk),
        "at": entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "door": entry.door,
        "actor": entry.actor_name,
        "siteId": entry.site.public_id if entry.site else None,
        "siteName": entry.site_name,
        "action": entry.action,
        "subjectKind": entry.subject_kind,
        "subjectId": entry.subject_id,
        "subjectLabel": entry.subject_label,
        "before": entry.before,
        "after": entry.after,
        "note": entry.note,
        "ip": entry.ip if with_address else "",
        "requestId": entry.request_id,
    }


def _about(user: User) -> Q:
    tokens = [str(pk) for pk in OwnerToken.objects.filter(owner=user).values_list("pk", flat=True)]
    identities = [str(pk) for pk in OidcIdentity.objects.filter(owner=user).values_list("pk", flat=True)]
    return (
        Q(subject_kind="owner", subject_id=str(user.pk))
        | Q(subject_kind="owner_token", subject_id__in=tokens)
        | Q(subject_kind="oidc_identity", subject_id__in=identities)
    )
