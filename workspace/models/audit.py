"""The audit log: one row for every change, written in the change's own transaction, and never edited."""

from typing import Any, NoReturn

from django.db import models

from workspace.core.doors import Door
from workspace.core.ids import new_id
from workspace.models.people import User
from workspace.models.sites import Site


class NeverEdited(Exception):
    """The program tried to change or delete rows of the audit log."""


class AuditRows(models.QuerySet["AuditEntry", "AuditEntry"]):
    """Rows to read and to add to. Django's SET NULL, when a person or a site is deleted, passes by this."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise NeverEdited("rows of the audit log are never changed")

    def delete(self) -> NoReturn:
        """Refused."""
        raise NeverEdited("rows of the audit log are never deleted")


class AuditEntry(models.Model):
    """Who changed what, when, through which door. `before` and `after` hold the changed fields alone, without
    secrets. The names stay readable when the person or the site is gone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    door = models.CharField(max_length=16, choices=[(d.value, d.value) for d in Door])
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    site = models.ForeignKey(Site, on_delete=models.SET_NULL, null=True, related_name="audit_entries")
    site_name = models.CharField(max_length=120, blank=True, default="")
    action = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=120, blank=True, default="")
    subject_label = models.CharField(max_length=200, blank=True, default="")
    before: Any = models.JSONField(default=dict)
    after: Any = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True, default="")
    ip = models.CharField(max_length=45, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    objects = models.Manager.from_queryset(AuditRows)()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["site", "id"], name="audit_by_site"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row.

        Raises:
            NeverEdited: it is there already.
        """
        if not self._state.adding:
            raise NeverEdited("rows of the audit log are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise NeverEdited("rows of the audit log are never deleted")
