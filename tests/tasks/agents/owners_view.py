"""What the tests of the owners' pages of agents' tasks share: tasks as callers make them, and browsers."""

from collections.abc import Mapping
from typing import Any

from django.test import Client
from django.utils import timezone

from tasks.core.prefer import Execution, Preferences
from tasks.core.public_ids import task_name
from tasks.core.signature_verdicts import VerifiedSignature
from tasks.models import AgentTask
from tasks.services.agents.acting import handoff_create
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import CreateRequest, agent_task_create
from workspace.models import Membership, Site, User
from workspace.services.owners import owner_create

MARKUP = "<script>alert(1)</script>"
FORMULA = '=1+1,@SUM(A1),"><img src=x onerror=alert(1)>'
HIDDEN = "\x1b]0;owned\x07\u202egnp.exe\u2066\x00\x07"
SIGNED = VerifiedSignature(
    keyid="k" * 43, signature_agent="https://bot.example", directory_url="https://bot.example/keys"
)


def caller_of(
    *, address: str = "192.0.2.1", headers: Mapping[str, str] | None = None, verified: Any = None
) -> Caller:
    return Caller(address=address, headers=dict(headers or {}), verified=verified)


def start(
    url: str = "https://shop.example/",
    *,
    execution: Execution = Execution.BROWSER,
    caller: Caller | None = None,
    **body: Any,
) -> AgentTask:
    """A task as an agent makes it."""
    wanted = {"url": url, **({} if "shortcut" in body else {"prompt": "Find the opening hours"}), **body}
    created = agent_task_create(
        CreateRequest(
            body=wanted,
            preferences=Preferences(execution=execution),
            caller=caller or caller_of(),
            idempotency_key=None,
            now=timezone.now(),
        )
    )
    return AgentTask.objects.select_related("task").get(pk=created.task_id)


def hand_over(parent: AgentTask, url: str, **body: Any) -> AgentTask:
    """A task on another site that goes on with what the parent began."""
    created = handoff_create(
        {"url": url, "instruction": "Book a table", **body},
        parent_id=parent.pk,
        preferences=Preferences(),
        caller=caller_of(address="192.0.2.9"),
        idempotency_key=None,
        now=timezone.now(),
    )
    return AgentTask.objects.select_related("task").get(pk=created.task_id)


def browser_of(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def member_of(site: Site, role: str) -> User:
    """Somebody who works on the site in this role."""
    person = owner_create(username=f"{role}-of-{site.host}", password=None)
    Membership.objects.create(site=site, user=person, role=role, created_at=timezone.now())
    return person


def list_path(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/tasks/"


def task_path(site: Site, agent_task: AgentTask) -> str:
    return f"{list_path(site)}{task_name(agent_task.pk)}/"


def shown(client: Client, path: str, **query: str) -> str:
    """The page, which must be there."""
    response = client.get(path, query)
    assert response.status_code == 200, response.content[:2000]
    return response.content.decode()
