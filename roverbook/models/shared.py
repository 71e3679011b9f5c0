"""Columns that several of RoverBook's tables have."""

from django.db import models

VISIT_CHARS = 80
"""Ids of visits: the name of a task (`agt_…`), or `vis_…`."""


class ByAgent(models.Model):
    """Whose row it is, as the agent's record said it when the row was made (`tasks.core.attribution`).

    `memory_key` tells apart whose private notes are whose; nobody is shown it but the site's owners.
    """

    agent_key = models.CharField(max_length=128, blank=True, default="")
    agent_name = models.CharField(max_length=120, blank=True, default="")
    agent_vendor = models.CharField(max_length=120, blank=True, default="")
    agent_model = models.CharField(max_length=120, blank=True, default="")
    agent_version = models.CharField(max_length=120, blank=True, default="")
    agent_trust = models.CharField(max_length=24, blank=True, default="anonymous")
    agent_source = models.CharField(max_length=24, blank=True, default="")
    agent_memory_key = models.CharField(max_length=256, blank=True, default="")

    class Meta:
        abstract = True


class Provenance(models.TextChoices):
    """Who wrote a record: the agent itself, RoverBook from what it saw, or the site's owner."""

    AGENT_AUTHORED = "agent_authored"
    DERIVED = "derived"
    OWNER = "owner"
