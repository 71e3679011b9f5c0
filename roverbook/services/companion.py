"""RoverBook beside the tasks: see `tasks.io.companion`, whose door this is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from roverbook.models import AgentProfile
from roverbook.selectors.settings import settings_of
from roverbook.selectors.words import preamble_for
from tasks.core.public_errors import AgentBlocked
from tasks.io.companion import DailyLimit
from workspace.models import Site

_BLOCK, _LIMIT = AgentProfile.Access.BLOCK.value, AgentProfile.Access.LIMIT.value
_PROFILE = """
SELECT alias_of, access, per_day FROM roverbook_agentprofile WHERE site_id = %s AND agent_key = %s
"""


class RoverBook:
    """The implementation of `Companion`."""

    def memory(self, *, site_id: UUID, memory_key: str, now: datetime) -> str:
        """See `Companion.memory`."""
        return preamble_for(Site.objects.get(pk=site_id), memory_key=memory_key, now=now).text

    def admit(self, *, site_id: UUID, agent_key: str) -> DailyLimit | None:
        """See `Companion.admit`. An agent that is counted as another is held to what is said of either."""
        profile = _profile(site_id, agent_key)
        if profile is None:
            return None
        counted_as = profile[0] or agent_key
        profiles = [profile]
        if counted_as != agent_key and (other := _profile(site_id, counted_as)) is not None:
            profiles.append(other)
        if any(access == _BLOCK for _, access, _ in profiles):
            raise AgentBlocked(
                "The owner of this site lets this agent start no tasks.",
                next_action="Ask the site's owner, or use the site as a page.",
            )
        limits = [per_day or 0 for _, access, per_day in profiles if access == _LIMIT]
        return DailyLimit(agent_key=counted_as, most=min(limits)) if limits else None

    def page_config(self, *, site_id: UUID) -> Mapping[str, Any]:
        """See `Companion.page_config`. `needsConsent`: nothing is told before the visitor agreed."""
        return {"needsConsent": settings_of(Site(pk=site_id)).needs_consent}


def _profile(site_id: UUID, agent_key: str) -> tuple[str, str, int | None] | None:
    """For every task, so without the framework's query: one look into the unique index, nearly always at
    nothing."""
    site = AgentProfile._meta.get_field("site").get_db_prep_value(site_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(_PROFILE, [site, agent_key])
        row: tuple[str, str, int | None] | None = cursor.fetchone()
    return row
