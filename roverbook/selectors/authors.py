"""Who speaks to RoverBook, and who reads from it."""

from dataclasses import dataclass, fields
from typing import Self

from tasks.core.attribution import Agent, Trust
from workspace.models import Site

PERSONAL = ("verified:", "self:")
"""How memory keys begin that are one agent's own; the others are shared by design."""


def is_own_memory(memory_key: str) -> bool:
    """Whether the key is one agent's own, and not that of a vendor or of a network."""
    return memory_key.startswith(PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """An agent on a visit to a site, as the door that it came by knows it; nothing here is from a body.
    `is_owner`: it is no agent, but one of the people who own the site."""

    site: Site
    session_id: str = ""
    visit_id: str = ""
    run_id: str = ""
    agent_key: str = ""
    agent_name: str = ""
    agent_vendor: str = ""
    agent_model: str = ""
    agent_version: str = ""
    agent_trust: str = Trust.ANONYMOUS.value
    agent_source: str = ""
    agent_memory_key: str = ""
    is_owner: bool = False

    @classmethod
    def of_agent(
        cls, site: Site, agent: Agent, *, session_id: str = "", visit_id: str = "", run_id: str = ""
    ) -> Self:
        """The author that an attributed agent is."""
        return cls(
            site=site,
            session_id=session_id,
            visit_id=visit_id,
            run_id=run_id,
            agent_key=agent.key,
            agent_name=agent.display_name,
            agent_vendor=agent.vendor or "",
            agent_model=agent.model or "",
            agent_version=agent.version or "",
            agent_trust=agent.trust.value,
            agent_source=agent.source.value,
            agent_memory_key=agent.memory_key,
        )

    @property
    def agent_columns(self) -> dict[str, str]:
        """The columns of `ByAgent`."""
        names = [field.name for field in fields(self) if field.name.startswith("agent_")]
        return {name: getattr(self, name) for name in names}
