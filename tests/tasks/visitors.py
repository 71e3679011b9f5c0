"""Visitors whose pages talk to the runtime's services: what owners then see of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tasks.core.public_ids import task_name
from tasks.core.public_input import read_claim
from tasks.core.runtime.bodies import read_open, read_snapshot, read_telemetry
from tasks.core.runtime.commands import read_command
from tasks.core.runtime.step_bodies import read_step
from tasks.executing.in_page.protocol import Decision
from tasks.models import AgentTask, Run, RuntimeSession
from tasks.services.agents.claiming import task_claim
from tasks.services.agents.tokens import receipt_token
from tasks.services.runtime.commanding import command_apply, nonce_use
from tasks.services.runtime.reporting import snapshot_save, telemetry_take
from tasks.services.runtime.sessions import session_open, session_present
from tasks.services.runtime.stepping import Asked, step_begin, step_finish
from tests.tasks.in_page.pages import page_data
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_value

TREE = 'heading 1 "Kettles"\nlink "Blue kettle" → /blue\ntextbox "Email" [type=email]'


@dataclass
class Visitor:
    """A page with a session of the runtime."""

    site: Site
    session_id: str
    token: str
    run_id: str = ""
    n_sent: int = field(default=0)

    @property
    def session(self) -> RuntimeSession:
        """As it stands in the database."""
        return RuntimeSession.objects.get(pk=self.session_id)

    @property
    def run(self) -> Run:
        """The run that the page asked for last."""
        return Run.objects.get(pk=self.run_id)

    @property
    def path(self) -> str:
        """Of the session's page."""
        return f"{sessions_path(self.site)}{self.session_id}/"

    def command(self, kind: str, **fields: Any) -> dict[str, Any]:
        """A command, as the page sends it; the data of its answer."""
        self.n_sent += 1
        body = {
            "type": kind,
            "sessionId": self.session_id,
            "clientEventId": f"event-{self.n_sent}",
            **self._counters,
            **fields,
        }
        now = timezone.now()
        presented = session_present(self.token, session_id=self.session_id, now=now)
        return dict(command_apply(presented, read_command(body), token=self.token, now=now).data)

    def ask(self, message: str = "Find the opening hours", **fields: Any) -> None:
        """Begin a run."""
        self.run_id = self.command("RUN_INPUT", message=message, forceNewRun=True, **fields)["runId"]

    def tell(self, *events: dict[str, Any], status: str = "") -> None:
        """Report events of the run, and the status that it came to."""
        moved = {"transition": {"status": status}} if status else {}
        self.command("RUN_PROGRESS", runId=self.run_id, events=list(events), **moved)

    def step(
        self, decision: Decision, *, results: list[dict[str, Any]] | None = None, url: str = ""
    ) -> dict[str, Any]:
        """Ask what to do next, and be told this."""
        self.n_sent += 1
        now = timezone.now()
        presented = session_present(self.token, session_id=self.session_id, now=now)
        body = read_step(
            {
                "sessionId": self.session_id,
                "runId": self.run_id,
                "clientEventId": f"step-{self.n_sent}",
                **self._counters,
                "page": page_data(TREE, url=url or f"https://{self.session.host}/"),
                "results": results or [],
            }
        )
        begun = step_begin(presented, body, token=self.token, now=now)
        assert isinstance(begun, Asked)
        return dict(step_finish(begun, decision, token=self.token, now=now).data)

    def keep(self, said: str) -> None:
        """Leave a snapshot, telemetry and the nonce of a request."""
        now = timezone.now()
        presented = session_present(self.token, session_id=self.session_id, now=now)
        named = {"sessionId": self.session_id}
        kept = {"checkpoint": {"messages": [{"id": "1", "text": said}]}, "visitorId": said}
        snapshot_save(presented, read_snapshot(named | kept), now=now)
        events = [{"name": "status", "message": said}]
        telemetry_take(presented, read_telemetry(named | {"runId": self.run_id, "events": events}), now=now)
        nonce_use(session_id=self.session_id, nonce=said, now=now)

    def take_up(self, task: AgentTask) -> None:
        """Take up an agent's task, and begin a run that carries it out."""
        receipt = {"receipt": receipt_token(task.pk)}
        said = {"sessionToken": self.token, "sessionId": self.session_id}
        task_claim(read_claim(receipt | said), now=timezone.now())
        self.ask(task.prompt, taskId=task_name(task.pk))

    @property
    def _counters(self) -> dict[str, int]:
        """As a page knows them that has heard of everything."""
        session = self.session
        return {"expectedEpoch": session.epoch, "expectedSeq": session.run.seq if session.run else 0}

    def was_seen(self, ago: timedelta, *, now: datetime | None = None) -> None:
        """Let it be so long ago that the page spoke last."""
        RuntimeSession.objects.filter(pk=self.session_id).update(seen_at=(now or timezone.now()) - ago)


def visit(site: Site, url: str = "") -> Visitor:
    """A page of the site that has opened a session."""
    key = SiteKey.objects.select_related("site").filter(site=site).latest("created_at")
    asked = {
        "siteId": site.public_id,
        "bootstrapToken": key_value(key),
        "url": url or f"https://{site.host}/",
    }
    opened = session_open(read_open(asked), origin="", now=timezone.now())
    return Visitor(site=site, session_id=opened.session.id, token=opened.token)


def sessions_path(site: Site) -> str:
    """The list of a site's sessions."""
    return f"/workspace/sites/{site.public_id}/sessions/"
