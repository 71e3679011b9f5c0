"""Whatever changes the workspace leaves a row in the audit log, through whichever door it came.

The doors are found by opening every page and sending every form on it, by calling every operation of the API
and every command. Which services were reached is counted, so that a new one without a door, or a door without
the log, is noticed.
"""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from inspect import signature
from typing import Any
from urllib.parse import parse_qsl

import click
import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from rover_site.cli import main
from rover_site.cli.root import COMMANDS, root
from tests.workspace import world as worlds
from tests.workspace.api_support import KEY_BODIES, SITE_BODIES
from tests.workspace.isolation.asks import harvest, paths_of
from tests.workspace.isolation.doors import (
    FOLLOWED,
    Door,
    acting_services,
    broken_audit_log,
    counted,
    filled,
    services,
)
from tests.workspace.isolation.estate import Estate, browser_of, estate, token_of
from tests.workspace.isolation.forms import Form, links_in
from tests.workspace.isolation.routes import routes
from tests.workspace.isolation.roverbook import key_of, pages_about
from tests.workspace.isolation.rows import Change, Dump, differences, dump_of_all, watched
from tests.workspace.isolation.walker import Ask
from workspace.core.doors import Door as DoorName
from workspace.core.proof import FILE_PATH, challenge_text
from workspace.models import AuditEntry, HostClaim, User
from workspace.services.audit import Actor
from workspace.services.members import invitation_create
from workspace.services.owners import owner_create
from workspace.services.sites import site_archive, site_create
from workspace.signin import sign_in_link_create

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(900),
    pytest.mark.once,
    pytest.mark.usefixtures("unmeasured"),
]
PASSWORD = "Something-long-42"
LOGGED = ("workspace.", "roverbook.", "tasks.AgentTask", "tasks.Run")
"""What people change here, sessions and their runs among it; other tasks have a log of their own."""
UNLOGGED = {
    "workspace.KeyUsage": set[str](),
    "workspace.SiteKey": {"last_used_at", "last_used_host"},
    "workspace.OwnerToken": {"last_used_at"},
    "workspace.OidcIdentity": {"last_used_at"},
    "workspace.User": {"last_login"},
    "workspace.HostClaim": {"checked_at"},
    "roverbook.Post": {"is_seen"},
}
"""What may change without a row: counters, and when something was used or looked at last. No names: the whole
table."""
WITHOUT_ACTOR = {
    "admission.key_admit": "counts the use of a key",
    "admission.key_seen": "counts the use of a key",
    "evidence.evidence_gather": "only reads",
    "identities.identity_claimed": "names the person of the token as the actor itself",
    "identities.identity_used": "notes when it was used last",
    "members.invitation_live": "only reads",
    "owners.owner_token_used": "notes when it was used last",
    "signin_log.connect": "listens to Django's signals",
    "signin_log.sign_in_failed": "is a row itself",
    "signin_log.signed_in": "is a row itself",
    "signin_log.signed_out": "is a row itself",
}
MODULES_WITHOUT_ACTOR = {
    "roverbook.announcing": "tells others of what somebody did",
    "roverbook.collecting": "takes in what pages tell",
    "roverbook.drifting": "follows the visits",
    "roverbook.each_site": "goes through the sites",
    "roverbook.finalising": "derives from visits",
    "roverbook.privacy.erasing": "names for the log",
    "roverbook.privacy.retaining": "goes by the clock",
    "roverbook.projecting": "makes visits of the logs",
    "roverbook.rounds": "goes by the clock",
    "roverbook.scoring": "follows the visits",
    "roverbook.webhooks.delivering": "has a log of its own",
    "roverbook.webhooks.endpoints": "counts how deliveries went",
    "roverbook.webhooks.feeds": "goes by the clock",
    "roverbook.webhooks.outbox": "tells others of what somebody did",
    "roverbook.webhooks.postman": "has a log of its own",
    "roverbook.webhooks.pruning": "goes by the clock",
    "roverbook.webhooks.sealing": "is a part of what changes an endpoint",
    "roverbook.words": "agents speak; what owners do about it is told who acts",
}
"""Of RoverBook: what its functions that are told of no actor do instead."""
NO_DOOR = {
    "audit.record": "writes the row",
    "roverbook.webhooks.endpoints.webhook_switch_off": "is what the server does with a receiver that fails",
    "roverbook.webhooks.endpoints.webhooks_replace": "is a part of notification_settings_patch",
    "roverbook.webhooks.replaying.delivery_replay": "takes a delivery that has ended; the owner's is on its way",
    "claims.claim_prove": "is a part of claim_check and install_check",
}
CHANGING_COMMANDS: dict[str, list[str]] = {
    "owner create": ["newcomer", "--no-password"],
    "owner token": ["zephyrine-owner"],
    "owner identity": ["zephyrine-owner", "another-subject", "--issuer", "https://issuer.example"],
    "owner link": ["zephyrine-owner"],
    "seed": [],
}
OTHER_COMMANDS = {"up", "web", "worker", "doctor", "help", "owner list", "fetch", "roverbook rebuild"}
"""They start processes, read, or make visits anew. All of `task` and `batch` is about tasks, which have a log of their own."""
FOLLOWED_AGAIN = 2
"""So many times is a form sent that comes as an answer."""
Mark = tuple[str, frozenset[str], str]
SECRET = re.compile(r"(?:pk_site_|sk_site_|rvo_|inv_)[A-Za-z0-9_-]{16,}|/sign-in/[\w:-]{20,}")


@dataclass
class Log:
    """What the walk found."""

    faults: list[str] = field(default_factory=list)
    changes: int = 0
    doors: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)


@dataclass
class Walk:
    """Sends requests, each from the same beginning, and looks at the tables and the log after each."""

    before: Dump
    logged: set[Any]
    log: Log = field(default_factory=Log)
    followed: dict[Mark, int] = field(default_factory=dict)

    def through(self, door: Door, asks: Iterator[tuple[Ask, int]], words: list[str], who: str) -> None:
        for ask, depth in asks:
            self._step(door, ask, depth, words, who)

    def _step(self, door: Door, ask: Ask, depth: int, words: list[str], who: str) -> None:
        with transaction.atomic():
            with watched() as writes:
                outcome = door.send(ask)
            has_changed = bool(writes.tables) and self._look(f"{who}: {ask}", who, writes.tables)
            transaction.set_rollback(True)
        if has_changed:
            with transaction.atomic(), broken_audit_log():
                with watched() as writes:
                    door.send(ask)
                transaction.set_rollback(False)  # a fault outside of any transaction marks ours
                self._look_undone(f"{who}: {ask}", writes.tables)
                transaction.set_rollback(True)
        if depth and outcome.status in (200, 409, 422):
            for form in outcome.forms:
                self.followed[mark_of(form)] = self.followed.get(mark_of(form), 0) + 1
                if (
                    form.method == "post"
                    and form.action == ask.path
                    and self.followed[mark_of(form)] <= FOLLOWED_AGAIN
                ):
                    for fields in filled(form, words[:1]):
                        self._step(door, Ask("POST", form.action, fields), depth - 1, words, who)

    def _look(self, what: str, who: str, written: set[str] | None = None) -> bool:
        """Whether something changed that asks for a row; notes a fault if there is none."""
        changes = logged_changes(self.before, dump_of_all(written))
        rows = [row for row in AuditEntry.objects.all() if row.pk not in self.logged]
        self.log.actions |= {row.action for row in rows}
        self.log.doors |= {row.door for row in rows}
        if changes and not rows:
            self.log.faults.append(f"{what}\n    changed without a row: {changes[:3]}")
        for row in rows:
            if not (row.actor_name and row.door and row.subject_kind and row.action.count(".") == 1):
                self.log.faults.append(f"{what}\n    a row that does not say who did what: {row}")
            if (
                row.actor is None
                and who not in ("nobody yet", "command line")
                and "contested" not in row.action
            ):
                self.log.faults.append(f"{what}\n    a row without a person: {row}")
            if SECRET.search(f"{row.before} {row.after} {row.note} {row.subject_label} {row.subject_id}"):
                self.log.faults.append(f"{what}\n    a secret in the log: {row.action}")
        self.log.changes += bool(changes)
        return bool(changes or rows)

    def _look_undone(self, what: str, written: set[str] | None = None) -> None:
        changes = logged_changes(self.before, dump_of_all(written))
        if changes:
            self.log.faults.append(
                f"{what}\n    changed although the log could not be written: {changes[:3]}"
            )

    def command(self, name: str, arguments: list[str]) -> None:
        line = [*name.split(), *arguments]
        with transaction.atomic():
            assert _run(line) == 0, name
            assert self._look(f"rover {' '.join(line)}", "command line"), f"rover {name} changed nothing"
            transaction.set_rollback(True)
        with transaction.atomic(), broken_audit_log():
            assert _run(line) != 0, f"rover {name} says that all is well without a log"
            self._look_undone(f"rover {' '.join(line)}")
            transaction.set_rollback(True)


def mark_of(form: Form) -> Mark:
    """What makes two forms the same, wherever they are found; one about another kind of thing is another."""
    about = {f"kind={kind}" for kind in form.fields.get("kind", ())}
    return re.sub(r"[0-9a-f-]{36}", "#", form.action), frozenset({*form.fields, *about}), form.method


def _run(line: list[str]) -> int:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return main(line)


def logged_changes(before: Dump, after: Dump) -> list[str]:
    """The differences that ask for a row."""
    return [str(change) for change in differences(before, after) if _is_logged(change)]


def _is_logged(change: Change) -> bool:
    if change.label == "workspace.AuditEntry" or not change.label.startswith(LOGGED):
        return False
    free = UNLOGGED.get(change.label)
    return free is None or (bool(free) and not (change.columns and change.columns <= free))


@dataclass
class World:
    owner: Estate
    administrator: User
    nobody: User
    extra: list[str]
    about: list[str]
    words: list[str]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    web = worlds.World().start()
    worlds.enter(web)
    outside = override_settings(WEB_READER="tests.workspace.world.read", DNS_SERVERS=[web.dns.address])
    with outside, django_db_blocker.unblock(), transaction.atomic():
        yield _made(web)
        transaction.set_rollback(True)
    web.stop()


def _made(web: worlds.World) -> World:
    """Beside all that an owner can have: a site without anything, an archived one, a host that can be proved."""
    now = timezone.now()
    owner = estate("zephyrine", now)
    actor = Actor(user=owner.owner, door=DoorName.WORKSPACE)
    fresh = site_create(actor=actor, owner=owner.owner, name="Fresh", host="fresh.example", now=now)
    gone = site_create(actor=actor, owner=owner.owner, name="Gone", host="gone.example", now=now)
    site_archive(actor=actor, site=gone, now=now)
    nobody = owner_create(username="nobody", password=PASSWORD)
    administrator = owner_create(username="administrator", password=PASSWORD, is_superuser=True)
    for claim in HostClaim.objects.filter(site=owner.site):
        web.serve(claim.host, FILE_PATH, challenge_text(owner.site.public_id, claim.token))
    extra = [
        f"/workspace/sites/{site.public_id}/{page}" for site in (fresh, gone) for page in ("", "settings/")
    ]
    extra += [
        f"/workspace/workspace/user/{nobody.pk}/{page}"
        for page in ("change/", "delete/", "password/", "sign-in-link/")
    ]
    extra += [f"/workspace/workspace/user/{administrator.pk}/password/"]
    about = pages_about(owner.word, owner.site, owner.visit.session_id)
    words = [
        PASSWORD,
        owner.site.name,
        owner.keys[0].label,
        f"https://{owner.site.host}/",
        f"second.{owner.site.host}",
        key_of(owner.word),
        owner.visit.session_id,
    ]
    return World(owner, administrator, nobody, extra, about, words)


def sent_by(
    user: User, paths: list[str], words: list[str], known: dict[Mark, int]
) -> Iterator[tuple[Ask, int]]:
    """Every form on these pages, in every way it can be filled."""
    found = [form for forms in harvest(paths, browser_of(user)).values() for form in forms]
    known.update({mark_of(form): FOLLOWED_AGAIN for form in found})
    seen: set[Mark] = set()
    for form in found:
        if form.action.startswith("/workspace/") and mark_of(form) not in seen:
            seen.add(mark_of(form))
            for fields in filled(form, words):
                if form.method == "post":
                    yield Ask("POST", form.action, fields), FOLLOWED
                else:
                    query = tuple((name, (given or [""])[0]) for name, given in fields.items())
                    yield Ask("GET", form.action, query=query), 0


def followed_by(user: User, paths: list[str]) -> Iterator[tuple[Ask, int]]:
    """Every link on these pages that carries a query: exports are such links."""
    client = browser_of(user)
    answers = [(path, client.get(path)) for path in paths]
    pages = [
        (path, one.getvalue().decode()) for path, one in answers if "html" in one.get("Content-Type", "")
    ]
    links = dict.fromkeys(link for path, page in pages for link in links_in(page, path))
    for path, _, query in (link.partition("?") for link in links):
        yield Ask("GET", path, query=tuple(parse_qsl(query))), 0


def sent_by_a_script(owner: Estate) -> Iterator[tuple[Ask, int]]:
    """Each operation of the management API, with something to change."""
    key, site = owner.ids["key"], owner.ids["site"]
    changes: list[dict[str, Any]] = [
        {},
        {"capabilities": {"roverEmbed": False}},
        {"roverPolicy": {"agentName": "Crumb"}},
        {"allowedDomains": ["other.example"]},
        {"active": False},
        {"siteConfig": {"greeting": {"text": "Hello."}}},
        {"enabled": True},
        {"interviewQuestions": ["How was it?"]},
    ]
    for name, path in ((one.name, one.path) for one in routes() if one.name in {*KEY_BODIES, *SITE_BODIES}):
        named = {"keyId": key} if name in KEY_BODIES else {"siteId": site}
        for change in changes:
            yield Ask("POST", path, {**(KEY_BODIES | SITE_BODIES)[name], **named, **change}, is_json=True), 0
    new_site = {"siteName": "New", "label": "Key", "allowedDomains": ["new.example"]}
    yield Ask("POST", "/generateRoverSiteKey", new_site, is_json=True), 0


def leaves() -> Iterator[str]:
    """Every command, by its words."""
    for name in (*COMMANDS, "help"):
        command = root.get_command(click.Context(root), name)
        if isinstance(command, click.Group):
            yield from (f"{name} {sub}" for sub in command.list_commands(click.Context(command)))
        else:
            yield name


@pytest.fixture(scope="module")
def walked(world: World) -> tuple[Log, set[str]]:
    """The log of the whole walk, and the services that it reached."""
    owner, now = world.owner, timezone.now()
    secret = invitation_create(
        actor=Actor(user=owner.owner, door=DoorName.WORKSPACE), site=owner.site, role="viewer", now=now
    )
    link = sign_in_link_create(owner=world.nobody, now=now)
    doors = {
        user: Door(browser_of(user), token_of(user, now))
        for user in (owner.owner, world.administrator, owner.viewer, world.nobody)
    }
    pages = paths_of(routes(), owner)
    model_pages = paths_of([route for route in routes() if route.model], owner)
    administrators = [*model_pages, *world.extra, "/workspace/password_change/"]
    anonymous = Door(Client())
    list(leaves())  # imports them
    with counted(services()) as called:
        walk = Walk(dump_of_all(), set(AuditEntry.objects.values_list("pk", flat=True)))
        everything = [
            (owner.owner, [*pages, *world.extra[:4], *world.about]),
            (world.administrator, administrators),
            (owner.viewer, [f"/workspace/sites/{owner.site.public_id}/members/leave/"]),
            (world.nobody, [f"/workspace/join/{secret}/"]),
        ]
        for user, paths in everything:
            walk.through(doors[user], followed_by(user, paths), [], user.username)
            walk.through(
                doors[user], sent_by(user, paths, world.words, walk.followed), world.words, user.username
            )
        script = Door(Client(), doors[owner.owner].token)
        walk.through(script, sent_by_a_script(owner), [], "script")
        sign_ins = [
            Ask("POST", link),
            Ask("POST", "/workspace/login/", {"username": "nobody", "password": PASSWORD}),
        ]
        wrong = Ask("POST", "/workspace/login/", {"username": "nobody", "password": "wrong"})
        walk.through(anonymous, ((ask, 0) for ask in [*sign_ins, wrong]), [], "nobody yet")
        for name, arguments in CHANGING_COMMANDS.items():
            walk.command(name, arguments)
    return walk.log, called


def test_every_change_is_in_the_log_with_its_actor_or_does_not_happen(walked: tuple[Log, set[str]]) -> None:
    log, _ = walked
    kinds: dict[str, list[str]] = {}
    for fault in log.faults:
        kinds.setdefault(re.sub(r"[0-9a-f-]{36}|\d+", "#", fault)[:90], []).append(fault)
    shown = "\n".join(f"{several[0][:900]}\n    ({len(several)} times)" for several in kinds.values())
    assert not log.faults, f"{len(log.faults)} faults\n{shown}"
    assert log.changes > 80


def test_the_walk_came_through_all_three_doors(walked: tuple[Log, set[str]]) -> None:
    assert walked[0].doors >= {DoorName.WORKSPACE, DoorName.API, DoorName.CLI}


def test_the_walk_cancelled_an_agents_task_and_ended_a_visitors_run_and_session(
    walked: tuple[Log, set[str]],
) -> None:
    assert walked[0].actions >= {"agent_task.cancelled", "run.cancelled", "session.ended"}


def test_every_service_that_is_told_who_acts_has_a_door(walked: tuple[Log, set[str]]) -> None:
    missing = acting_services().keys() - walked[1] - NO_DOOR.keys()
    assert not missing, f"no page, call or command reached {sorted(missing)}: {sorted(walked[0].actions)}"


def test_every_other_service_says_why_it_needs_no_actor() -> None:
    others = services().keys() - acting_services().keys()
    assert {
        name for name in others if not name.startswith(tuple(MODULES_WITHOUT_ACTOR))
    } == WITHOUT_ACTOR.keys()


def test_every_service_with_an_actor_is_told_the_time() -> None:
    assert not [name for name, one in acting_services().items() if "now" not in signature(one).parameters]


def test_every_command_is_known_to_change_something_or_not() -> None:
    names = {name for name in leaves() if not name.startswith(("task ", "batch "))}
    assert names == CHANGING_COMMANDS.keys() | OTHER_COMMANDS


class TestTheWalkItself:
    def step(self, ask: Ask, door: Door, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Log:
        settings.ROOT_URLCONF = "tests.workspace.isolation.leaky_urls"
        walk = Walk(dump_of_all(), set(AuditEntry.objects.values_list("pk", flat=True)))
        walk.through(door, iter([(ask, 0)]), [], "owner")
        return walk.log

    def test_notices_a_change_without_a_row(
        self, world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        ask = Ask("PATCH", f"/careless/changes/{world.owner.site.public_id}/")
        log = self.step(ask, Door(browser_of(world.owner.owner)), monkeypatch, settings)
        assert "changed without a row" in log.faults[0]
        assert "changed although the log could not be written" in log.faults[1]

    def test_notices_a_change_that_is_stored_before_its_row(
        self, world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        ask = Ask("POST", f"/careless/logs-late/{world.owner.site.public_id}/")
        log = self.step(ask, Door(browser_of(world.owner.owner)), monkeypatch, settings)
        assert ["although the log" in fault for fault in log.faults] == [True]

    def test_undoes_what_it_did(self, world: World) -> None:
        before = dump_of_all()
        walk = Walk(before, set())
        walk.command("owner create", ["newcomer", "--no-password"])
        assert not differences(before, dump_of_all())
