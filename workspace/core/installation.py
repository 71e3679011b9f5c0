"""What an owner puts on a website so that Rover works there, and where.

    snippet            the tag of the page's body
    head_discovery     marker and links of the page's head, for agents that only read HTML
    link_header        the same links as an HTTP header
    csp_lines          what a Content Security Policy has to allow
    well_known_files   files to serve on the site itself

Everything for agents (`workspace.core.discovery`) is there only while discovery is on: the owner lets agents
in (aiAccess), has not turned discovery off, and the site is not in the mode analytics_only. The body tag
stays valid without it.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass

import ada_url

from workspace.core.credentials import Forbidden
from workspace.core.discovery import tags
from workspace.core.discovery.artefacts import ARTEFACTS
from workspace.core.discovery.marker import marker
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.silence import Silence
from workspace.core.patterns import ScopeMode

LIVE_STATES = frozenset({"active", "rotating"})


class HostNotListed(Forbidden):
    """None of the site's keys lists the host, so this server does not read pages there."""

    code = "host_not_listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """One key of the site. `state`: active, rotating, disabled, expired, revoked or archived. `patterns`: its
    domain rules; `site_mode`: agent or analytics_only."""

    key_id: str
    public_key: str
    environment: str
    state: str
    patterns: tuple[str, ...]
    mode: ScopeMode
    site_mode: str = "agent"

    @property
    def is_live(self) -> bool:
        """Whether the server accepts it."""
        return self.state in LIVE_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One site on this server. `offer`: the site as agents may know it. `keys`: all that the site has, live
    or not, the newest first. `discovery`: the owner lets agents find the site. `silence`: why this server
    itself publishes nothing about it, None when it does. `roverbook`: the analytics script goes along."""

    offer: Offer
    keys: tuple[KeyFacts, ...]
    discovery: bool
    silence: Silence | None = None
    roverbook: bool = False

    @property
    def site_id(self) -> str:
        """The contract's siteId."""
        return self.offer.site_id

    @property
    def host(self) -> str:
        """The site's main host."""
        return self.offer.host

    @property
    def base_url(self) -> str:
        """Of this server, without a slash at the end; port and path prefix belong to it."""
        return self.offer.base_url

    def publishes(self, key: KeyFacts | None) -> bool:
        """Whether a page with this key should show agents the way. Without a key, any live one decides."""
        keys = [key] if key else [each for each in self.keys if each.is_live]
        return self.discovery and any(each.site_mode == "agent" for each in keys)

    @property
    def embed_url(self) -> str:
        """The embed script, without its version."""
        return f"{self.base_url}/embed.js"

    @property
    def origin(self) -> str:
        """Scheme, host and port of this server, as a source in a policy."""
        return str(ada_url.URL(self.base_url).origin)

    @property
    def task_endpoint(self) -> str:
        """Where agents make tasks."""
        return self.offer.task_endpoint


def snippet_attributes(installation: Installation, key: KeyFacts) -> dict[str, str]:
    """The attributes of the body tag but for `async`, unescaped."""
    return {
        "src": f"{installation.embed_url}?v={key.key_id}",
        "data-site-id": installation.site_id,
        "data-public-key": key.public_key,
        "data-site-key-id": key.key_id,
    }


def snippet(installation: Installation, key: KeyFacts) -> str:
    """The tag for the page's body. The rest of the configuration is asked of the server, so that a change of
    rules needs no change of pages. With analytics there is a second tag, whose script attaches itself to the
    first, so that pages need no inline code."""
    tags = [_script_tag(snippet_attributes(installation, key))]
    if installation.roverbook:
        source = f"{installation.base_url}/roverbook.js?v={key.key_id}"
        tags.append(_script_tag({"src": source, "data-attach": "rover"}))
    return "\n".join(tags)


def head_discovery(installation: Installation, key: KeyFacts) -> str:
    """Marker and links for the page's head; '' while discovery is off."""
    if not installation.publishes(key):
        return ""
    return "\n".join((marker(installation.task_endpoint), tags.head_links()))


def link_header(installation: Installation, key: KeyFacts) -> str:
    """The value of a `Link` header with the same links; '' while discovery is off."""
    return tags.link_header() if installation.publishes(key) else ""


def csp_lines(installation: Installation) -> tuple[str, ...]:
    """What a page's policy must contain, one directive each, to be merged with what it has. No style-src is
    needed: the widget's styles are constructed by script inside its shadow root, which no policy governs."""
    origin = installation.origin
    return (
        f"script-src {origin}",
        f"connect-src {origin}",
        f"worker-src blob: {origin}",
        f"img-src {origin}",
    )


def well_known_files(installation: Installation, key: KeyFacts) -> dict[str, str]:
    """Path to content of the files for the site's own origin; none while discovery is off."""
    if not installation.publishes(key):
        return {}
    return {each.path: each.write(installation.offer) for each in ARTEFACTS.values()}


def _script_tag(attributes: Mapping[str, str]) -> str:
    source, *others = (f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<script {source} async{''.join(f' {each}' for each in others)}></script>"
