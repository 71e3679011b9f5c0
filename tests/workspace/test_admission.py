"""A key is presented for a page: admitted or refused, and counted either way."""

from datetime import datetime, timedelta

import pytest

from tests.workspace.conftest import Named
from workspace.models import KeyUsage, Site, SiteKey
from workspace.selectors.keys import daily_use, key_usage, refusals
from workspace.services.admission import HOSTS_PER_DAY, OTHER_HOSTS, Admission, key_admit
from workspace.services.audit import Actor
from workspace.services.keys import key_end_now, key_rotate, key_update
from workspace.services.sites import site_archive


def presented(minted: Named, url: str, now: datetime, capability: str = "roverEmbed") -> Admission:
    return key_admit(value=minted.value, url=url, capability=capability, now=now)


@pytest.mark.parametrize(
    "url",
    [
        "https://bakery.example/",
        "https://www.bakery.example/a?b#c",
        "bakery.example",
        "http://bakery.example:8080",
    ],
)
def test_a_page_of_an_allowed_domain_is_admitted(minted: Named, now: datetime, url: str) -> None:
    assert presented(minted, url, now).is_admitted


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://bakery.example.evil.test/", "domain_not_allowed"),
        ("https://evil.test/bakery.example", "domain_not_allowed"),
        ("javascript:alert(1)//bakery.example", "domain_not_allowed"),
        ("mailto:x@bakery.example", "domain_not_allowed"),
        ("https://exa mple/", "bad_host"),
        ("", "bad_host"),
    ],
)
def test_any_other_page_is_refused(minted: Named, now: datetime, url: str, reason: str) -> None:
    verdict = presented(minted, url, now)

    assert not verdict.is_admitted
    assert verdict.reason in {reason, "bad_host"}
    assert verdict.message


def test_an_unknown_value_is_refused_and_counted_nowhere(db: None, now: datetime) -> None:
    verdict = key_admit(
        value="pk_site_unknown", url="https://bakery.example/", capability="roverEmbed", now=now
    )

    assert (verdict.reason, verdict.key) == ("unknown_key", None)
    assert not KeyUsage.objects.exists()


def test_a_disabled_key_is_refused(minted: Named, actor: Actor, now: datetime) -> None:
    key_update(actor=actor, key=minted.key, now=now, active=False)

    assert presented(minted, "bakery.example", now).reason == "inactive"


def test_a_revoked_key_is_refused(minted: Named, actor: Actor, now: datetime) -> None:
    key_end_now(actor=actor, key=minted.key, now=now)

    assert presented(minted, "bakery.example", now).reason == "revoked"


def test_a_rotated_key_answers_until_its_overlap_ends(minted: Named, actor: Actor, now: datetime) -> None:
    key_rotate(actor=actor, key=minted.key, now=now, grace_seconds=60)

    assert presented(minted, "bakery.example", now + timedelta(seconds=59)).is_admitted
    assert presented(minted, "bakery.example", now + timedelta(seconds=61)).reason == "revoked"


def test_an_expired_key_is_refused(minted: Named, actor: Actor, now: datetime) -> None:
    key_update(actor=actor, key=minted.key, now=now, ttl_days=1)

    assert presented(minted, "bakery.example", now + timedelta(days=1)).reason == "expired"


def test_the_keys_of_an_archived_site_are_refused(
    minted: Named, actor: Actor, site: Site, now: datetime
) -> None:
    site_archive(actor=actor, site=site, now=now)

    assert presented(minted, "bakery.example", now).reason == "site_archived"


def test_a_capability_that_the_key_lacks_is_named(minted: Named, now: datetime) -> None:
    verdict = presented(minted, "bakery.example", now, capability="cloudAgent")

    assert (verdict.reason, verdict.message) == ("missing_capability", "missing capability: cloudAgent")


def test_host_only_takes_the_rule_as_the_exact_host(minted: Named, actor: Actor, now: datetime) -> None:
    key_update(actor=actor, key=minted.key, now=now, policy={"domainScopeMode": "host_only"})

    assert presented(minted, "bakery.example", now).is_admitted
    assert presented(minted, "www.bakery.example", now).reason == "domain_not_allowed"


def test_use_is_counted_by_host_and_refusals_apart(minted: Named, now: datetime) -> None:
    for url in ("bakery.example", "bakery.example", "www.bakery.example", "evil.test", "evil.test"):
        presented(minted, url, now)
    key = SiteKey.objects.get(pk=minted.key.pk)

    usage = key_usage(key, now=now)
    assert usage["usageByHostname"] == {"bakery.example": 2, "www.bakery.example": 1}
    assert (usage["blockedHostAttempts"], usage["lastBlockedHost"]) == (2, "evil.test")
    assert usage["lastUsedAt"] is not None
    assert [(r["host"], r["reason"], r["n"]) for r in refusals(key, now=now)] == [
        ("evil.test", "domain_not_allowed", 2)
    ]
    assert daily_use(key, now=now)[-1][1:] == (3, 2)


def test_any_number_of_hosts_makes_a_bounded_number_of_rows(minted: Named, now: datetime) -> None:
    for number in range(HOSTS_PER_DAY + 20):
        presented(minted, f"host-{number}.test", now)

    rows = KeyUsage.objects.filter(key=minted.key)
    assert rows.count() == HOSTS_PER_DAY + 1
    assert rows.get(host=OTHER_HOSTS).count == 20


def test_a_refused_presentation_is_no_use(minted: Named, now: datetime) -> None:
    presented(minted, "evil.test", now)

    assert SiteKey.objects.get(pk=minted.key.pk).last_used_at is None
