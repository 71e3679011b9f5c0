"""One site as agents may know it, and where they read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from workspace.core.discovery.told import Told
from workspace.core.hosts import is_local_name
from workspace.core.site_config import AiAccessEffective


class Places(NamedTuple):
    """The addresses of the three files."""

    agent_card: str
    rover_site: str
    llms: str

    def below(self, origin: str) -> "Places":
        """The same paths on an origin."""
        return Places(*(origin + path for path in self))

    def as_fields(self) -> dict[str, str]:
        """Under the names of the wire."""
        return {"agentCardUrl": self.agent_card, "roverSiteUrl": self.rover_site, "llmsUrl": self.llms}


AGENT_CARD_PATH = "/.well-known/agent-card.json"
ROVER_SITE_PATH = "/.well-known/rover-site.json"
LLMS_PATH = "/llms.txt"
WELL_KNOWN = Places(AGENT_CARD_PATH, ROVER_SITE_PATH, LLMS_PATH)
"""The paths on a site's own host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a site offers on this server. `base_url`: of this server, without a slash at the end; port and
    path prefix belong to it. `access`: what the owner lets agents do. `told`: what the owner says to them.
    `shortcuts`: all that are stored, as the contract writes them. `has_cloud_agent`: the key for tasks on the
    main host lets this server do them itself."""

    site_id: str
    site_name: str
    host: str
    base_url: str
    access: AiAccessEffective
    told: Told
    shortcuts: Sequence[Mapping[str, Any]] = ()
    has_cloud_agent: bool = False

    @property
    def name(self) -> str:
        """The site's name, else its host."""
        return self.site_name or self.host

    @property
    def description(self) -> str:
        """What the owner says of the site, else what can be done there."""
        return self.told.description or f"Agents can have tasks done on {self.host}."

    @property
    def site_url(self) -> str:
        """The site's front page; a local host seldom has a certificate."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if is_local_name(self.host) else 'https'}://{host}/"

    @property
    def task_endpoint(self) -> str:
        """Where agents make tasks."""
        return f"{self.base_url}/v1/tasks"

    @property
    def workflow_endpoint(self) -> str:
        """Where agents follow tasks of several sites."""
        return f"{self.base_url}/v1/workflows"

    @property
    def served(self) -> Places:
        """Where this server serves the files."""
        names = (path.rpartition("/")[2] for path in WELL_KNOWN)
        return Places(*names).below(f"{self.base_url}/discovery/{self.site_id}/")

    @property
    def on_site(self) -> Places:
        """Where the site itself may serve them."""
        return WELL_KNOWN.below(self.site_url.removesuffix("/"))

    @property
    def is_cloud_allowed(self) -> bool:
        """Whether tasks may run without a visitor's browser."""
        return self.access.cloud_browser and self.has_cloud_agent

    @property
    def execution(self) -> str:
        """How the owner prefers tasks to run: auto, browser, or cloud where that is allowed."""
        return "auto" if self.told.execution == "cloud" and not self.is_cloud_allowed else self.told.execution
