"""Everything that an owner can have, every text of it with a word that occurs nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client

from roverbook.services.settings import notification_settings_patch
from tasks.core.events import EventKind, NewEvent
from tasks.core.prefer import Execution, Preferences
from tasks.core.public_ids import task_name
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.protocol import Calls
from tasks.models import AgentTask, BatchItem, Page, Task
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import CreateRequest, agent_task_create
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token
from tasks.services.batches import batch_create
from tasks.services.events import events_append
from tasks.services.pages import namespace_of
from tests.tasks.visitors import Visitor, visit
from tests.workspace.isolation.routes import Route
from tests.workspace.isolation.roverbook import roverbook_ids, roverbook_make, roverbook_values
from tests.workspace.isolation.webhooks import webhook_values, webhooks_make
from workspace.core.doors import Door
from workspace.core.tokens import Scope
from workspace.models import (
    AuditEntry,
    HostClaim,
    Invitation,
    Membership,
    OidcIdentity,
    OwnerToken,
    Site,
    SiteKey,
    User,
)
from workspace.services.admission import key_admit
from workspace.services.audit import Actor
from workspace.services.claims import claim_open, claim_prove
from workspace.services.configs import site_config_patch
from workspace.services.identities import identity_link
from workspace.services.keys import key_create, key_rotate, key_update, secret_mint
from workspace.services.members import invitation_accept, invitation_create, invitation_revoke
from workspace.services.owners import owner_create, owner_token_create, owner_token_revoke
from workspace.services.sites import site_create
from workspace.signin import sign_in_link_create

UNKNOWN = "{name} in {path}: tell Estate.values in isolation/estate.py which of an owner's things it names"


@dataclass
class Estate:
    """An owner and all that is theirs. `secrets` are values that open something; they are in no URL."""

    word: str
    owner: User
    site: Site
    keys: list[SiteKey]
    viewer: User
    colleague: User
    task: Task
    visitor: Visitor | None = None
    agent_tasks: list[AgentTask] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    spent_secret: str = ""
    spent_link: str = ""

    @property
    def values(self) -> dict[str, list[str]]:
        """What a parameter of this name can stand for in an address."""
        return {
            "site_id": [self.site.public_id],
            "key_id": [str(key.pk) for key in self.keys[:2]],
            "member_id": _ids(Membership.objects.filter(site=self.site))[:1],
            "invitation_id": _ids(
                Invitation.objects.filter(site=self.site, accepted_at=None, revoked_at=None)
            ),
            "claim_id": _ids(HostClaim.objects.filter(site=self.site))[:1],
            "token_id": _ids(OwnerToken.objects.filter(owner=self.owner, revoked_at=None)),
            "owner_id": [str(self.owner.pk)],
            "task_id": [str(self.task.pk)],
            "task_name": [task_name(one.pk) for one in self.agent_tasks[:1]],
            "event": ["evt_1"],
            "session_id": [self.visit.session_id],
            "run_id": [self.visit.run_id],
            "version": ["0" * 16],
            "shortcut_id": [f"{self.word}-menu"],
            "entry_id": _ids(AuditEntry.objects.filter(site=self.site, action="site_key.changed"))[-1:],
            "secret": [self.spent_secret],
            "token": [self.spent_link],
            "content_type_id": [str(ContentType.objects.get_for_model(Site).pk)],
            "app_label": ["workspace"],
            "file_name": ["agent-card.json"],
            "name": ["open"],
            "state": ["on"],
            "url": ["nothing/here"],
            **webhook_values(self.site),
            **roverbook_values(self.word),
        }

    @property
    def visit(self) -> Visitor:
        """A page of the site, with a run that goes on."""
        assert self.visitor is not None
        return self.visitor

    def fill(self, route: Route) -> Iterator[dict[str, str]]:
        """Parameters for the route, each way that this owner's things allow.

        Raises:
            KeyError: the route has a parameter that nobody told us about.
        """
        known = self.values | _of_model(route.model, self)
        try:
            several = [known[name] for name in route.parameters]
        except KeyError as unknown:
            raise KeyError(UNKNOWN.format(name=unknown.args[0], path=route.path)) from None
        for chosen in product(*several):
            yield dict(zip(route.parameters, chosen, strict=True))

    @property
    def ids(self) -> dict[str, str]:
        """Ids to put into bodies and queries: their kind, and one of them."""
        return {
            "site": self.site.public_id,
            "site pk": str(self.site.pk),
            "key": str(self.keys[0].pk),
            "owner": str(self.owner.pk),
            "owner name": self.owner.username,
            "member": self.values["member_id"][0],
            "viewer": str(self.viewer.pk),
            "token": self.values["token_id"][0],
            "claim": self.values["claim_id"][0],
            "invitation": self.values["invitation_id"][0],
            "task": str(self.task.pk),
            "agent task": task_name(self.agent_tasks[0].pk),
            "session": self.visit.session_id,
            "run": self.visit.run_id,
            "shortcut": self.values["shortcut_id"][0],
            **roverbook_ids(self.word),
            "audit row": str(AuditEntry.objects.filter(site=self.site).order_by("pk")[0].pk),
        }

    @property
    def markers(self) -> list[str]:
        """Texts that tell that a page shows something of this owner."""
        return [self.word, *self._ids_and_secrets]

    @property
    def unpublished(self) -> list[str]:
        """Texts that are shown nowhere, not even where the site is open to everybody."""
        word = self.word
        told = [self.owner.username, self.owner.email, f"the menu of {word}", f"{word} staff", f"{word} old"]
        return [*told, *self._ids_and_secrets]

    @property
    def _ids_and_secrets(self) -> list[str]:
        own_ids: list[UUID] = [self.site.pk, self.task.pk, *(key.pk for key in self.keys)]
        own_ids += [one for task in self.agent_tasks for one in (task.pk, task.workflow_id)]
        own_ids += OwnerToken.objects.filter(owner=self.owner).values_list("pk", flat=True)
        own_ids += HostClaim.objects.filter(site=self.site).values_list("pk", flat=True)
        own_ids += Invitation.objects.filter(site=self.site).values_list("pk", flat=True)
        own_ids += AuditEntry.objects.filter(site=self.site).values_list("pk", flat=True)
        claim_tokens = HostClaim.objects.filter(site=self.site).values_list("token", flat=True)
        own_ids.append(UUID(self.visit.run_id))
        plain = [
            *self.secrets,
            *claim_tokens,
            self.visit.session_id,
            *map(str, own_ids),
            *(one.hex for one in own_ids),
        ]
        return [text.lower() for text in plain]


def estate(word: str, now: datetime) -> Estate:
    """Make one. `word` goes into every name, label, host, note and text."""
    owner = owner_create(username=f"{word}-owner", password=None)
    User.objects.filter(pk=owner.pk).update(email=f"{word}@mail.example", first_name=word, last_name=word)
    actor = Actor(user=owner, door=Door.WORKSPACE, ip="192.0.2.1", request_id=f"{word}-request")
    site = site_create(
        actor=actor, owner=owner, name=f"{word} Bakery", host=f"{word}.example", now=now, note=word
    )
    made = Estate(word, owner, site, [], *_people(word, site, actor, now), task=_task(word, owner, now))
    _invitations(made, actor, now)
    _keys(made, actor, now)
    _config(made, actor, now)
    _credentials(made, actor, now)
    _agent_tasks(made, now)
    _visitor(made)
    made.secrets += webhooks_make(word, site, actor, now)
    roverbook_make(word, site, made.visit.session_id, now)
    for key in made.keys:
        key_admit(
            value=made.secrets[0], url=f"https://shop.{word}.example/", capability="roverEmbed", now=now
        )
        key_admit(
            value=made.secrets[0], url=f"https://{word}-copy.example/", capability="roverEmbed", now=now
        )
        key.refresh_from_db()
    made.owner.refresh_from_db()
    return made


def browser_of(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def token_of(user: User, now: datetime) -> str:
    """An owner token with every scope, that was used just now: so using it writes nothing."""
    value = owner_token_create(owner=user, name="walk", scopes=tuple(Scope), now=now)
    OwnerToken.objects.filter(owner=user, name="walk").update(last_used_at=now)
    return value


def _people(word: str, site: Site, actor: Actor, now: datetime) -> tuple[User, User]:
    people = []
    for role in ("viewer", "admin"):
        person = owner_create(username=f"{word}-{role}", password=None)
        secret = invitation_create(actor=actor, site=site, role=role, now=now, note=word)
        invitation_accept(actor=Actor(user=person, door=Door.WORKSPACE), secret=secret, now=now)
        people.append(person)
    return people[0], people[1]


def _invitations(made: Estate, actor: Actor, now: datetime) -> None:
    """An open one, and one that was withdrawn: whoever has the secret of an open one may use it."""
    made.spent_secret = invitation_create(actor=actor, site=made.site, role="admin", now=now, note=made.word)
    withdrawn = Invitation.objects.filter(site=made.site, accepted_at=None).get()
    invitation_revoke(actor=actor, invitation=withdrawn, now=now)
    made.secrets.append(
        invitation_create(actor=actor, site=made.site, role="viewer", now=now, note=made.word)
    )


def _keys(made: Estate, actor: Actor, now: datetime) -> None:
    """One that works, with a secret key; one that was rotated and still answers; the one in its place."""
    domains = [f"{made.word}.example"]
    live = key_create(
        actor=actor, site=made.site, label=f"{made.word} live", allowed_domains=domains, now=now
    )
    old = key_create(
        actor=actor,
        site=made.site,
        label=f"{made.word} old",
        allowed_domains=domains,
        now=now - timedelta(days=1),
    )
    heir = key_rotate(actor=actor, key=old.key, now=now, grace_seconds=86_400, note=made.word)
    made.keys += [live.key, old.key, heir.key]
    secret = secret_mint(actor=actor, key=live.key, now=now, note=made.word)
    key_update(actor=actor, key=live.key, policy={"agentName": made.word}, now=now, note=made.word)
    made.secrets[:0] = [live.value, old.value, heir.value, secret]


def _config(made: Estate, actor: Actor, now: datetime) -> None:
    word = made.word
    shortcut = {"id": f"{word}-menu", "label": f"{word} menu", "prompt": f"Tell of the menu of {word}."}
    patch = {
        "shortcuts": [
            shortcut,
            {**shortcut, "id": f"{word}-hours"},
            {**shortcut, "id": f"{word}-rota", "label": f"{word} staff", "visibility": "private"},
            {**shortcut, "id": f"{word}-last", "label": f"{word} old", "enabled": False},
        ],
        "greeting": {"text": f"Welcome to {word}."},
        "aiAccess": {"enabled": True},
    }
    site_config_patch(actor=actor, site=made.site, patch=patch, max_stored=100, now=now, note=word)
    notification_settings_patch(
        actor=actor, site=made.site, patch={"interviewQuestions": [f"How was {word}?"]}, now=now, note=word
    )
    claim = claim_open(actor=actor, site=made.site, host=f"{word}.example", now=now)
    claim_prove(actor=actor, claim=claim, method="file", now=now)
    claim_open(actor=actor, site=made.site, host=f"second.{word}.example", now=now)


def _credentials(made: Estate, actor: Actor, now: datetime) -> None:
    for name in ("live", "ended"):
        made.secrets.append(
            owner_token_create(
                owner=made.owner, name=f"{made.word} {name}", scopes=tuple(Scope), now=now, actor=actor
            )
        )
    ended = OwnerToken.objects.get(owner=made.owner, name=f"{made.word} ended")
    owner_token_revoke(token=ended, now=now, actor=actor)
    identity_link(
        actor=actor, owner=made.owner, issuer="https://issuer.example", subject=f"{made.word}-sub", now=now
    )
    made.spent_link = sign_in_link_create(owner=made.owner, now=now).rpartition("/")[2]
    User.objects.filter(pk=made.owner.pk).update(last_login=now)


def _task(word: str, owner: User, now: datetime) -> Task:
    """A batch that runs, with events and one item that was fetched."""
    url = f"http://127.0.0.1/{word}"
    started = batch_create(owner_id=owner.pk, arguments={"urls": [url, f"{url}/2"]}, now=now)
    task = Task.objects.get(pk=UUID(started["task_id"]))
    events_append(
        task_id=task.pk,
        events=[NewEvent(kind=EventKind.ITEM_STARTED, payload={"index": 0, "url": url})],
        now=now,
    )
    page = Page.objects.create(**_page(word, owner, url, now))
    BatchItem.objects.filter(task=task, index=0).update(
        status="done", page=page, final_url=url, http_status=200
    )
    return task


def _agent_tasks(made: Estate, now: datetime) -> None:
    """One that waits for a browser, and one that waits for a worker; the tokens that open them are secrets."""
    for execution in (Execution.BROWSER, Execution.AUTO):
        body = {
            "url": f"https://{made.word}.example/",
            "prompt": f"Find the bread of {made.word}.",
            "agent": {"key": f"{made.word}-agent", "name": f"{made.word} agent"},
        }
        request = CreateRequest(
            body=body,
            preferences=Preferences(execution=execution),
            caller=Caller(address="192.0.2.7"),
            idempotency_key=f"{made.word}-{execution}",
            now=now,
        )
        made.agent_tasks.append(AgentTask.objects.get(pk=agent_task_create(request).task_id))
    for task in made.agent_tasks:
        made.secrets += [task_token(task.pk), workflow_token(task.workflow_id), receipt_token(task.pk)]


def _visitor(made: Estate) -> None:
    """A page that has done everything that a page can tell of, and whose run carries out no task."""
    made.visitor = visitor = visit(made.site)
    visitor.ask(f"Where is the bread of {made.word}?")
    visitor.command(
        "TAB_EVENT",
        targetUrl=f"https://{made.word}.example/bread",
        logicalTabId="1",
        runId=visitor.run_id,
    )
    visitor.step(Calls(calls=(ToolCall(name="click_element", args={"element_id": 1}),), thought=made.word))
    visitor.keep(f"The chat of {made.word}.")
    made.secrets.append(visitor.token)


def _page(word: str, owner: User, url: str, now: datetime) -> dict[str, Any]:
    return {
        "namespace": namespace_of(owner.pk),
        "key": f"{word}-page",
        "url": url,
        "final_url": url,
        "http_status": 200,
        "kind": "html",
        "title": word,
        "markdown": f"The bread of {word}.",
        "quality": 1.0,
        "content_hash": "0" * 64,
        "tokens": 5,
        "tokenizer": "test",
        "extractor": "test",
        "wire_bytes": 5,
        "fetched_at": now,
        "expires_at": now + timedelta(days=1),
    }


def _ids(rows: Any) -> list[str]:
    return [str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)]


def _of_model(model: type[Model] | None, made: Estate) -> dict[str, list[str]]:
    """The rows of a model that are this owner's, for the model's own pages."""
    rows: dict[type[Model] | None, Callable[[], list[str]]] = {
        None: lambda: [str(made.site.pk)],
        User: lambda: [str(made.owner.pk)],
        Site: lambda: [str(made.site.pk)],
        OwnerToken: lambda: made.values["token_id"],
        Task: lambda: [str(made.task.pk)],
        SiteKey: lambda: made.values["key_id"],
        OidcIdentity: lambda: _ids(OidcIdentity.objects.filter(owner=made.owner)),
        AuditEntry: lambda: [made.ids["audit row"]],
    }
    found = rows[model]()
    return {"object_id": found, "id": found}
