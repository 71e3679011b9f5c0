"""The install verifier from an owner's button to the stored proof, with real pages on loopback."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.workspace import world as worlds
from tests.workspace.world import World
from workspace.core.doors import Door
from workspace.core.fields import InvalidFields
from workspace.core.installation import (
    HostNotListed,
    head_discovery,
    snippet,
    well_known_files,
)
from workspace.core.installation_report import TITLES, State
from workspace.core.proof import txt_name, txt_value
from workspace.models import HostClaim, Site, SiteKey, User
from workspace.selectors.claims import host_is_proved
from workspace.selectors.installations import installation_of
from workspace.services.audit import Actor
from workspace.services.claims import claim_check, claim_open
from workspace.services.installs import InstallReport, install_check
from workspace.services.keys import key_create, key_end_now
from workspace.services.sites import site_create

HOST = "bakery.example"


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    # a page by https loads no script by http, so this server needs a public address
    settings.ROVER = settings.ROVER.model_copy(update={"public_url": "https://rover.example"})
    assert settings.ROVER.base_url == "https://rover.example"
    running = World().start()
    running.serve(HOST, "/", "<h1>Bread</h1>")
    settings.WEB_READER = "tests.workspace.world.read"
    settings.DNS_SERVERS = [running.dns.address]
    worlds.enter(running)
    yield running
    running.stop()


def open_to_agents(site: Site) -> None:
    site.config.content |= {"aiAccess": {"enabled": True}}
    site.config.save()


def page_of(site: Site, now: datetime) -> str:
    facts = installation_of(site, now=now)
    key = facts.keys[0]
    return f"<html><head>{head_discovery(facts, key)}</head><body>{snippet(facts, key)}</body></html>"


def states(report: InstallReport) -> dict[str, State]:
    return {check.key: check.state for check in report.checks}


def test_a_complete_installation_passes_everything_and_proves_the_host(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    open_to_agents(site)
    world.serve(HOST, "/", page_of(site, now))
    facts = installation_of(site, now=now)
    for path, text in well_known_files(facts, facts.keys[0]).items():
        world.serve(HOST, path, text, type="application/json")
    report = install_check(actor=actor, site=site, url=f"https://{HOST}/", now=now)
    assert states(report) == dict.fromkeys([*TITLES, "proof"], State.PASS)
    assert report.is_well
    claim = HostClaim.objects.get()
    assert (claim.site, claim.host, claim.method, claim.proved_at) == (site, HOST, "page", now)


def test_a_page_without_the_tag_fails_and_proves_nothing(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    report = install_check(actor=actor, site=site, url=HOST, now=now)
    found = states(report)
    assert (found["script"], found["proof"], report.is_well) == (State.FAIL, State.WARN, False)
    assert not HostClaim.objects.exists()


@pytest.mark.parametrize("text", [HOST, f" {HOST} ", f"https://{HOST}", f"//{HOST}/", "BAKERY.example."])
def test_the_address_may_be_typed_as_people_do(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime, text: str
) -> None:
    install_check(actor=actor, site=site, url=text, now=now)
    assert world.asked[0] == (HOST, "/")


@pytest.mark.parametrize(
    "text",
    ["", "   ", "javascript:alert(1)", "mailto:x@bakery.example", "file:///etc/hosts", "http:bakery.example"],
)
def test_what_is_no_address_is_refused_before_any_request(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime, text: str
) -> None:
    with pytest.raises(InvalidFields):
        install_check(actor=actor, site=site, url=text, now=now)
    assert world.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://bakery.example.other.example/",
        "https://notbakery.example/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "https://bakery.example@other.example/",
        "https://other.example\\@bakery.example/",
    ],
)
def test_a_host_that_no_key_lists_is_refused_before_any_request(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime, url: str
) -> None:
    world.serve("other.example")
    with pytest.raises(HostNotListed) as caught:
        install_check(actor=actor, site=site, url=url, now=now)
    assert caught.value.code == "host_not_listed"
    assert world.asked == []


def test_a_key_that_has_ended_lists_nothing(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    key_end_now(actor=actor, key=key, now=now)
    with pytest.raises(HostNotListed):
        install_check(actor=actor, site=site, url=HOST, now=now)
    assert world.asked == []


def test_the_keys_of_other_sites_list_nothing(
    world: World, actor: Actor, site: Site, key: SiteKey, other: User, now: datetime
) -> None:
    stranger = Actor(user=other, door=Door.WORKSPACE)
    theirs = site_create(actor=stranger, owner=other, name="Other", host="other.example", now=now)
    key_create(actor=stranger, site=theirs, label="Theirs", allowed_domains=["other.example"], now=now)
    with pytest.raises(HostNotListed):
        install_check(actor=actor, site=site, url="other.example", now=now)


def test_a_page_that_cannot_be_read_is_a_report_and_no_error(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    report = install_check(actor=actor, site=site, url="https://gone.bakery.example/", now=now)
    assert states(report)["reachable"] is State.FAIL
    assert len(report.checks) == len(TITLES) + 1


def test_the_tag_on_a_deeper_page_works_but_proves_nothing(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    world.serve(HOST, "/~somebody/", page_of(site, now))
    report = install_check(actor=actor, site=site, url=f"https://{HOST}/~somebody/", now=now)
    assert (states(report)["key"], states(report)["proof"]) == (State.PASS, State.WARN)
    assert f"https://{HOST}/" in report.checks[-1].fix
    assert not host_is_proved(site, HOST)


def test_a_host_proved_before_stays_so_on_any_page(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    claim = claim_open(actor=actor, site=site, host=HOST, now=now)
    world.dns.records[txt_name(HOST)] = [f'"{txt_value(claim.token)}"']
    claim_check(actor=actor, claim=claim, now=now)
    report = install_check(actor=actor, site=site, url=f"https://{HOST}/deeper", now=now)
    assert states(report)["proof"] is State.PASS


def test_a_host_that_another_owner_holds_is_not_taken_by_a_tag(
    world: World, actor: Actor, site: Site, key: SiteKey, other: User, now: datetime
) -> None:
    stranger = Actor(user=other, door=Door.WORKSPACE)
    theirs = site_create(actor=stranger, owner=other, name="Other", host=HOST, now=now)
    claim = claim_open(actor=stranger, site=theirs, host=HOST, now=now)
    world.dns.records[txt_name(HOST)] = [f'"{txt_value(claim.token)}"']
    claim_check(actor=stranger, claim=claim, now=now)
    world.serve(HOST, "/", page_of(site, now))
    report = install_check(actor=actor, site=site, url=HOST, now=now)
    assert states(report)["proof"] is State.FAIL
    assert (host_is_proved(site, HOST), host_is_proved(theirs, HOST)) == (False, True)


def test_a_page_that_leads_to_another_host_proves_neither(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    world.serve("www.bakery.example", "/", page_of(site, now))
    world.serve(HOST, "/", to="https://www.bakery.example/")
    report = install_check(actor=actor, site=site, url=HOST, now=now)
    found = states(report)
    assert (found["reachable"], found["key"], found["proof"]) == (State.WARN, State.PASS, State.WARN)
    assert not HostClaim.objects.exists()


def test_the_files_for_agents_are_asked_for_only_while_discovery_is_on(
    world: World, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    install_check(actor=actor, site=site, url=HOST, now=now)
    assert world.asked == [(HOST, "/")]
    open_to_agents(site)
    report = install_check(actor=actor, site=site, url=HOST, now=now)
    assert {path for _, path in world.asked} == {
        "/",
        "/.well-known/agent-card.json",
        "/.well-known/rover-site.json",
    }
    assert states(report)["well_known"] is State.WARN


def test_a_local_host_needs_no_proof(world: World, actor: Actor, site: Site, now: datetime) -> None:
    key_create(
        actor=actor, site=site, label="Dev", allowed_domains=["shop.test"], environment="development", now=now
    )
    world.serve("shop.test", "/", page_of(site, now))
    report = install_check(actor=actor, site=site, url="http://shop.test/", now=now)
    assert (states(report)["key"], states(report)["proof"]) == (State.PASS, State.SKIPPED)
    assert not HostClaim.objects.exists()


def test_with_the_servers_own_reader_the_address_policy_holds(
    actor: Actor, site: Site, now: datetime, settings: Any
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})
    key_create(
        actor=actor, site=site, label="Dev", allowed_domains=["localhost"], environment="development", now=now
    )
    report = install_check(actor=actor, site=site, url="http://localhost:8000/", now=now)
    assert states(report)["reachable"] is State.FAIL
    assert "address policy" in report.checks[0].found
