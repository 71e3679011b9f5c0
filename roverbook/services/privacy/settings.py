"""How long a site keeps what it knows of visits, and whether its visitors are asked first."""

from datetime import datetime
from typing import Any

from roverbook.models import NotificationSettings
from workspace.core.fields import FieldError, InvalidFields
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

VISIT_DAYS = (1, 3_650)
SCORE_DAYS = (30, 3_650)
"""The least and the most days."""


def privacy_settings_set(
    *, actor: Actor, site: Site, visit_days: int, score_days: int, needs_consent: bool, now: datetime
) -> NotificationSettings:
    """Change them; the same again changes nothing. What is too old by then goes with the next round.

    Raises:
        InvalidFields: a number of days out of bounds, or scores that are kept shorter than visits.
    """
    values: dict[str, Any] = {
        "visit_days": visit_days,
        "score_days": score_days,
        "needs_consent": needs_consent,
    }
    if errors := [
        *_bounds("visitDays", visit_days, VISIT_DAYS),
        *_bounds("scoreDays", score_days, SCORE_DAYS),
        *_order(visit_days, score_days),
    ]:
        raise InvalidFields(errors)
    with write_transaction():
        row, _ = NotificationSettings.objects.select_for_update().get_or_create(
            site=site, defaults={"updated_at": now}
        )
        before = {name: getattr(row, name) for name in values}
        if before != values:
            NotificationSettings.objects.filter(pk=row.pk).update(**values, updated_at=now)
            row.refresh_from_db()
            record(
                actor=actor,
                action="roverbook_settings.changed",
                subject=Subject(kind="roverbook_settings", id=site.public_id, label=site.name),
                site=site,
                before=before,
                after=values,
                now=now,
            )
    return row


def _bounds(name: str, days: int, bounds: tuple[int, int]) -> list[FieldError]:
    least, most = bounds
    return (
        []
        if least <= days <= most
        else [FieldError(name, f"Must be from {least} to {most}.", "out_of_range")]
    )


def _order(visit_days: int, score_days: int) -> list[FieldError]:
    if score_days >= visit_days:
        return []
    return [FieldError("scoreDays", "Scores are made of visits: keep them at least as long.", "out_of_range")]
