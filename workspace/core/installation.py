"""What an owner puts on a website so that Rover works there, and where.

    snippet            the tag of the page's body
    head_discovery     marker and links of the page's head, for agents that only read HTML
    link_header        the same links as an HTTP header
    csp_lines          what a Content Security Policy has to allow
    well_known_files   files to serve on the site itself

Everything for agents is there only while discovery is on: the owner lets agents in (aiAccess), has not turned
discovery off, and the site is not in the mode analytics_only. The body tag stays valid without it.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ada_url

from workspace.core.credentials import Forbidden
from workspace.core.patterns import ScopeMode

LIVE_STATES = frozenset({"active", "rotating"})
AGENT_CARD_PATH = "/.well-known/agent-card.json"
ROVER_SITE_PATH = "/.well-known/rover-site.json"
LLMS_PATH = "/llms.txt"
MARKER_TYPE = "application/agent+json"
MAX_SKILLS = 24


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
    """One site on this server. `base_url`: of this server, without a slash at the end; port and path prefix
    belong to it. `keys`: all that the site has, live or not, the newest first. `discovery`: the owner lets
    agents find the site. `roverbook`: the analytics script goes along. `shortcuts`: the contract's objects,
    those that are published."""

    site_id: str
    site_name: str
    host: str
    base_url: str
    keys: tuple[KeyFacts, ...]
    discovery: bool
    roverbook: bool = False
    shortcuts: Sequence[Mapping[str, Any]] = ()

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
        """Where agents create tasks."""
        return f"{self.base_url}/v1/tasks"


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


def marker(installation: Installation) -> str:
    """The source-visible marker: a script element that holds data."""
    return f'<script type="{MARKER_TYPE}">{script_json({"task": installation.task_endpoint})}</script>'


def head_discovery(installation: Installation, key: KeyFacts) -> str:
    """Marker and links for the page's head; '' while discovery is off."""
    if not installation.publishes(key):
        return ""
    links = (
        f'<link rel="service-desc" type="application/json" href="{AGENT_CARD_PATH}">',
        f'<link rel="service-doc" type="text/markdown" href="{LLMS_PATH}">',
    )
    return "\n".join((marker(installation), *links))


def link_header(installation: Installation, key: KeyFacts) -> str:
    """The value of a `Link` header (RFC 8288) with the same links; '' while discovery is off."""
    if not installation.publishes(key):
        return ""
    return (
        f'<{AGENT_CARD_PATH}>; rel="service-desc"; type="application/json", '
        f'<{LLMS_PATH}>; rel="service-doc"; type="text/markdown"'
    )


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
    return {
        AGENT_CARD_PATH: _json_file(agent_card(installation)),
        ROVER_SITE_PATH: _json_file(rover_site(installation)),
        LLMS_PATH: llms_txt(installation),
    }


def agent_card(installation: Installation) -> dict[str, Any]:
    """The card by which agents of any kind know what the site offers. Prompts of shortcuts are not in it."""
    site_url = f"https://{_bracketed(installation.host)}/"
    return {
        "name": installation.site_name or installation.host,
        "description": f"Agents can work on {installation.host}: create a task with a URL and a prompt.",
        "url": installation.task_endpoint,
        "version": "1.0.0",
        "defaultInputModes": ["text/plain", "application/json"],
        "defaultOutputModes": ["text/plain", "application/json"],
        "capabilities": {"streaming": True, "publicTasks": True, "stateTransitions": True},
        "skills": [_skill(installation, each) for each in installation.shortcuts[:MAX_SKILLS]],
        "interfaces": [
            _interface("task", installation.task_endpoint, "Create and follow a task."),
            _interface("workflow", f"{installation.base_url}/v1/workflows", "Follow tasks of several sites."),
            _interface("site", site_url, "The website."),
        ],
        "extensions": {
            "rover": {
                "siteId": installation.site_id,
                "siteUrl": site_url,
                "taskEndpoint": installation.task_endpoint,
                "workflowEndpoint": f"{installation.base_url}/v1/workflows",
                "serviceDescUrl": AGENT_CARD_PATH,
                "roverSiteUrl": ROVER_SITE_PATH,
                "llmsUrl": LLMS_PATH,
            }
        },
    }


def rover_site(installation: Installation) -> dict[str, Any]:
    """The site's profile."""
    site_url = f"https://{_bracketed(installation.host)}/"
    return {
        "identity": {
            "siteId": installation.site_id,
            "name": installation.site_name or installation.host,
            "siteUrl": site_url,
        },
        "auth": {
            "taskEndpoint": installation.task_endpoint,
            "workflowEndpoint": f"{installation.base_url}/v1/workflows",
        },
        "artifacts": {
            "agentCardUrl": AGENT_CARD_PATH,
            "roverSiteUrl": ROVER_SITE_PATH,
            "llmsUrl": LLMS_PATH,
            "siteUrl": site_url,
        },
    }


def llms_txt(installation: Installation) -> str:
    """The same for readers of Markdown."""
    lines = [
        f"# {_one_line(installation.site_name or installation.host)}",
        "",
        f"> Agents can work on {installation.host} through Rover.",
        "",
        f'- Create a task: POST {installation.task_endpoint} with `{{"url": "…", "prompt": "…"}}`',
        f"- Agent card: {AGENT_CARD_PATH}",
        f"- Site profile: {ROVER_SITE_PATH}",
    ]
    if installation.shortcuts:
        lines += ["", "## Shortcuts", ""]
        lines += [
            f"- `{_one_line(each['id'])}`: {_one_line(each['label'])}"
            for each in installation.shortcuts[:MAX_SKILLS]
        ]
    return "\n".join(lines) + "\n"


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: no `<`, `>` or `&`, and no line ends that old scripts
    take for the end of a statement."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script_tag(attributes: Mapping[str, str]) -> str:
    source, *others = (f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<script {source} async{''.join(f' {each}' for each in others)}></script>"


def _skill(installation: Installation, shortcut: Mapping[str, Any]) -> dict[str, Any]:
    identifier = str(shortcut["id"])
    effect = shortcut.get("sideEffect") or "transactional"
    confirms = shortcut.get("requiresConfirmation")
    return {
        "id": identifier,
        "name": shortcut["label"],
        "description": shortcut.get("description") or shortcut["label"],
        "tags": list(shortcut.get("tags") or ()),
        "examples": list(shortcut.get("examples") or ()),
        **{name: shortcut[name] for name in ("inputSchema", "outputSchema") if shortcut.get(name)},
        "sideEffect": effect,
        "requiresConfirmation": effect in ("write", "transactional") if confirms is None else confirms,
        "preferredInterface": shortcut.get("preferredInterface") or "task",
        "rover": {
            "shortcutId": identifier,
            "source": "shortcut",
            "task": {
                "endpoint": installation.task_endpoint,
                "payload": {"url": f"https://{_bracketed(installation.host)}/", "shortcut": identifier},
            },
        },
    }


def _interface(kind: str, url: str, description: str) -> dict[str, Any]:
    return {"type": kind, "url": url, "description": description, "available": True}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _json_file(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
