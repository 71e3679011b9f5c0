"""Site keys through the management API: made, listed, changed, rotated."""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.workspace.api_support import call, data_of, fields_of, refusal_of
from workspace.core.capabilities import capability_defaults
from workspace.core.policy import policy_defaults
from workspace.core.tokens import Scope, digest
from workspace.models import AuditEntry, KeyUsage, Site, SiteKey, User
from workspace.services.admission import key_seen
from workspace.services.audit import Actor
from workspace.services.keys import key_create
from workspace.services.owners import owner_create
from workspace.services.sites import site_create

Tokens = Callable[..., str]
FIRST = {"siteName": "Tide Museum", "label": "Production", "allowedDomains": ["https://tides.example/visit"]}


@pytest.fixture
def token(owner: User, token_of: Tokens) -> str:
    return token_of(owner, Scope.MANAGE)


def audited() -> list[str]:
    """What was done to sites and keys, in order."""
    entries = AuditEntry.objects.filter(subject_kind__in=["site", "site_key"]).order_by("id")
    return list(entries.values_list("action", flat=True))


# --- make ---


def test_a_name_makes_a_site_and_a_key_with_its_value(token: str, owner: User) -> None:
    made = data_of(call("generateRoverSiteKey", FIRST, token=token))

    key = SiteKey.objects.get()
    assert (made["keyId"], made["siteKeyId"]) == (str(key.pk), str(key.pk))
    assert made["siteId"].startswith("tide-museum-")
    assert (key.site.owner, key.site.name, key.site.host) == (owner, "Tide Museum", "tides.example")
    assert made["publicKey"].startswith("pk_site_")
    assert key.digest == digest(made["publicKey"])
    assert made["publicKey"].startswith(made["prefix"])
    assert made["publicKey"].endswith(made["suffix"])
    assert made["normalizedDomains"] == ["tides.example"]
    assert (made["environment"], made["ttlDays"], made["expiresAt"]) == ("production", 0, None)
    assert (made["active"], made["state"]) == (True, "active")
    assert made["capabilities"] == capability_defaults()
    assert made["roverPolicy"] == policy_defaults()


def test_a_site_id_makes_another_key_of_that_site(token: str, site: Site) -> None:
    body = {"siteId": site.public_id, "label": "Two", "allowedDomains": ["=app.bakery.example"]}

    made = data_of(call("generateRoverSiteKey", body, token=token))

    assert (made["siteId"], Site.objects.count(), site.keys.count()) == (site.public_id, 1, 1)


def test_everything_optional_is_kept(token: str, site: Site) -> None:
    body = {
        "siteId": site.public_id,
        "label": "Mine",
        "allowedDomains": ["localhost", "127.0.0.1"],
        "environment": "test",
        "ttlDays": 3,
        "capabilities": {"cloudAgent": True},
        "roverPolicy": {"siteMode": "analytics_only", "shortcutMaxStored": 5},
    }

    made = data_of(call("generateRoverSiteKey", body, token=token))

    assert made["capabilities"] == capability_defaults() | {"cloudAgent": True}
    assert made["roverPolicy"] == policy_defaults() | {"siteMode": "analytics_only", "shortcutMaxStored": 5}
    lifetime = datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"])
    assert (made["environment"], lifetime) == ("test", timedelta(days=3))


@pytest.mark.parametrize(("environment", "days"), [("production", 0), ("development", 0), ("test", 90)])
def test_without_days_the_environment_decides(environment: str, days: int, token: str, site: Site) -> None:
    body = {
        "siteId": site.public_id,
        "label": "x",
        "allowedDomains": ["a.example"],
        "environment": environment,
    }

    assert data_of(call("generateRoverSiteKey", body, token=token))["ttlDays"] == days


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"siteName": None}, {"siteId": "required", "siteName": "required"}),
        ({"siteId": "tide-museum-a1B2c3"}, {"siteId": "not_allowed", "siteName": "not_allowed"}),
        ({"siteName": ""}, {"siteName": "required"}),
        ({"siteName": 7}, {"siteName": "wrong_type"}),
        ({"siteName": "x" * 121}, {"siteName": "too_long"}),
        ({"siteName": "a\x00b"}, {"siteName": "not_allowed"}),
        ({"siteName": "a\ud800"}, {"siteName": "not_allowed"}),
        ({"label": None}, {"label": "required"}),
        ({"label": 7}, {"label": "wrong_type"}),
        ({"label": "x" * 101}, {"label": "too_long"}),
        ({"label": "a\ud800"}, {"label": "not_allowed"}),
        ({"allowedDomains": []}, {"allowedDomains[0]": "empty"}),
        ({"allowedDomains": "tides.example"}, {"allowedDomains": "wrong_type"}),
        ({"allowedDomains": ["ok.example", 7, "co.uk"]}, {"allowedDomains[1]": "not_text", "allowedDomains[2]": "public_suffix"}),
        ({"allowedDomains": ["*"]}, {"allowedDomains[0]": "any_outside_test"}),
        ({"allowedDomains": ["localhost"]}, {"allowedDomains[0]": "local_in_production"}),
        ({"environment": "staging"}, {"environment": "not_allowed"}),
        ({"environment": 7}, {"environment": "not_allowed"}),
        ({"ttlDays": "7"}, {"ttlDays": "wrong_type"}),
        ({"ttlDays": True}, {"ttlDays": "wrong_type"}),
        ({"ttlDays": -1}, {"ttlDays": "out_of_range"}),
        ({"ttlDays": 3651}, {"ttlDays": "out_of_range"}),
        ({"capabilities": {"cloudAgent": "yes"}}, {"capabilities.cloudAgent": "wrong_type"}),
        ({"capabilities": []}, {"capabilities": "wrong_type"}),
        ({"roverPolicy": {"siteMode": "x", "shortcutMaxStored": 101}}, {"roverPolicy.siteMode": "not_allowed", "roverPolicy.shortcutMaxStored": "out_of_range"}),
        ({"ttlDays": -1, "roverPolicy": {"siteMode": 1}}, {"ttlDays": "out_of_range", "roverPolicy.siteMode": "not_allowed"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_key_names_every_wrong_field_and_leaves_no_site(
    change: dict[str, Any], fields: dict[str, str], token: str
) -> None:
    response = call("generateRoverSiteKey", FIRST | change, token=token)

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == fields
    assert (Site.objects.count(), SiteKey.objects.count(), audited()) == (0, 0, [])


@pytest.mark.parametrize("name", ["roverPolicy", "capabilities"])
def test_an_unknown_field_inside_is_a_bad_request_and_leaves_no_site(name: str, token: str) -> None:
    response = call("generateRoverSiteKey", FIRST | {name: {"site_mode": "agent"}}, token=token)

    assert refusal_of(response) == (400, "validation_failed")
    assert fields_of(response) == {f"{name}.site_mode": "unknown_field"}
    assert Site.objects.count() == 0


def test_a_test_key_for_every_host_makes_a_site_too(token: str) -> None:
    body = FIRST | {"allowedDomains": ["*"], "environment": "test", "ttlDays": 1}

    data_of(call("generateRoverSiteKey", body, token=token))

    assert Site.objects.get().host == "localhost"


def test_over_the_limit_of_sites_there_is_neither_site_nor_key(token: str, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(max_sites=0)

    assert refusal_of(call("generateRoverSiteKey", FIRST, token=token)) == (409, "limit_reached")
    assert SiteKey.objects.count() == 0


def test_over_the_limit_of_keys_the_site_gets_no_other(
    token: str, owner: User, key: SiteKey, site: Site
) -> None:
    User.objects.filter(pk=owner.pk).update(max_keys_per_site=1)
    body = {"siteId": site.public_id, "label": "Two", "allowedDomains": ["bakery.example"]}

    response = call("generateRoverSiteKey", body, token=token)

    assert refusal_of(response) == (409, "limit_reached")
    assert "Revoke a key" in response.json()["data"]["next_action"]
    assert site.keys.count() == 1


def test_making_is_on_record_with_who_and_whence(token: str, owner: User) -> None:
    made = data_of(call("generateRoverSiteKey", FIRST, token=token, **{"X-Request-Id": "run-7"}))

    assert audited() == ["site.created", "site_key.created"]
    entry = AuditEntry.objects.order_by("id").last()
    assert entry is not None
    assert (entry.actor, entry.door, entry.ip, entry.request_id) == (owner, "api", "127.0.0.1", "run-7")
    assert (entry.subject_id, entry.before, entry.after["label"]) == (made["keyId"], {}, "Production")
    assert made["publicKey"] not in str(entry.after)


@pytest.mark.parametrize("sent", ["x" * 65, "a\x7fb", "é"])
def test_a_request_id_that_is_too_long_or_not_plain_is_not_kept_as_it_came(sent: str, token: str) -> None:
    call("generateRoverSiteKey", FIRST, token=token, **{"X-Request-Id": sent})

    kept = AuditEntry.objects.filter(door="api").values_list("request_id", flat=True)
    assert [re.fullmatch(r"[A-Za-z0-9._-]{0,64}", one) is not None for one in kept] == [True, True]


# --- list ---


def test_the_list_shows_every_key_without_its_value(
    token: str, minted: Any, site: Site, actor: Actor, now: datetime
) -> None:
    newer = key_create(
        actor=actor, site=site, label="Newer", allowed_domains=["a.example"], now=now + timedelta(seconds=1)
    )

    response = call("listRoverSiteKeys", token=token)

    assert [row["label"] for row in data_of(response)] == ["Newer", "Production"]
    assert not any("publicKey" in row for row in response.json()["data"])
    for value in (minted.value, newer.value):
        assert value not in response.content.decode()


def test_the_list_needs_no_body_at_all(token: str, key: SiteKey) -> None:
    assert [row["keyId"] for row in data_of(call("listRoverSiteKeys", "", token=token))] == [str(key.pk)]


def test_the_list_holds_what_a_person_works_on_and_nothing_else(
    key: SiteKey, viewer: User, other: User, administrator: User, token_of: Tokens
) -> None:
    seen = {
        who.username: len(data_of(call("listRoverSiteKeys", token=token_of(who))))
        for who in (viewer, other, administrator)
    }

    assert seen == {"viewer": 1, "other": 0, "administrator": 1}


def test_the_list_tells_where_a_key_was_used(token: str, key: SiteKey, now: datetime) -> None:
    for host, reason, ago in [
        ("bakery.example", "", 3),
        ("bakery.example", "", 90_000),
        ("shop.bakery.example", "", 2),
        ("copy.example", "domain_not_allowed", 90_001),
        ("thief.example", "domain_not_allowed", 1),
        ("thief.example", "missing_capability", 1),
        ("long-ago.example", "", 40 * 86_400),
    ]:
        key_seen(key=key, host=host, reason=reason, now=now - timedelta(seconds=ago))

    (row,) = data_of(call("listRoverSiteKeys", token=token))

    usage = row["usage"]
    assert usage.pop("lastUsedAt") is not None
    assert usage == {
        "usageByHostname": {"bakery.example": 2, "shop.bakery.example": 1},
        "lastSeenDomains": ["shop.bakery.example", "bakery.example"],
        "blockedHostAttempts": 3,
        "lastBlockedHost": "thief.example",
    }


def test_a_hundred_keys_take_as_many_queries_as_one(
    token: str, key: SiteKey, owner: User, actor: Actor, now: datetime
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            data_of(call("listRoverSiteKeys", token=token))
        return len(captured)

    def used(one: SiteKey) -> None:
        KeyUsage.objects.create(key=one, day=now.date(), host="a.example", count=1, last_at=now)

    used(key)
    queries()  # the first call also notes that the token is in use
    alone = queries()
    for place in range(3):
        site = site_create(actor=actor, owner=owner, name=f"Site {place}", host="a.example", now=now)
        for number in range(33):
            used(
                key_create(
                    actor=actor, site=site, label=f"{number}", allowed_domains=["a.example"], now=now
                ).key
            )

    assert queries() == alone
    assert SiteKey.objects.count() == 100


# --- change ---


def test_a_policy_patch_changes_the_fields_it_names(token: str, key: SiteKey) -> None:
    change = {"keyId": str(key.pk), "roverPolicy": {"crossHostPolicy": "open_new_tab", "agentName": "Ada"}}

    changed = data_of(call("updateRoverSiteKeyPolicy", change, token=token))

    assert changed["roverPolicy"] == policy_defaults() | change["roverPolicy"]  # type: ignore[operator]
    assert "publicKey" not in changed
    entry = AuditEntry.objects.get(action="site_key.changed")
    assert entry.before == {"roverPolicy": {"crossHostPolicy": "same_tab", "agentName": None}}
    assert entry.after == {"roverPolicy": change["roverPolicy"]}


def test_null_puts_a_policy_field_back_to_its_default(token: str, key: SiteKey) -> None:
    key_id = str(key.pk)
    data_of(
        call(
            "updateRoverSiteKeyPolicy",
            {"keyId": key_id, "roverPolicy": {"uiMuted": False, "siteMode": "analytics_only"}},
            token=token,
        )
    )

    changed = data_of(
        call("updateRoverSiteKeyPolicy", {"keyId": key_id, "roverPolicy": {"uiMuted": None}}, token=token)
    )

    assert changed["roverPolicy"] == policy_defaults() | {"siteMode": "analytics_only"}


def test_domains_are_replaced_and_capabilities_are_patched(token: str, key: SiteKey) -> None:
    body = {"keyId": str(key.pk), "allowedDomains": ["=shop.example"], "capabilities": {"cloudScrape": True}}

    changed = data_of(call("updateRoverSiteKeyPolicy", body, token=token))

    assert (changed["allowedDomains"], changed["normalizedDomains"]) == (["=shop.example"], ["=shop.example"])
    assert changed["capabilities"] == capability_defaults() | {"cloudScrape": True}


@pytest.mark.parametrize(("active", "state"), [(False, "disabled"), (True, "active")])
def test_the_switch_puts_a_key_off_and_on(active: bool, state: str, token: str, key: SiteKey) -> None:
    SiteKey.objects.update(active=not active)

    changed = data_of(call("updateRoverSiteKeyPolicy", {"keyId": str(key.pk), "active": active}, token=token))

    assert (changed["active"], changed["state"]) == (active, state)


def test_the_cloud_switch_turns_on_all_it_stands_for(token: str, key: SiteKey) -> None:
    body = {"keyId": str(key.pk), "roverPolicy": {"cloudSandboxEnabled": True}}

    changed = data_of(call("updateRoverSiteKeyPolicy", body, token=token))

    assert set(changed["capabilities"].values()) == {True}
    assert changed["roverPolicy"]["enableExternalWebContext"] is True
    assert changed["roverPolicy"]["externalScrapeMode"] == "on_demand"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"allowedDomains": []}, {"allowedDomains[0]": "empty"}),
        ({"active": "true"}, {"active": "wrong_type"}),
        ({"active": 1}, {"active": "wrong_type"}),
        ({"capabilities": {"roverEmbed": 1}}, {"capabilities.roverEmbed": "wrong_type"}),
        ({"roverPolicy": 7}, {"roverPolicy": "wrong_type"}),
        ({"roverPolicy": {"adversarialThreshold": 0}, "active": 0}, {"roverPolicy.adversarialThreshold": "out_of_range", "active": "wrong_type"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_change_changes_nothing(
    change: dict[str, Any], fields: dict[str, str], token: str, key: SiteKey
) -> None:
    before = SiteKey.objects.values().get()

    response = call("updateRoverSiteKeyPolicy", {"keyId": str(key.pk), **change}, token=token)

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == fields
    assert SiteKey.objects.values().get() == before
    assert "site_key.changed" not in audited()


def test_capabilities_have_an_operation_of_their_own(token: str, key: SiteKey) -> None:
    body = {"keyId": str(key.pk), "capabilities": {"cloudAgent": True, "roverEmbed": None}}

    changed = data_of(call("updateApiKeyCapabilities", body, token=token))

    assert changed["capabilities"] == capability_defaults() | {"cloudAgent": True}
    entry = AuditEntry.objects.get(action="site_key.changed")
    assert (entry.before, entry.after) == (
        {"capabilities": {"cloudAgent": False}},
        {"capabilities": {"cloudAgent": True}},
    )


# --- rotate ---


def test_a_rotated_key_ends_at_once_and_its_heir_has_the_same_rules(token: str, minted: Any) -> None:
    heir = data_of(call("rotateRoverSiteKey", {"keyId": str(minted.key.pk)}, token=token))

    minted.key.refresh_from_db()
    assert heir["publicKey"] != minted.value
    assert (heir["rotatedFromKeyId"], heir["graceUntil"]) == (str(minted.key.pk), None)
    assert (heir["label"], heir["allowedDomains"], heir["roverPolicy"]) == (
        "Production",
        ["bakery.example"],
        policy_defaults(),
    )
    states = {row["keyId"]: row["state"] for row in data_of(call("listRoverSiteKeys", token=token))}
    assert states == {heir["keyId"]: "active", str(minted.key.pk): "revoked"}
    entry = AuditEntry.objects.get(action="site_key.rotated")
    assert entry.after["rotatedFromKeyId"] == str(minted.key.pk)
    assert heir["publicKey"] not in str(entry.after)


def test_with_grace_both_work_until_then(token: str, key: SiteKey) -> None:
    data_of(call("rotateRoverSiteKey", {"keyId": str(key.pk), "graceSeconds": 3600}, token=token))

    listed = {row["keyId"]: row for row in data_of(call("listRoverSiteKeys", token=token))}
    old = listed.pop(str(key.pk))
    (new,) = listed.values()
    assert (old["state"], new["state"]) == ("rotating", "active")
    left = datetime.fromisoformat(old["graceUntil"]) - datetime.fromisoformat(new["createdAt"])
    assert left == timedelta(hours=1)


def test_rotation_takes_a_label_and_patches(token: str, key: SiteKey) -> None:
    body = {
        "keyId": str(key.pk),
        "label": "After the leak",
        "capabilities": {"cloudAgent": True},
        "roverPolicy": {"strictMode": False},
    }

    heir = data_of(call("rotateRoverSiteKey", body, token=token))

    assert (heir["label"], heir["capabilities"]["cloudAgent"], heir["roverPolicy"]["strictMode"]) == (
        "After the leak",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"graceSeconds": -1}, {"graceSeconds": "out_of_range"}),
        ({"graceSeconds": 604_801}, {"graceSeconds": "out_of_range"}),
        ({"graceSeconds": "60"}, {"graceSeconds": "wrong_type"}),
        ({"graceSeconds": 1.5}, {"graceSeconds": "wrong_type"}),
        ({"label": " "}, {"label": "required"}),
        ({"roverPolicy": {"siteMode": 1}, "graceSeconds": True}, {"roverPolicy.siteMode": "not_allowed", "graceSeconds": "wrong_type"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_rotation_leaves_the_key_as_it_is(
    change: dict[str, Any], fields: dict[str, str], token: str, key: SiteKey
) -> None:
    response = call("rotateRoverSiteKey", {"keyId": str(key.pk), **change}, token=token)

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == fields
    key.refresh_from_db()
    assert (key.revoked_at, key.grace_until, SiteKey.objects.count()) == (None, None, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("grace", [0, 3600])
def test_of_two_rotations_at_once_one_wins_and_the_other_is_a_conflict(
    grace: int, token_of: Tokens, now: datetime
) -> None:
    person = owner_create(username="racer", password=None)
    token = token_of(person)
    made = data_of(call("generateRoverSiteKey", FIRST, token=token))
    start = threading.Barrier(2)
    answers: list[Any] = []

    def rotate() -> None:
        try:
            start.wait(timeout=10)
            answers.append(
                call("rotateRoverSiteKey", {"keyId": made["keyId"], "graceSeconds": grace}, token=token)
            )
        finally:
            connection.close()

    racers = [threading.Thread(target=rotate) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=30)

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = max(answers, key=lambda answer: answer.status_code)
    assert refusal_of(loser) == (409, "key_ended")
    assert SiteKey.objects.count() == 2
