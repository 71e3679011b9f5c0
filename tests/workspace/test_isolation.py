"""Nobody sees or changes what is another's: every address of the server is walked by people whose it is not.

The addresses are asked of the server itself, so a new page is walked without being named here. A parameter
that the walk cannot fill fails it: `isolation/estate.py` must be told which of an owner's things it names.

All tests of this module share one transaction, in which each request is undone: making everything that an
owner can have, and opening all their pages to find the forms, takes as long as a walk.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from tests.workspace import world as worlds
from tests.workspace.isolation.asks import (
    Harvest,
    api_asks,
    asks_about,
    asks_at,
    autocompletions,
    collection_asks,
    harvest,
    mixed_paths,
    paths_of,
    queries,
    substitutions,
)
from tests.workspace.isolation.estate import Estate, browser_of, estate, token_of
from tests.workspace.isolation.routes import Route, routes
from tests.workspace.isolation.rows import Change, dump_of
from tests.workspace.isolation.walker import Ask, Finding, Visitor, Walker
from workspace.models import Membership, User
from workspace.services.owners import owner_create

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(900),
    pytest.mark.once,
    pytest.mark.usefixtures("unmeasured"),
]
SAME_FOR_ALL = {"openapi", "api-docs"}
"""Long documents about the server itself: two questions to them are enough, not fifty."""
VICTIM, STRANGER = "zephyrine", "quartzley"


@dataclass(frozen=True)
class World:
    """Two owners who have everything, somebody who has nothing, and all that the owners' browsers can send."""

    victim: Estate
    other: Estate
    nobody: User
    victims_forms: Harvest
    others_forms: Harvest


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[World]:
    now = timezone.now()
    web = worlds.World().start()  # without any host: pages that look at the web find nothing there
    worlds.enter(web)
    outside = override_settings(WEB_READER="tests.workspace.world.read", DNS_SERVERS=[web.dns.address])
    with outside, django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        victim, other = estate(VICTIM, now), estate(STRANGER, now)
        nobody = owner_create(username="nobody", password=None)
        forms = [harvest(paths_of(routes(), one), browser_of(one.owner)) for one in (victim, other)]
        yield World(victim, other, nobody, *forms)
        transaction.set_rollback(True)
    web.stop()


@pytest.fixture
def victim(world: World) -> Estate:
    return world.victim


def visitor(name: str, user: User) -> Visitor:
    return Visitor(name, browser_of(user), token_of(user, timezone.now()))


@pytest.fixture
def stranger(world: World) -> Visitor:
    return visitor("another owner", world.other.owner)


@pytest.fixture
def nobody(world: World) -> Visitor:
    return visitor("somebody without anything", world.nobody)


@pytest.fixture
def viewer(victim: Estate) -> Visitor:
    """May look at everything, leave by himself, and be named in the log for an export."""
    his = str(Membership.objects.get(site=victim.site, user=victim.viewer).pk)

    def may_change(path: str, change: Change) -> bool:
        if change.label == "workspace.AuditEntry" and change.text.startswith("added "):
            return ".exported'" in change.text or path.endswith("/members/leave/")
        return path.endswith("/members/leave/") and str(change) == f"workspace.Membership {his}: removed"

    made = visitor("a viewer of the site", victim.viewer)
    return replace(made, may_see=True, may_change=may_change)


def told(findings: list[Finding]) -> str:
    """A few of each kind, to be read by a person."""
    by_page: dict[str, list[Finding]] = {}
    for finding in findings:
        by_page.setdefault(finding.ask.split("?")[0].split(" with ")[0] + finding.what[:12], []).append(
            finding
        )
    lines = [f"{several[0]}\n    ({len(several)} times)" for several in by_page.values()]
    return f"{len(findings)} findings\n" + "\n".join(lines)


def script_paths() -> list[str]:
    """Addresses that scripts call with everything in the body."""
    return [one.path for one in routes() if not one.path.startswith("/workspace/") and not one.parameters]


def walk(victim: Estate, by: Visitor, *several: Iterator[Ask]) -> Walker:
    walker = Walker(victim, by)
    for asks in several:
        walker.walk(asks)
    return walker


class TestTheVictimsAddresses:
    def test_show_another_owner_nothing_and_obey_nothing(
        self, world: World, victim: Estate, stranger: Visitor
    ) -> None:
        walker = walk(victim, stranger, asks_at(paths_of(routes(), victim), victim, world.victims_forms))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[404] > 100

    def test_show_somebody_without_anything_nothing(
        self, world: World, victim: Estate, nobody: Visitor
    ) -> None:
        walker = walk(victim, nobody, asks_at(paths_of(routes(), victim), victim, world.victims_forms))
        assert not walker.findings, told(walker.findings)

    def test_show_an_anonymous_visitor_nothing(self, world: World, victim: Estate) -> None:
        anonymous = Visitor("an anonymous visitor", Client())
        walker = walk(victim, anonymous, asks_at(paths_of(routes(), victim), victim, world.victims_forms))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[401] > 50

    def test_let_a_viewer_change_nothing(self, world: World, victim: Estate, viewer: Visitor) -> None:
        walker = walk(
            victim,
            viewer,
            asks_at(paths_of(routes(), victim), victim, world.victims_forms),
            api_asks(script_paths(), victim),
        )
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[200] > 20
        assert walker.statuses[403] > 100


class TestAStrangersOwnAddresses:
    def test_take_no_id_of_the_victim_in_place_of_an_own(
        self, world: World, victim: Estate, stranger: Visitor
    ) -> None:
        walker = walk(victim, stranger, substitutions(world.others_forms, victim))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[302] > 20

    def test_do_not_mix_with_the_victims(self, world: World, victim: Estate, stranger: Visitor) -> None:
        walker = walk(victim, stranger, asks_at(mixed_paths(routes(), world.other, victim), victim, {}))
        assert not walker.findings, told(walker.findings)

    def test_answer_no_question_about_the_victim(
        self, world: World, victim: Estate, stranger: Visitor
    ) -> None:
        pages = [one.path for one in routes() if not one.parameters and one.name not in SAME_FOR_ALL]
        pages += paths_of([route for route in routes() if route.parameters == ["site_id"]], world.other)
        walker = walk(victim, stranger, queries(pages, victim), autocompletions(victim))
        assert not walker.findings, told(walker.findings)

    def test_let_no_script_reach_the_victims_keys(self, victim: Estate, stranger: Visitor) -> None:
        walker = walk(victim, stranger, api_asks(script_paths(), victim))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[403] > 20


class TestRoverBook:
    """Where what is asked for stands in the query, which the walk over addresses does not fill."""

    def test_shows_another_owner_nothing(self, victim: Estate, stranger: Visitor) -> None:
        walker = walk(victim, stranger, asks_about(victim), collection_asks(victim))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[403] > 20
        assert walker.statuses[200] > 50

    def test_lets_a_viewer_change_and_take_away_nothing_of_anybody(
        self, victim: Estate, viewer: Visitor
    ) -> None:
        walker = walk(victim, viewer, asks_about(victim), collection_asks(victim))
        assert not walker.findings, told(walker.findings)
        assert walker.statuses[403] > 10

    def test_shows_its_owner_that_the_walk_was_there(self, victim: Estate) -> None:
        token = token_of(victim.owner, timezone.now())
        for ask in collection_asks(victim):
            if dict(ask.query).keys() & {"siteId", "q"} and not ask.path.endswith(("scores", "questions")):
                headers = {"Authorization": f"Bearer {token}"}
                answer = Client().get(ask.path, dict(ask.query), headers=headers)
                if answer.status_code == 200:
                    assert VICTIM in answer.getvalue().decode(), ask


class TestTheWalkItself:
    @pytest.fixture(autouse=True)
    def _careless(self, settings: pytest.FixtureRequest) -> None:
        settings.ROOT_URLCONF = "tests.workspace.isolation.leaky_urls"  # type: ignore[attr-defined]

    @staticmethod
    def careless() -> list[Route]:
        return [one for one in routes() if one.path.startswith("/care") and "logs-late" not in one.path]

    def found(self, victim: Estate, by: Visitor, *several: Iterator[Ask]) -> set[tuple[str, str, str]]:
        """(method, page, kind of finding)"""
        findings = walk(victim, by, *several).findings
        return {
            (one.ask.split()[0], one.ask.split("/")[2], one.what.split(":")[0].split(" with")[0])
            for one in findings
        }

    def test_finds_careless_pages_by_itself(self, victim: Estate, stranger: Visitor) -> None:
        found = self.found(victim, stranger, asks_at(paths_of(self.careless(), victim), victim, {}))
        assert {method for method, page, what in found if (page, what) == ("shows", "shown")} >= {
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
        }
        assert ("GET", "hints", "shown") in found
        assert ("PATCH", "changes", "changed") in found
        assert ("POST", "takes", "changed") in found
        assert ("GET", "breaks", "the server failed") in found
        assert {page for _, page, _ in found} == {"shows", "hints", "changes", "takes", "breaks"}

    def test_finds_what_is_published_by_mistake(self, victim: Estate, stranger: Visitor) -> None:
        pages = paths_of([one for one in routes() if one.path.endswith("/careless")], victim)
        findings = walk(victim, stranger, iter([Ask("GET", page) for page in pages])).findings
        assert [one.what.split(":")[0] for one in findings] == ["shown"]

    def test_finds_what_a_query_brings_out(self, victim: Estate, stranger: Visitor) -> None:
        pages = [route.path for route in self.careless() if not route.parameters]
        assert self.found(victim, stranger, queries(pages, victim)) == {("GET", "finds", "shown")}

    def test_undoes_what_it_did(self, victim: Estate, stranger: Visitor) -> None:
        before = dump_of(victim.owner)
        walk(victim, stranger, asks_at(paths_of(self.careless(), victim), victim, {}))
        assert dump_of(victim.owner) == before

    def test_fails_for_a_parameter_that_nobody_told_it(self, victim: Estate) -> None:
        with pytest.raises(KeyError, match=r"gadget_id in /workspace/gadgets/.*Estate\.values"):
            list(victim.fill(Route("/workspace/gadgets/{gadget_id}/")))


def test_what_the_victim_publishes_is_there_for_everybody(victim: Estate) -> None:
    """So that the walk above has been there, and not before closed doors."""
    public = paths_of([one for one in routes() if one.is_public], victim)
    answers = [Client().get(path) for path in public]
    assert [one.status_code for one in answers] == [200, 200, 200]
    for answer in answers:
        text = answer.content.decode().lower()
        assert f"{VICTIM}-menu" in text
        assert not [one for one in victim.unpublished if one in text]


def test_every_table_says_whose_its_rows_are(world: World, victim: Estate) -> None:
    mine, theirs = dump_of(victim.owner), dump_of(world.other.owner)
    empty = [label for label, rows in mine.items() if not rows]
    assert not empty, f"give the victim a row of each of {empty} in isolation/estate.py"
    shared = [label for label in mine if mine[label].keys() & theirs[label].keys()]
    assert not shared


def test_a_page_of_the_victim_shows_the_victim(victim: Estate) -> None:
    """The markers are what pages show: the owner finds them."""
    page = browser_of(victim.owner).get(f"/workspace/sites/{victim.site.public_id}/keys/").content.decode()
    assert VICTIM in page
    assert str(victim.keys[0].pk) in page
    assert victim.secrets[0].lower() in victim.markers
