"""Exports are on record: who took which rows away."""

from collections.abc import Mapping
from datetime import datetime

from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record


def export_noted(
    *, actor: Actor, what: str, form: str, filters: Mapping[str, str], now: datetime, site: Site | None = None
) -> None:
    """One row of the audit log: the table `what` is exported as `form`, cut down by `filters`."""
    subject_id = site.public_id if site else str(actor.user.pk if actor.user else "")
    with write_transaction():
        record(
            actor=actor,
            action=f"{what}.exported",
            subject=Subject(kind=what, id=subject_id, label=form),
            site=site,
            after={"format": form, "filters": dict(filters)},
            now=now,
        )
