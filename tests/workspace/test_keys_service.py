"""Issuing, changing, rotating and ending site keys."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from tests.workspace.conftest import Named
from workspace.core.fields import InvalidFields
from workspace.core.policy import policy_defaults
from workspace.core.refusals import KeyEnded, LimitReached, StaleEdit
from workspace.core.tokens import digest
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.selectors.keys import key_resource, key_state, key_value
from workspace.services.audit import Actor
from workspace.services.keys import (
    key_create,
    key_end_now,
    key_extend_grace,
    key_rotate,
    key_update,
    secret_mint,
    secret_revoke,
)
from workspace.services.sites import site_archive, site_restore


def created(actor: Actor, site: Site, now: datetime, **given: Any) -> Named:
    made = key_create(
        actor=actor, site=site, now=now, **({"label": "A", "allowed_domains": ["bakery.example"]} | given)
    )
    return Named(made.key, made.value)


def wrong_fields(invalid: pytest.ExceptionInfo[InvalidFields]) -> list[str]:
    return sorted(error.field for error in invalid.value.errors)


class TestCreate:
    def test_the_value_has_the_published_form_and_can_be_shown_again(self, minted: Named) -> None:
        assert re.fullmatch(r"pk_site_[A-Za-z0-9_-]{43}", minted.value)
        assert key_value(minted.key) == minted.value

    def test_the_value_stands_nowhere_in_the_clear(self, minted: Named) -> None:
        row = SiteKey.objects.filter(pk=minted.key.pk).values().get()

        assert row["digest"] == digest(minted.value)
        assert minted.value not in str(row)

    def test_everything_left_out_takes_its_default(self, key: SiteKey) -> None:
        assert (key.environment, key.ttl_days, key.expires_at, key.active) == ("production", 0, None, True)
        assert key.policy == policy_defaults()
        assert key.capabilities == {
            "roverEmbed": True,
            "externalWebContextScrape": False,
            "cloudAgent": False,
            "cloudScrape": False,
        }

    @pytest.mark.parametrize(("environment", "days"), [("production", 0), ("development", 0), ("test", 90)])
    def test_the_environment_decides_the_expiry_when_none_is_given(
        self, actor: Actor, site: Site, now: datetime, environment: str, days: int
    ) -> None:
        key = created(actor, site, now, environment=environment).key

        assert key.ttl_days == days
        assert key.expires_at == (now + timedelta(days=days) if days else None)

    def test_rules_are_kept_as_typed_and_as_matched(self, actor: Actor, site: Site, now: datetime) -> None:
        key = created(actor, site, now, allowed_domains=["https://Shop.Bakery.example/a?b"]).key

        assert key.allowed_domains == ["https://Shop.Bakery.example/a?b"]
        assert key.normalized_domains == ["shop.bakery.example"]

    def test_every_wrong_field_is_named_at_once_and_nothing_is_saved(
        self, actor: Actor, site: Site, now: datetime
    ) -> None:
        with pytest.raises(InvalidFields) as invalid:
            created(
                actor,
                site,
                now,
                label="",
                environment="staging",
                ttl_days=-1,
                allowed_domains=["co.uk"],
                capabilities={"roverEmbed": "yes"},
                policy={"shortcutMaxStored": 101, "colour": "red"},
            )

        assert wrong_fields(invalid) == [
            "allowedDomains[0]",
            "capabilities.roverEmbed",
            "environment",
            "label",
            "roverPolicy.colour",
            "roverPolicy.shortcutMaxStored",
            "ttlDays",
        ]
        assert not SiteKey.objects.exists()
        assert not AuditEntry.objects.filter(action="site_key.created").exists()

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("label", {"label": "x" * 101}),
            ("label", {"label": 7}),
            ("label", {"label": "a\x00b"}),
            ("ttlDays", {"ttl_days": True}),
            ("ttlDays", {"ttl_days": 1.5}),
            ("ttlDays", {"ttl_days": 3651}),
            ("allowedDomains", {"allowed_domains": "bakery.example"}),
            ("allowedDomains", {"allowed_domains": {"a": 1}}),
            ("environment", {"environment": None}),
        ],
    )
    def test_a_wrong_field_is_named(
        self, actor: Actor, site: Site, now: datetime, field: str, given: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidFields) as invalid:
            created(actor, site, now, **given)

        assert wrong_fields(invalid) == [field]

    def test_any_host_is_for_test_keys_that_end(self, actor: Actor, site: Site, now: datetime) -> None:
        assert created(
            actor, site, now, environment="test", allowed_domains=["*"]
        ).key.normalized_domains == ["*"]
        for refused in ({"environment": "production"}, {"environment": "test", "ttl_days": 0}):
            with pytest.raises(InvalidFields):
                created(actor, site, now, allowed_domains=["*"], **refused)

    def test_the_limit_of_live_keys_holds(self, actor: Actor, site: Site, now: datetime, owner: User) -> None:
        site.owner.max_keys_per_site = 2
        created(actor, site, now)
        second = created(actor, site, now).key

        with pytest.raises(LimitReached):
            created(actor, site, now)

        key_end_now(actor=actor, key=second, now=now)
        assert created(actor, site, now).key.active


class TestUpdate:
    def test_a_patch_leaves_the_rest_alone(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        key_update(actor=actor, key=key, now=now, policy={"siteMode": "analytics_only"})

        key.refresh_from_db()
        assert key.policy == policy_defaults() | {"siteMode": "analytics_only"}
        assert key.allowed_domains == ["bakery.example"]

    def test_null_takes_the_default_back(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        key_update(actor=actor, key=key, now=now, policy={"shortcutMaxStored": 5})
        key_update(actor=actor, key=key, now=now, policy={"shortcutMaxStored": None})

        key.refresh_from_db()
        assert key.policy["shortcutMaxStored"] == 100

    def test_the_cloud_switch_brings_its_capabilities(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        key_update(actor=actor, key=key, now=now, policy={"cloudSandboxEnabled": True})

        key.refresh_from_db()
        assert key.policy["enableExternalWebContext"] is True
        assert key.policy["externalScrapeMode"] == "on_demand"
        assert all(key.capabilities.values())

    def test_an_edit_of_an_old_state_is_refused(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        seen = key.revision
        key_update(actor=actor, key=key, now=now, label="Theirs")

        with pytest.raises(StaleEdit):
            key_update(actor=actor, key=key, now=now, label="Mine", revision=seen)

        key.refresh_from_db()
        assert key.label == "Theirs"

    def test_two_updates_from_one_state_do_not_overwrite_each_other(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        same = SiteKey.objects.select_related("site").get(pk=key.pk)
        key_update(actor=actor, key=key, now=now, policy={"siteMode": "analytics_only"})

        with pytest.raises(StaleEdit):
            key_update(actor=actor, key=same, now=now, policy={"agentName": "Bun"})

    def test_what_changes_nothing_is_no_change(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        key_update(actor=actor, key=key, now=now, label="Production", policy={}, active=True)

        assert SiteKey.objects.get(pk=key.pk).revision == key.revision
        assert not AuditEntry.objects.filter(action="site_key.changed").exists()

    def test_nothing_is_saved_when_one_field_is_wrong(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        with pytest.raises(InvalidFields):
            key_update(actor=actor, key=key, now=now, label="New", allowed_domains=["com"])

        key.refresh_from_db()
        assert key.label == "Production"

    def test_a_longer_life_counts_from_now(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        later = now + timedelta(days=3)
        key_update(actor=actor, key=key, now=later, ttl_days=10)

        key.refresh_from_db()
        assert key.expires_at == later + timedelta(days=10)

    def test_the_log_holds_the_changed_field_alone(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        key_update(actor=actor, key=key, now=now, policy={"adversarialThreshold": 5}, note="too strict")

        entry = AuditEntry.objects.get(action="site_key.changed")
        assert entry.before == {"roverPolicy": {"adversarialThreshold": 3}}
        assert entry.after == {"roverPolicy": {"adversarialThreshold": 5}}
        assert (entry.actor_name, entry.door, entry.ip, entry.note) == (
            "owner",
            "workspace",
            "192.0.2.1",
            "too strict",
        )


class TestRotate:
    def test_the_old_value_ends_at_once_and_the_new_key_has_the_same_rules(
        self, actor: Actor, minted: Named, now: datetime
    ) -> None:
        heir = key_rotate(actor=actor, key=minted.key, now=now)

        minted.key.refresh_from_db()
        assert key_state(minted.key, now) == "revoked"
        assert heir.value != minted.value
        assert heir.key.rotated_from_id == minted.key.pk
        for same in (
            "allowed_domains",
            "normalized_domains",
            "policy",
            "capabilities",
            "environment",
            "label",
        ):
            assert getattr(heir.key, same) == getattr(minted.key, same)

    def test_what_changes_with_the_rotation_is_on_record(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        key_rotate(actor=actor, key=key, now=now, label="Next", policy={"adversarialThreshold": 9})

        entry = AuditEntry.objects.get(action="site_key.rotated")
        assert (entry.before["label"], entry.after["label"]) == ("Production", "Next")
        assert entry.after["roverPolicy"] == {"adversarialThreshold": 9}
        assert entry.after["rotatedFromKeyId"] == str(key.pk)

    def test_with_grace_both_answer_until_it_ends(self, actor: Actor, minted: Named, now: datetime) -> None:
        heir = key_rotate(actor=actor, key=minted.key, now=now, grace_seconds=3600)

        minted.key.refresh_from_db()
        assert key_state(minted.key, now + timedelta(seconds=3599)) == "rotating"
        assert key_state(minted.key, now + timedelta(seconds=3600)) == "revoked"
        assert key_state(heir.key, now) == "active"

    def test_the_overlap_can_be_extended_and_ended(self, actor: Actor, minted: Named, now: datetime) -> None:
        key_rotate(actor=actor, key=minted.key, now=now, grace_seconds=60)
        old = SiteKey.objects.select_related("site").get(pk=minted.key.pk)

        key_extend_grace(actor=actor, key=old, grace_seconds=7200, now=now)
        assert key_state(old, now + timedelta(seconds=7199)) == "rotating"

        key_end_now(actor=actor, key=old, now=now)
        assert key_state(old, now) == "revoked"

    def test_an_overlap_that_has_ended_stays_ended(self, actor: Actor, minted: Named, now: datetime) -> None:
        key_rotate(actor=actor, key=minted.key, now=now, grace_seconds=60)
        old = SiteKey.objects.select_related("site").get(pk=minted.key.pk)

        with pytest.raises(KeyEnded):
            key_extend_grace(actor=actor, key=old, grace_seconds=60, now=now + timedelta(seconds=61))

    @pytest.mark.parametrize("grace", [-1, 604_801, "60", True, 1.5, None])
    def test_a_wrong_grace_is_refused(self, actor: Actor, key: SiteKey, now: datetime, grace: object) -> None:
        with pytest.raises(InvalidFields) as invalid:
            key_rotate(actor=actor, key=key, now=now, grace_seconds=grace)

        assert wrong_fields(invalid) == ["graceSeconds"]

    def test_a_key_is_rotated_once(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        same = SiteKey.objects.select_related("site").get(pk=key.pk)
        key_rotate(actor=actor, key=key, now=now)

        with pytest.raises(KeyEnded):
            key_rotate(actor=actor, key=same, now=now)

        assert SiteKey.objects.count() == 2

    @pytest.mark.parametrize("grace", [0, 60])
    def test_a_rotated_key_cannot_be_changed(
        self, actor: Actor, key: SiteKey, now: datetime, grace: int
    ) -> None:
        key_rotate(actor=actor, key=key, now=now, grace_seconds=grace)
        key.refresh_from_db()

        with pytest.raises(KeyEnded):
            key_update(actor=actor, key=key, now=now, active=True)

    def test_a_disabled_key_stays_disabled(self, actor: Actor, key: SiteKey, now: datetime) -> None:
        key_update(actor=actor, key=key, now=now, active=False)
        key.refresh_from_db()

        assert not key_rotate(actor=actor, key=key, now=now).key.active


class TestStates:
    def test_archiving_stops_a_key_and_restoring_wakes_it(
        self, actor: Actor, site: Site, key: SiteKey, now: datetime
    ) -> None:
        site_archive(actor=actor, site=site, now=now)
        assert key_state(SiteKey.objects.get(pk=key.pk), now) == "archived"

        site_restore(actor=actor, site=site, now=now)
        assert key_state(SiteKey.objects.get(pk=key.pk), now) == "active"

    def test_a_key_expires_to_the_moment(self, actor: Actor, site: Site, now: datetime) -> None:
        key = created(actor, site, now, ttl_days=1).key

        assert key_state(key, now + timedelta(days=1, microseconds=-1)) == "active"
        assert key_state(key, now + timedelta(days=1)) == "expired"

    def test_the_resource_of_a_list_shows_no_value(self, minted: Named, now: datetime) -> None:
        assert minted.value not in str(key_resource(minted.key, now=now))
        assert key_resource(minted.key, now=now, with_value=True)["publicKey"] == minted.value


class TestSecret:
    def test_it_is_returned_once_and_known_by_its_digest(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        secret = secret_mint(actor=actor, key=key, now=now)

        row = SiteKey.objects.filter(pk=key.pk).values().get()
        assert re.fullmatch(r"sk_site_[A-Za-z0-9_-]{43}", secret)
        assert row["secret_digest"] == digest(secret)
        assert secret not in str(row)
        assert secret not in str(list(AuditEntry.objects.values()))

    def test_a_new_one_replaces_the_old_and_it_can_be_ended(
        self, actor: Actor, key: SiteKey, now: datetime
    ) -> None:
        first = secret_mint(actor=actor, key=key, now=now)
        second = secret_mint(actor=actor, key=key, now=now)
        assert not SiteKey.objects.filter(secret_digest=digest(first)).exists()
        assert SiteKey.objects.filter(secret_digest=digest(second)).exists()

        secret_revoke(actor=actor, key=key, now=now)
        assert not SiteKey.objects.filter(secret_digest__isnull=False).exists()


class TestTheDatabaseItself:
    """What no program can store, whatever it does."""

    @pytest.mark.parametrize(
        "change",
        [
            {"label": ""},
            {"environment": "staging"},
            {"active": True, "revoked_at": datetime.fromisoformat("2026-01-01T00:00:00Z")},
            {"ttl_days": 5},
            {"expires_at": datetime.fromisoformat("2099-01-01T00:00:00Z")},
            {"ttl_days": 5, "expires_at": datetime.fromisoformat("2001-01-01T00:00:00Z")},
            {"rotated_from": F("id")},
        ],
    )
    def test_it_refuses(self, key: SiteKey, change: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            SiteKey.objects.filter(pk=key.pk).update(**change)

    def test_it_refuses_a_second_heir(self, actor: Actor, site: Site, key: SiteKey, now: datetime) -> None:
        key_rotate(actor=actor, key=key, now=now)
        stranger = created(actor, site, now).key

        with pytest.raises(IntegrityError), transaction.atomic():
            SiteKey.objects.filter(pk=stranger.pk).update(rotated_from=key)
