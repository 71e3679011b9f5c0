"""Which site answers for a host when an agent names a URL, and under which of its keys."""

from datetime import datetime, timedelta

import pytest

from tests.workspace.reception_support import HOST, Directory
from workspace.models import HostClaim, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.keys import key_end_now, key_rotate, key_update
from workspace.services.sites import site_archive

LOCAL_HOSTS = ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "shop.test"]


@pytest.fixture
def directory(owner: User, actor: Actor, now: datetime) -> Directory:
    return Directory(owner=owner, actor=actor, now=now)


# --- proof of control ---


def test_nobody_answers_for_a_host_that_no_site_has(directory: Directory) -> None:
    assert directory.found("unknown.example") is None


def test_a_host_that_was_only_typed_into_a_form_is_answered_for_by_nobody(directory: Directory) -> None:
    directory.key()

    assert directory.found() is None


def test_a_proved_host_is_answered_for_under_the_key_that_lists_it(directory: Directory) -> None:
    key = directory.key()
    directory.prove()

    assert directory.found() == key


def test_an_open_claim_is_no_proof(directory: Directory) -> None:
    directory.key()
    HostClaim.objects.create(site=directory.site(), host=HOST, token="t", created_at=directory.now)

    assert directory.found() is None


def test_a_proof_that_was_lost_does_not_count(directory: Directory) -> None:
    directory.key()
    directory.prove(lost=True)

    assert directory.found() is None


def test_a_proved_host_that_no_key_lists_is_answered_for_by_nobody(directory: Directory) -> None:
    directory.key("other.example")
    directory.prove()

    assert directory.found() is None


@pytest.mark.parametrize("proved", [HOST, "www.shop.example"])
def test_a_proof_is_for_exactly_one_host(directory: Directory, proved: str) -> None:
    directory.key(HOST)
    directory.prove(proved)

    assert {host for host in (HOST, "www.shop.example", "a.www.shop.example") if directory.found(host)} == {
        proved
    }


def test_who_proved_the_host_answers_and_not_another_owner_who_lists_it(
    directory: Directory, other: User
) -> None:
    mine = directory.key()
    directory.prove()
    directory.site("theirs", owner=other)
    directory.key(site="theirs")

    assert directory.found() == mine


def test_the_proof_of_one_site_opens_nothing_for_another_of_the_same_owner(directory: Directory) -> None:
    directory.key("other.example")
    directory.prove()
    directory.key(site="second")

    assert directory.found() is None


def test_a_host_that_passed_on_is_answered_for_by_its_new_site(directory: Directory) -> None:
    directory.key()
    directory.prove(lost=True)
    new = directory.key(site="second")
    directory.prove(site="second")

    assert directory.found() == new


# --- somebody's own machine ---


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_on_ones_own_machine_a_key_for_work_needs_no_proof(
    directory: Directory, host: str, environment: str
) -> None:
    key = directory.key(host, environment=environment)

    assert directory.found(host) == key


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("host", [HOST, "test", "shop.test.example", "192.0.2.7", "localhost.example"])
def test_elsewhere_it_does(directory: Directory, host: str, environment: str) -> None:
    directory.key(HOST, "test.example", "localhost.example", "192.0.2.7", environment=environment)

    assert directory.found(host) is None


def test_a_production_key_does_not_answer_for_ones_own_machine(directory: Directory) -> None:
    key = directory.key(HOST)
    SiteKey.objects.filter(pk=key.pk).update(normalized_domains=["=localhost", "*"])

    assert directory.found("localhost") is None


def test_there_the_newest_key_wins_whoever_owns_it_and_however_wide_its_rule_is(
    directory: Directory, other: User
) -> None:
    directory.key("localhost", environment="development")
    directory.site("theirs", owner=other)
    newest = directory.key("*", site="theirs", environment="test", ttl_days=1)

    assert directory.found("localhost") == newest


def test_a_newer_key_that_does_not_list_the_host_changes_nothing(directory: Directory) -> None:
    key = directory.key("localhost", environment="development")
    directory.key("127.0.0.1", site="second", environment="development")

    assert directory.found("localhost") == key


def test_of_the_newest_site_there_the_most_specific_rule_counts(directory: Directory) -> None:
    exact = directory.key("localhost", environment="development")
    directory.key("*", environment="test", ttl_days=1)

    assert directory.found("localhost") == exact


# --- several keys of one site ---


@pytest.mark.parametrize(
    ("rules", "host", "winner"),
    [
        ([["=a.shop.example"], ["shop.example"]], "a.shop.example", 0),
        ([["shop.example"], ["=a.shop.example"]], "a.shop.example", 1),
        ([["a.shop.example"], ["shop.example"]], "b.a.shop.example", 0),
        ([["shop.example"], ["*.a.shop.example"]], "b.a.shop.example", 1),
        ([["*.shop.example"], ["shop.example"]], "shop.example", 1),
        ([["=shop.example"], ["other.example", "*.shop.example"]], "shop.example", 0),
        # the best rule of a key counts, wherever in its list it stands
        ([["shop.example", "=a.shop.example"], ["a.example", "*.shop.example"]], "a.shop.example", 0),
        ([["shop.example", "*.a.shop.example"], ["*.shop.example"]], "b.a.shop.example", 0),
    ],
)
def test_the_most_specific_rule_counts(
    directory: Directory, rules: list[list[str]], host: str, winner: int
) -> None:
    keys = [directory.key(*domains) for domains in rules]
    directory.prove(host)

    assert directory.found(host) == keys[winner]


def test_of_equal_rules_production_counts_before_others(directory: Directory) -> None:
    production = directory.key()
    directory.key(environment="test")
    directory.key(environment="development")
    directory.prove()

    assert directory.found() == production


def test_a_more_specific_rule_counts_before_production(directory: Directory) -> None:
    directory.key()
    staging = directory.key("=a.shop.example", environment="test")
    directory.prove("a.shop.example")

    assert directory.found("a.shop.example") == staging


def test_of_equal_keys_the_newest_counts(directory: Directory) -> None:
    directory.key()
    newest = directory.key()
    directory.prove()

    assert directory.found() == newest


def test_host_only_keys_answer_for_their_hosts_alone(directory: Directory) -> None:
    key = directory.key(policy={"domainScopeMode": "host_only"})
    directory.prove()
    directory.prove("www.shop.example")

    assert directory.found() == key
    assert directory.found("www.shop.example") is None


# --- keys that are not open ---


def test_a_key_that_was_disabled_answers_no_more(directory: Directory) -> None:
    key = directory.key()
    directory.prove()
    key_update(actor=directory.actor, key=key, active=False, now=directory.now)

    assert directory.found() is None


def test_a_key_that_was_revoked_answers_no_more(directory: Directory) -> None:
    key = directory.key()
    directory.prove()
    key_end_now(actor=directory.actor, key=key, now=directory.now)

    assert directory.found() is None


def test_a_key_answers_until_it_expires(directory: Directory) -> None:
    key = directory.key(ttl_days=2)
    directory.prove()
    SiteKey.objects.filter(pk=key.pk).update(expires_at=directory.now + timedelta(hours=1))

    assert directory.found(after=timedelta(minutes=59)) == key
    assert directory.found(after=timedelta(hours=1)) is None


def test_after_a_rotation_the_new_key_answers(directory: Directory) -> None:
    key = directory.key()
    directory.prove()
    heir = key_rotate(actor=directory.actor, key=key, grace_seconds=60, now=directory.now).key

    assert directory.found() == heir


def test_a_rotated_key_answers_for_what_its_heir_does_not_until_its_overlap_ends(
    directory: Directory,
) -> None:
    key = directory.key()
    directory.prove()
    heir = key_rotate(actor=directory.actor, key=key, grace_seconds=60, now=directory.now).key
    key_update(actor=directory.actor, key=heir, active=False, now=directory.now)

    assert directory.found(after=timedelta(seconds=59)) == key
    assert directory.found(after=timedelta(seconds=60)) is None


def test_an_archived_site_answers_no_more(directory: Directory) -> None:
    directory.key()
    directory.prove()
    site_archive(actor=directory.actor, site=directory.site(), now=directory.now)

    assert directory.found() is None


def test_a_key_without_the_capability_of_the_embed_answers_for_nothing(directory: Directory) -> None:
    key = directory.key(capabilities={"roverEmbed": False, "cloudAgent": True})
    directory.prove()
    assert directory.found() is None

    key_update(actor=directory.actor, key=key, capabilities={"roverEmbed": True}, now=directory.now)
    assert directory.found() == key


def test_another_key_steps_in_for_one_that_is_not_open(directory: Directory) -> None:
    second = directory.key("*.shop.example", "shop.example")
    first = directory.key("=shop.example")
    directory.prove()
    assert directory.found() == first

    key_end_now(actor=directory.actor, key=first, now=directory.now)
    assert directory.found() == second
