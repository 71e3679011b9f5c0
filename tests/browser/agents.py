"""Agents and the sites they come to, on a real server: what a script of an owner opens, and tasks for it."""

import json
import urllib.request
from typing import Any
from uuid import UUID

from tests.e2e.server import RoverServer

LOCAL = "127.0.0.1"
IN_CLOUD = {"cloudAgent": True, "cloudScrape": True}


def open_to_agents(server: RoverServer, owner: str, **site: str) -> str:
    """Let agents start tasks on this machine's sites, on the server too. `siteId` or `siteName` says for which
    site; its siteId comes back."""
    token = server.rover("owner", "token", owner, "--scope", "manage")
    key = {"label": "This machine", "allowedDomains": [LOCAL], "environment": "development"}
    made = server.request("POST", "/generateRoverSiteKey", token, {**site, **key, "capabilities": IN_CLOUD})
    patch = {"aiAccess": {"enabled": True, "allowDelegatedHandoffs": True, "autoPromoteSeconds": 0}}
    server.request(
        "POST", "/upsertRoverSiteConfig", token, {"keyId": made["data"]["keyId"], "siteConfig": patch}
    )
    site_id: str = made["data"]["siteId"]
    return site_id


def start(server: RoverServer, url: str, prompt: str, *, execution: str = "cloud", **body: Any) -> str:
    """A task as an agent makes it; its name."""
    created = _posted(server, "/v1/tasks", {"url": url, "prompt": prompt, **body}, execution)
    return str(created["id"])


def start_and_hand_over(server: RoverServer, url: str, prompt: str, instruction: str) -> tuple[str, str]:
    """A task that waits for a browser, and one that goes on with it; their names."""
    parent = _posted(server, "/v1/tasks", {"url": url, "prompt": prompt}, "browser")
    address, _, access = parent["task"].partition("?")
    path = f"/{address.split('/', 3)[3]}/handoffs?{access}"
    told = {"instruction": instruction, "contextSummary": "Four people, by the window."}
    child = _posted(server, path, {"url": url, **told}, "browser")
    return str(parent["id"]), str(child["id"])


def task_page(server: RoverServer, site_id: str, name: str = "") -> str:
    """The list of a site's tasks, or the page of one."""
    return f"http://127.0.0.1:{server.port}/workspace/sites/{site_id}/tasks/{f'{name}/' if name else ''}"


def status_of(server: RoverServer, name: str) -> str:
    """As it stands in the database."""
    [[status]] = server.sql("SELECT status FROM tasks_task WHERE id = ?", UUID(name[-32:]).hex)
    return str(status)


def _posted(server: RoverServer, path: str, body: dict[str, Any], execution: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        method="POST",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Prefer": f"execution={execution}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
