"""Claims to hosts, with real name look-ups and real pages on loopback."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import dns.rcode
import pytest
from django.db import connection

from tests.workspace import world as worlds
from tests.workspace.name_server import failing
from tests.workspace.world import World
from workspace.core.doors import Door
from workspace.core.fields import InvalidFields
from workspace.core.installation import snippet
from workspace.core.patterns import ScopeMode
from workspace.core.proof import FILE_PATH, Evidence, challenge_text, txt_name, txt_value
from workspace.core.refusals import HostClaimed, LimitReached
from workspace.models import AuditEntry, HostClaim, Site, SiteKey, User
from workspace.selectors.claims import host_is_proved, proved_claim, speaks_for
from workspace.selectors.installations import installation_of
from workspace.services import claims
from workspace.services.audit import Actor
from workspace.services.claims import claim_check, claim_open, claim_withdraw
from workspace.services.keys import key_create, key_end_now
from workspace.services.sites import site_create

HOST = "bakery.example"


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    running = World().start()
    running.serve(HOST, "/", "<h1>Bread</h1>")
    settings.WEB_READER = "tests.workspace.world.read"
    settings.DNS_SERVERS = [running.dns.address]
    worlds.enter(running)
    yield running
    running.stop()


@pytest.fixture
def claim(world: World, actor: Actor, site: Site, key: SiteKey, now: datetime) -> HostClaim:
    return claim_open(actor=actor, site=site, host=HOST, now=now)


@pytest.fixture
def stranger(other: User) -> Actor:
    return Actor(user=other, door=Door.WORKSPACE)


@pytest.fixture
def other_site(other: User, stranger: Actor, now: datetime) -> Site:
    site = site_create(actor=stranger, owner=other, name="Other", host=HOST, now=now)
    key_create(actor=stranger, site=site, label="Theirs", allowed_domains=[HOST], now=now)
    return site


@pytest.fixture
def other_claim(world: World, other_site: Site, stranger: Actor, now: datetime) -> HostClaim:
    return claim_open(actor=stranger, site=other_site, host=HOST, now=now)


def tag_of(site: Site, now: datetime) -> str:
    facts = installation_of(site, now=now)
    return snippet(facts, facts.keys[0])


def put_record(world: World, *claims: HostClaim) -> None:
    world.dns.records[txt_name(HOST)] = [f'"{txt_value(claim.token)}"' for claim in claims]


def put_file(world: World, claim: HostClaim) -> None:
    world.serve(HOST, FILE_PATH, challenge_text(claim.site.public_id, claim.token), type="text/plain")


def put_tag(world: World, claim: HostClaim, now: datetime) -> None:
    world.serve(HOST, "/", f"<body>{tag_of(claim.site, now)}</body>")


def actions(site: Site) -> list[str]:
    return list(
        AuditEntry.objects.filter(site=site, action__startswith="host_claim").values_list("action", flat=True)
    )


# --- opening ---


def test_a_claim_is_opened_once_and_keeps_its_token(
    claim: HostClaim, actor: Actor, site: Site, now: datetime
) -> None:
    again = claim_open(actor=actor, site=site, host="https://BAKERY.example:8443/x", now=now)
    assert (again.pk, again.token) == (claim.pk, claim.token)
    assert len(claim.token) == 43
    assert actions(site) == ["host_claim.opened"]


def test_each_site_has_its_own_token(claim: HostClaim, other_claim: HostClaim) -> None:
    assert claim.token != other_claim.token


def test_an_opened_claim_proves_nothing(claim: HostClaim, site: Site) -> None:
    assert not claim.is_proved
    assert not host_is_proved(site, HOST)


@pytest.mark.parametrize("host", ["", "no host", "javascript:alert(1)", "a" * 64 + ".example"])
def test_what_is_no_host_cannot_be_claimed(
    world: World, actor: Actor, site: Site, now: datetime, host: str
) -> None:
    with pytest.raises(InvalidFields):
        claim_open(actor=actor, site=site, host=host, now=now)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "app.localhost", "shop.test", "0.0.0.0"])
def test_a_host_that_everybody_has_cannot_be_claimed(
    actor: Actor, site: Site, now: datetime, host: str
) -> None:
    with pytest.raises(InvalidFields, match="host"):
        claim_open(actor=actor, site=site, host=host, now=now)


def test_a_site_has_a_limited_number_of_claims(
    actor: Actor, site: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIMS_PER_SITE", 2)
    for number in range(2):
        claim_open(actor=actor, site=site, host=f"{number}.example", now=now)
    with pytest.raises(LimitReached):
        claim_open(actor=actor, site=site, host="3.example", now=now)


# --- the three proofs ---


@pytest.mark.parametrize("method", ["txt", "file", "page"])
def test_each_method_proves_the_claim(
    world: World, claim: HostClaim, actor: Actor, site: Site, now: datetime, method: str
) -> None:
    {
        "txt": lambda: put_record(world, claim),
        "file": lambda: put_file(world, claim),
        "page": lambda: put_tag(world, claim, now),
    }[method]()
    result = claim_check(actor=actor, claim=claim, now=now)
    assert (result.is_found, result.method, result.findings[-1].evidence) == (True, method, Evidence.PROVED)
    stored = HostClaim.objects.get()
    assert (stored.is_proved, stored.method, stored.proved_at, stored.checked_at) == (True, method, now, now)
    assert host_is_proved(site, HOST)
    assert actions(site) == ["host_claim.opened", "host_claim.proved"]


def test_without_a_proof_every_method_says_what_it_found(
    world: World, claim: HostClaim, actor: Actor, site: Site, now: datetime
) -> None:
    result = claim_check(actor=actor, claim=claim, now=now)
    assert not result.is_found
    assert [(each.method.value, each.evidence.value) for each in result.findings] == [
        ("txt", "absent"),
        ("file", "absent"),
        ("page", "absent"),
    ]
    assert (claim.is_proved, claim.checked_at) == (False, now)


def test_a_host_that_does_not_answer_proves_nothing(
    world: World, claim: HostClaim, actor: Actor, now: datetime
) -> None:
    world.hosts[HOST] = {"/": worlds.Served(status=0), FILE_PATH: worlds.Served(status=0)}
    world.dns.replies[txt_name(HOST)] = failing(dns.rcode.SERVFAIL)
    result = claim_check(actor=actor, claim=claim, now=now)
    assert [each.evidence.value for each in result.findings] == ["unknown"] * 3


def test_the_token_of_another_site_proves_nothing(
    world: World, claim: HostClaim, other_claim: HostClaim, actor: Actor, now: datetime
) -> None:
    put_record(world, other_claim)
    put_file(world, other_claim)
    put_tag(world, other_claim, now)
    assert not claim_check(actor=actor, claim=claim, now=now).is_found


def test_the_tag_proves_nothing_once_its_key_has_ended(
    world: World, claim: HostClaim, actor: Actor, key: SiteKey, now: datetime
) -> None:
    put_tag(world, claim, now)
    key_end_now(actor=actor, key=key, now=now)
    assert not claim_check(actor=actor, claim=claim, now=now).is_found


def test_a_redirect_to_the_proof_on_another_host_proves_nothing(
    world: World, claim: HostClaim, actor: Actor, now: datetime
) -> None:
    world.serve("www.bakery.example", "/", f"<body>{tag_of(claim.site, now)}</body>")
    world.serve("www.bakery.example", FILE_PATH, challenge_text("x", claim.token))
    world.serve(HOST, "/", to="https://www.bakery.example/")
    world.serve(HOST, FILE_PATH, to=f"https://www.bakery.example{FILE_PATH}")
    assert not claim_check(actor=actor, claim=claim, now=now).is_found


def test_a_proof_is_for_exactly_one_host(
    world: World, claim: HostClaim, actor: Actor, site: Site, key: SiteKey, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    assert [speaks_for(site, key, host) for host in (HOST, f"www.{HOST}", "example")] == [True, False, False]


def test_a_proved_claim_stays_proved_when_a_later_check_finds_nothing(
    world: World, claim: HostClaim, actor: Actor, site: Site, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    world.dns.records.clear()
    later = now + timedelta(days=30)
    assert not claim_check(actor=actor, claim=claim, now=later).is_found
    assert (host_is_proved(site, HOST), claim.proved_at, claim.checked_at) == (True, now, later)


def test_a_second_proof_keeps_the_first_date_and_is_not_logged_again(
    world: World, claim: HostClaim, actor: Actor, site: Site, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    claim_check(actor=actor, claim=claim, now=now + timedelta(days=1))
    assert claim.proved_at == now
    assert actions(site).count("host_claim.proved") == 1


# --- two owners ---


def test_while_the_first_proof_holds_a_second_owner_is_refused(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    put_record(world, claim, other_claim)
    claim_check(actor=actor, claim=claim, now=now)
    with pytest.raises(HostClaimed) as caught:
        claim_check(actor=stranger, claim=other_claim, now=now)
    assert not caught.value.retryable
    assert host_is_proved(site, HOST)
    assert HostClaim.objects.filter(proved_at__isnull=False).count() == 1


def test_the_first_owner_can_see_that_somebody_tried_but_not_who(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    put_record(world, claim, other_claim)
    claim_check(actor=actor, claim=claim, now=now)
    with pytest.raises(HostClaimed):
        claim_check(actor=stranger, claim=other_claim, now=now)
    entry = AuditEntry.objects.get(action="host_claim.contested")
    assert (entry.site, entry.actor, entry.actor_name, entry.ip) == (site, None, "system", "")


def test_when_the_first_proof_is_gone_the_host_passes_on(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    put_record(world, other_claim)
    later = now + timedelta(days=1)
    assert claim_check(actor=stranger, claim=other_claim, now=later).is_found
    claim.refresh_from_db()
    assert (claim.lost_at, claim.is_proved, host_is_proved(site, HOST)) == (later, False, False)
    found = proved_claim(HOST)
    assert found is not None
    assert found.pk == other_claim.pk
    assert actions(site)[-1] == "host_claim.lost"


def test_a_host_may_come_back_to_its_first_owner(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    for holder, who in ((claim, actor), (other_claim, stranger), (claim, actor)):
        put_record(world, holder)
        claim_check(actor=who, claim=holder, now=now)
    assert (host_is_proved(site, HOST), host_is_proved(other_claim.site, HOST)) == (True, False)


def test_another_proof_than_the_recorded_one_holds_as_well(
    world: World, claim: HostClaim, other_claim: HostClaim, actor: Actor, stranger: Actor, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    put_record(world, other_claim)
    put_file(world, claim)
    with pytest.raises(HostClaimed):
        claim_check(actor=stranger, claim=other_claim, now=now)


def test_a_first_proof_that_cannot_be_looked_for_is_not_gone(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    world.dns.replies[txt_name(HOST)] = failing(dns.rcode.SERVFAIL)
    put_file(world, other_claim)
    with pytest.raises(HostClaimed) as caught:
        claim_check(actor=stranger, claim=other_claim, now=now)
    assert caught.value.retryable
    assert host_is_proved(site, HOST)


def test_a_method_that_never_proved_anything_may_be_silent(
    world: World, claim: HostClaim, other_claim: HostClaim, actor: Actor, stranger: Actor, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    world.hosts[HOST] = {"/": worlds.Served(status=503), FILE_PATH: worlds.Served(status=503)}
    put_record(world, other_claim)
    assert claim_check(actor=stranger, claim=other_claim, now=now).is_found


def test_two_sites_of_one_owner_do_not_compete(
    world: World, claim: HostClaim, actor: Actor, owner: User, site: Site, now: datetime
) -> None:
    second = site_create(actor=actor, owner=owner, name="Second", host=HOST, now=now)
    newer = claim_open(actor=actor, site=second, host=HOST, now=now)
    put_record(world, claim, newer)
    claim_check(actor=actor, claim=claim, now=now)
    claim_check(actor=actor, claim=newer, now=now)
    assert (host_is_proved(site, HOST), host_is_proved(second, HOST)) == (False, True)


def test_a_claim_that_was_given_up_leaves_the_host_free(
    world: World,
    claim: HostClaim,
    other_claim: HostClaim,
    actor: Actor,
    stranger: Actor,
    site: Site,
    now: datetime,
) -> None:
    put_record(world, claim, other_claim)
    claim_check(actor=actor, claim=claim, now=now)
    claim_withdraw(actor=actor, claim=claim, now=now)
    assert claim_check(actor=stranger, claim=other_claim, now=now).is_found
    assert actions(site)[-1] == "host_claim.withdrawn"


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_at_once_one_gets_the_host(
    world: World, claim: HostClaim, other_claim: HostClaim, actor: Actor, stranger: Actor, now: datetime
) -> None:
    # both tags are there, and each reading of the front page waits for the other's
    world.serve(HOST, "/", f"<body>{tag_of(claim.site, now)}{tag_of(other_claim.site, now)}</body>")
    world.meeting = threading.Barrier(2, action=lambda: setattr(world, "meeting", None))
    outcomes: list[str] = []

    def prove(who: Actor, what: HostClaim) -> None:
        try:
            outcomes.append(claim_check(actor=who, claim=what, now=now).method)
        except HostClaimed as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=prove, args=each) for each in ((actor, claim), (stranger, other_claim))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["host_claimed", "page"]
    assert HostClaim.objects.filter(proved_at__isnull=False, lost_at=None).count() == 1


# --- who speaks ---


@pytest.mark.parametrize(
    ("environment", "host", "speaks"),
    [
        ("development", "localhost", True),
        ("test", "127.0.0.1", True),
        ("test", "shop.test", True),
        ("development", "::1", True),
        ("production", "localhost", False),
        ("production", "shop.test", False),
        ("development", HOST, False),
        ("test", "192.168.1.7", False),
        ("test", "localhost.example", False),
    ],
)
def test_only_keys_for_work_need_no_proof_and_only_on_local_hosts(
    site: Site, key: SiteKey, environment: str, host: str, speaks: bool
) -> None:
    key.environment = environment
    assert speaks_for(site, key, host) is speaks


def test_a_site_does_not_speak_by_the_key_of_another(
    world: World, claim: HostClaim, other_site: Site, actor: Actor, site: Site, now: datetime
) -> None:
    put_record(world, claim)
    claim_check(actor=actor, claim=claim, now=now)
    assert not speaks_for(site, other_site.keys.get(), HOST)


# --- the site as its installation sees it ---


def test_the_installation_has_the_keys_with_their_values_and_states(
    site: Site, key: SiteKey, minted: Any, actor: Actor, now: datetime
) -> None:
    newer = key_create(
        actor=actor, site=site, label="Test", allowed_domains=["bakery.test"], environment="test", now=now
    )
    key_end_now(actor=actor, key=key, now=now)
    facts = installation_of(site, now=now + timedelta(days=91)).keys
    assert {each.public_key: each.state for each in facts} == {
        newer.value: "expired",
        minted.value: "revoked",
    }
    assert {each.mode for each in facts} == {ScopeMode.REGISTRABLE_DOMAIN}


@pytest.mark.parametrize(
    ("content", "discovery"),
    [
        ({}, False),
        ({"aiAccess": {"enabled": True}}, True),
        ({"aiAccess": {"enabled": False}}, False),
        ({"aiAccess": {"enabled": True}, "agentDiscovery": {"enabled": False}}, False),
    ],
)
def test_discovery_follows_the_owners_switches(
    site: Site, now: datetime, content: dict[str, Any], discovery: bool
) -> None:
    site.config.content |= content
    site.config.save()
    assert installation_of(site, now=now).discovery is discovery


def test_a_key_that_cannot_be_read_any_more_is_left_out(site: Site, key: SiteKey, now: datetime) -> None:
    SiteKey.objects.filter(pk=key.pk).update(sealed_value="sealed under another secret")
    assert installation_of(site, now=now).keys == ()
