"""A visitor's page on a real server, as far as owners see it: what the embed script would send."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.browser.agents import LOCAL
from tests.e2e.server import RoverServer
from tests.tasks.in_page.pages import page_data

TREE = 'heading 1 "Kettles"\nlink "Blue kettle" → /blue\nlink "Opening hours" → /hours'


@dataclass
class LiveVisitor:
    """A session that was opened with the site's own key."""

    server: RoverServer
    session_id: str
    token: str
    epoch: int = 1
    seq: int = 0
    run_id: str = ""
    n_sent: int = 0

    def command(self, kind: str, **fields: Any) -> Any:
        """A command; its data."""
        counted = {"expectedEpoch": self.epoch, "expectedSeq": self.seq}
        return self._send("command", {"type": kind, **counted, **fields})

    def ask(self, message: str) -> None:
        """Begin a run."""
        told = self.command("RUN_INPUT", message=message, forceNewRun=True)
        self.run_id, self.epoch, self.seq = told["runId"], told["epoch"], told["seq"]

    def step(self) -> Any:
        """Ask the server what to do on this page."""
        capture = page_data(TREE, url=f"http://{LOCAL}:{self.server.port}/")
        return self._send("agent/step", {"runId": self.run_id, "expectedEpoch": self.epoch, "page": capture})

    def tell(self, *events: dict[str, Any], status: str = "") -> None:
        """Report events, and the status that the run came to."""
        moved = {"transition": {"status": status}} if status else {}
        self.command("RUN_PROGRESS", runId=self.run_id, events=list(events), **moved)

    def status(self) -> str:
        """Of its newest run, as the page is told."""
        return str(self._send("state", {})["runStatus"])

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        self.n_sent += 1
        said = {"sessionId": self.session_id, "sessionToken": self.token, "clientEventId": f"e{self.n_sent}"}
        return _post(self.server, path, said | body)


def make_key(server: RoverServer, owner: str, site_id: str, *, domain: str = LOCAL) -> str:
    """A key of the site for this machine, by one of its names."""
    token = server.rover("owner", "token", owner, "--scope", "manage")
    key = {"label": "A visitor’s", "allowedDomains": [domain], "environment": "development"}
    made = server.request("POST", "/generateRoverSiteKey", token, {"siteId": site_id, **key})
    return str(made["data"]["publicKey"])


def visit(server: RoverServer, site_id: str, key: str, *, host: str = LOCAL) -> LiveVisitor:
    """A page of this machine that opens a session."""
    url = f"http://{host}:{server.port}/"
    opened = _post(server, "session/open", {"siteId": site_id, "bootstrapToken": key, "url": url})
    return LiveVisitor(server=server, session_id=opened["sessionId"], token=opened["sessionToken"])


def session_page(server: RoverServer, site_id: str, session_id: str = "") -> str:
    """The list of a site's sessions, or the page of one."""
    base = f"http://{LOCAL}:{server.port}/workspace/sites/{site_id}/sessions/"
    return f"{base}{session_id}/" if session_id else base


def _post(server: RoverServer, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"http://{LOCAL}:{server.port}/v2/rover/{path}",
        method="POST",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["data"]
