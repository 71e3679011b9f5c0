"""What pages told the collector, and how far the projector has read each log."""

from typing import Any

from django.db import models

from roverbook.models.shared import VISIT_CHARS, ByAgent


class CollectedEvent(ByAgent):
    """One event that a page's collector told, never changed; the truth for everything that came by that door.

    Site, host and session are those of the token that it came with. `local_visit_id`: the page's own name of
    the visit. `task_id`, `run_id`: of the same session, checked when it came; '' for none. `at`: the page's
    clock, held within a day of ours. `type`: of the contract, or `visit` for what a page said of the whole
    visit. What looked like an address of mail, a card or a telephone number is already taken out.
    """

    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="+")
    session_id = models.CharField(max_length=64)
    host = models.CharField(max_length=253)
    event_id = models.CharField(max_length=200)
    local_visit_id = models.CharField(max_length=200, blank=True, default="")
    visit_id = models.CharField(max_length=VISIT_CHARS)
    task_id = models.UUIDField(null=True, blank=True)
    run_id = models.CharField(max_length=64, blank=True, default="")
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    data: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session_id", "event_id"], name="collected_event_once"),
        ]
        indexes = [
            models.Index(fields=["visit_id"], name="collected_of_visit"),
            models.Index(fields=["site", "created_at"], name="collected_of_site"),
            models.Index(
                fields=["session_id", "local_visit_id"],
                name="collected_of_page",
                condition=~models.Q(local_visit_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class Cursor(models.Model):
    """How far the projector has read one log: every row up to `position` is in the visits. `settled`: rows up
    to this one cannot be joined by others any more that were numbered earlier and committed later."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    settled = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"
