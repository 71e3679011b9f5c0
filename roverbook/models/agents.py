"""What a site's owners decided about one agent. Agents are derived: visits grouped by their key."""

from django.db import models


class AgentProfile(models.Model):
    """`nickname`: what owners call it. `alias_of`: the key under which its visits are counted. `is_muted`:
    its visits count for no score. `access`: whether it may start tasks; `per_day` is the most of them, for
    `limit`. An agent without a row is allowed."""

    class Access(models.TextChoices):
        ALLOW = "allow"
        LIMIT = "limit"
        BLOCK = "block"

    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="agent_profiles")
    agent_key = models.CharField(max_length=128)
    nickname = models.CharField(max_length=120, blank=True, default="")
    alias_of = models.CharField(max_length=128, blank=True, default="")
    is_muted = models.BooleanField(default=False)
    access = models.CharField(max_length=8, choices=Access, default=Access.ALLOW)
    per_day = models.PositiveIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "agent_key"], name="one_profile_per_agent")]

    def __str__(self) -> str:
        return self.nickname or self.agent_key
