"""What keeps company with the tasks: remembers for agents, and knows which of them a site's owners let in.

It belongs to another app, which imports this one. So its class is named by the setting `COMPANION`, and the
tasks know it by this door alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimit:
    """The most tasks that one agent may start on a site in a day (UTC). `agent_key`: under which they are
    counted."""

    agent_key: str
    most: int


class Companion(Protocol):
    """See the module. It has no state: one may be made whenever it is needed."""

    def memory(self, *, site_id: UUID, memory_key: str, now: datetime) -> str:
        """What the site's notes tell the agent of this memory when it begins: a few lines of text that
        strangers wrote, '' for nothing. Without a key it has no private notes."""

    def admit(self, *, site_id: UUID, agent_key: str) -> DailyLimit | None:
        """How many tasks the agent may start on the site, None for any number.

        Raises:
            AgentBlocked: none.
        """

    def page_config(self, *, site_id: UUID) -> Mapping[str, Any]:
        """What pages of the site are told of it with their siteConfig, as `roverbook`: JSON values."""


def companion() -> Companion:
    """The one that the settings name."""
    return cast(Companion, import_string(settings.COMPANION)())
