"""The pages of site keys: the list, a new key, one key, rotation, the end, the secret key."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.workspace.conftest import Named
from workspace.core.tokens import digest
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.selectors.keys import key_state
from workspace.services.admission import OTHER_HOSTS, key_admit, key_seen
from workspace.services.audit import Actor
from workspace.services.keys import key_create, key_end_now, key_rotate, key_update, secret_mint
from workspace.services.sites import site_create

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NEW = {
    "label": "Staging",
    "environment": "production",
    "domains": "staging.bakery.example",
    "expiry": "default",
    "capabilities": ["roverEmbed"],
}


@pytest.fixture
def keys_url(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/keys/"


@pytest.fixture
def url(keys_url: str, key: SiteKey) -> str:
    return f"{keys_url}{key.pk}/"


@pytest.fixture
def browser(owner: User, client_of: Browser) -> Client:
    return client_of(owner)


def text_of(page: Any) -> str:
    """What a person reads, as one line."""
    body = re.sub(r"<(script|template)\b.*?</\1>", " ", page.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", "", body).split())


def changed(key: SiteKey) -> SiteKey:
    return SiteKey.objects.select_related("site").get(pk=key.pk)


def use(minted: Named, host: str, when: datetime, times: int = 1) -> None:
    for _ in range(times):
        key_admit(value=minted.value, url=host, capability="roverEmbed", now=when)


def settings_of(key: SiteKey, **changes: Any) -> dict[str, Any]:
    on = [name for name, is_on in key.capabilities.items() if is_on]
    return {
        "label": key.label,
        "expiry": "keep",
        "capabilities": on,
        "revision": key.revision,
        "note": "",
    } | changes


def no_audit() -> int:
    return (
        AuditEntry.objects.filter(action__startswith="site_key.").exclude(action="site_key.created").count()
    )


class TestTheList:
    def test_a_site_without_keys_teaches_what_a_key_is(
        self, site: Site, keys_url: str, browser: Client
    ) -> None:
        page = text_of(browser.get(keys_url))
        assert "This site has no key yet" in page
        assert "Make a key" in page

    def test_a_key_is_told_by_its_ends_and_copied_whole(
        self, keys_url: str, minted: Named, browser: Client
    ) -> None:
        page = browser.get(keys_url)
        assert f"{minted.key.prefix}…{minted.key.suffix}" in text_of(page)
        assert f"data-copy-source>{minted.value}<" in page.content.decode()
        assert "No expiry" in text_of(page)

    def test_last_use_and_refusals_of_today_are_there(
        self, keys_url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "www.bakery.example", now)
        use(minted, "evil.test", now, times=3)
        use(minted, "evil.test", now - timedelta(days=1), times=5)
        page = browser.get(keys_url)
        assert "just now on www.bakery.example" in text_of(page)
        assert [entry.refused for entry in page.context["live"]] == [3]

    @pytest.mark.parametrize(("days", "said"), [(10, "ends in 10 days"), (1, "ends in 1 day"), (15, None)])
    def test_an_expiry_is_announced_two_weeks_ahead(
        self,
        keys_url: str,
        key: SiteKey,
        actor: Actor,
        now: datetime,
        browser: Client,
        days: int,
        said: str | None,
    ) -> None:
        key_update(actor=actor, key=key, ttl_days=days, now=now + timedelta(minutes=1))
        page = text_of(browser.get(keys_url))
        assert (said in page) if said else ("ends in" not in page)

    def test_ended_keys_are_folded_away_and_not_offered_for_copying(
        self, keys_url: str, minted: Named, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_end_now(actor=actor, key=minted.key, now=now)
        page = browser.get(keys_url)
        assert "Ended keys (1)" in text_of(page)
        assert minted.value not in page.content.decode()

    def test_it_takes_as_many_queries_for_one_key_as_for_many(
        self, site: Site, keys_url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        with CaptureQueriesContext(
            connection,
        ) as one:
            browser.get(keys_url)
        for number in range(4):
            key_create(actor=actor, site=site, label=f"K{number}", allowed_domains=["a.example"], now=now)
        with CaptureQueriesContext(connection) as many:
            browser.get(keys_url)
        assert len(many) == len(one)


class TestTheSwitch:
    def test_off_and_back_again_by_undo(self, keys_url: str, url: str, key: SiteKey, browser: Client) -> None:
        page = browser.post(f"{url}switch/", {"active": "0", "from": "list"}, follow=True)
        assert not changed(key).active
        assert "is off: pages that carry it are refused" in text_of(page)
        assert 'name="active" value="1"' in page.content.decode()

        browser.post(f"{url}switch/", {"active": "1", "from": "list"})
        assert changed(key).active
        changes = (
            AuditEntry.objects.filter(action="site_key.changed")
            .order_by("id")
            .values_list("after", flat=True)
        )
        assert list(changes) == [{"active": False}, {"active": True}]

    def test_the_same_state_again_changes_nothing(self, url: str, key: SiteKey, browser: Client) -> None:
        browser.post(f"{url}switch/", {"active": "1"})
        assert not AuditEntry.objects.filter(action="site_key.changed").exists()

    def test_reading_the_address_changes_nothing(self, url: str, key: SiteKey, browser: Client) -> None:
        assert browser.get(f"{url}switch/?active=0").status_code == 302
        assert changed(key).active

    @pytest.mark.parametrize("switched", ["x", "", "00000000-0000-0000-0000-000000000000", "1' OR 1"])
    def test_a_made_up_announcement_is_not_shown(
        self, keys_url: str, key: SiteKey, browser: Client, switched: str
    ) -> None:
        page = browser.get(keys_url, {"switched": switched})
        assert page.status_code == 200
        assert "Undo" not in text_of(page)


class TestANewKey:
    def test_it_is_made_and_shown(self, site: Site, keys_url: str, browser: Client) -> None:
        page = browser.post(f"{keys_url}new/", NEW | {"note": "for the relaunch"}, follow=True)
        key = SiteKey.objects.get(label="Staging")
        assert key.allowed_domains == ["staging.bakery.example"]
        assert (key.environment, key.expires_at) == ("production", None)
        assert "pk_site_" in page.content.decode()
        assert AuditEntry.objects.get(action="site_key.created").note == "for the relaunch"

    @pytest.mark.parametrize(
        ("expiry", "ttl_days"),
        [({"expiry": "default"}, 90), ({"expiry": "never"}, 0), ({"expiry": "days", "days": "7"}, 7)],
    )
    def test_its_expiry(
        self, site: Site, keys_url: str, browser: Client, expiry: dict[str, str], ttl_days: int
    ) -> None:
        browser.post(f"{keys_url}new/", NEW | {"environment": "test"} | expiry)
        assert SiteKey.objects.get().ttl_days == ttl_days

    def test_errors_of_rules_name_their_lines(self, site: Site, keys_url: str, browser: Client) -> None:
        typed = "good.example\n\nco.uk\nlocalhost\n"
        page = browser.post(f"{keys_url}new/", NEW | {"domains": typed})
        assert page.status_code == 422
        errors = page.context["form"].errors["domains"]
        assert [error[:7] for error in errors] == ["Line 3:", "Line 4:"]
        assert typed in page.content.decode()
        assert not SiteKey.objects.exists()

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("label", {"label": ""}),
            ("label", {"label": "x" * 101}),
            ("label", {"label": "a\x00b"}),
            ("domains", {"domains": " \n "}),
            ("domains", {"domains": "a\x00.example"}),
            ("domains", {"domains": "intranet"}),
            ("environment", {"environment": "staging"}),
            ("days", {"expiry": "days", "days": ""}),
            ("days", {"expiry": "days", "days": "0"}),
            ("days", {"expiry": "days", "days": "3651"}),
            ("expiry", {"expiry": "someday"}),
            ("capabilities", {"capabilities": ["everything"]}),
            ("note", {"note": "x" * 201}),
        ],
    )
    def test_an_error_is_at_its_field_and_nothing_is_saved(
        self, site: Site, keys_url: str, browser: Client, field: str, given: dict[str, Any]
    ) -> None:
        page = browser.post(f"{keys_url}new/", NEW | given)
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert not SiteKey.objects.exists()

    def test_names_without_a_dot_are_for_those_who_say_so(
        self, site: Site, keys_url: str, browser: Client
    ) -> None:
        browser.post(f"{keys_url}new/", NEW | {"domains": "intranet", "allow_intranet": "on"})
        assert SiteKey.objects.get().normalized_domains == ["intranet"]

    def test_a_preset_sets_the_switches_and_saves_nothing(
        self, site: Site, keys_url: str, browser: Client
    ) -> None:
        page = browser.post(f"{keys_url}new/", NEW | {"label": "Typed", "preset": "widget_and_agents"})
        assert page.context["form"]["capabilities"].value() == ["roverEmbed", "cloudAgent", "cloudScrape"]
        assert page.context["form"]["label"].value() == "Typed"
        assert not SiteKey.objects.exists()

    def test_the_limit_is_told_above_the_form(
        self, owner: User, site: Site, keys_url: str, key: SiteKey, browser: Client
    ) -> None:
        User.objects.filter(pk=owner.pk).update(max_keys_per_site=1)
        page = browser.post(f"{keys_url}new/", NEW)
        assert page.status_code == 422
        assert "Revoke a key that is not needed" in text_of(page)

    def test_a_duplicate_has_the_rules_and_the_policy_and_another_value(
        self, keys_url: str, minted: Named, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=minted.key, policy={"cloudSandboxEnabled": True}, now=now)
        key_update(actor=actor, key=minted.key, policy={"externalScrapeMode": "off"}, now=now)
        form = browser.get(f"{keys_url}new/?from={minted.key.pk}").context["form"]
        assert form["domains"].value() == "bakery.example"

        sent = {name: form[name].value() or "" for name in form.fields}
        browser.post(f"{keys_url}new/", sent | {"capabilities": ["roverEmbed"]})

        copy = SiteKey.objects.exclude(pk=minted.key.pk).get()
        assert copy.label == "Production (copy)"
        assert copy.policy == changed(minted.key).policy
        assert copy.capabilities == {
            "roverEmbed": True,
            "externalWebContextScrape": False,
            "cloudAgent": False,
            "cloudScrape": False,
        }
        assert copy.digest != minted.key.digest

    def test_a_key_of_another_site_cannot_be_copied(
        self, keys_url: str, other: User, actor: Actor, now: datetime, browser: Client, site: Site
    ) -> None:
        theirs = site_create(actor=actor, owner=other, name="Other", host="other.example", now=now)
        secret = key_create(actor=actor, site=theirs, label="T", allowed_domains=["t.example"], now=now).key
        assert browser.get(f"{keys_url}new/?from={secret.pk}").status_code == 404
        assert browser.post(f"{keys_url}new/", NEW | {"source": str(secret.pk)}).status_code == 404
        assert browser.get(f"{keys_url}new/?from=nonsense").status_code == 200


class TestOneKey:
    def test_it_shows_value_hosts_and_use(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "www.bakery.example", now, times=4)
        page = browser.get(url)
        assert minted.value in page.content.decode()
        assert "Visitors can see this key. It only works on your allowed domains." in text_of(page)
        assert [(row["host"], row["n"]) for row in page.context["hosts"]] == [("www.bakery.example", 4)]
        assert page.context["chart"].accepted == 4

    def test_a_value_sealed_under_another_secret_is_said_to_be_unreadable(
        self, url: str, minted: Named, browser: Client
    ) -> None:
        SiteKey.objects.filter(pk=minted.key.pk).update(sealed_value="gAAAA-not-ours")
        page = browser.get(url)
        assert page.status_code == 200
        assert "The value cannot be shown" in text_of(page)

    def test_every_setting_is_saved_with_its_audit_row(self, url: str, key: SiteKey, browser: Client) -> None:
        sent = settings_of(
            key,
            label="Live",
            expiry="days",
            days="30",
            capabilities=["roverEmbed", "cloudAgent"],
            note="as agreed",
        )
        assert browser.post(url, sent).status_code == 302
        saved = changed(key)
        assert (saved.label, saved.ttl_days, saved.capabilities["cloudAgent"]) == ("Live", 30, True)
        entry = AuditEntry.objects.get(action="site_key.changed")
        assert (entry.actor_name, entry.note) == ("owner", "as agreed")
        assert set(entry.after) == {"label", "ttlDays", "capabilities"}

    def test_an_expiry_that_is_kept_is_not_moved(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=key, ttl_days=20, now=now - timedelta(days=5))
        before = changed(key)
        browser.post(url, settings_of(before, label="Renamed"))
        assert changed(key).expires_at == before.expires_at

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("label", {"label": " "}),
            ("label", {"label": "x" * 101}),
            ("days", {"expiry": "days", "days": "-1"}),
            ("expiry", {"expiry": "default"}),
            ("capabilities", {"capabilities": ["root"]}),
            ("revision", {"revision": "x"}),
        ],
    )
    def test_an_error_is_at_its_field_and_nothing_is_saved(
        self, url: str, key: SiteKey, browser: Client, field: str, given: dict[str, Any]
    ) -> None:
        page = browser.post(url, settings_of(key, **given))
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert no_audit() == 0

    def test_an_open_test_key_cannot_become_endless(
        self, site: Site, keys_url: str, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key = key_create(
            actor=actor, site=site, label="T", environment="test", allowed_domains=["*"], now=now
        ).key
        page = browser.post(f"{keys_url}{key.pk}/", settings_of(key, expiry="never"))
        assert page.status_code == 422
        assert "every website" in page.context["form"].errors["expiry"][0]

    def test_a_stale_edit_shows_both_and_keeps_what_was_typed(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        sent = settings_of(key, label="Mine")
        key_update(actor=actor, key=key, label="Theirs", now=now)

        page = browser.post(url, sent)
        assert page.status_code == 409
        assert ("Label", "Theirs", "Mine") in page.context["stale"]["rows"]
        assert page.context["form"]["label"].value() == "Mine"
        assert changed(key).label == "Theirs"

        again = sent | {"revision": page.context["form"]["revision"].value()}
        assert browser.post(url, again).status_code == 302
        assert changed(key).label == "Mine"

    def test_a_preset_keeps_what_was_typed_and_saves_nothing(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        page = browser.post(url, settings_of(key, label="Typed", preset="widget_only", capabilities=[]))
        assert page.context["form"]["capabilities"].value() == ["roverEmbed"]
        assert page.context["form"]["label"].value() == "Typed"
        assert "not saved yet" in text_of(page)
        assert changed(key).label == "Production"

    def test_an_ended_key_has_no_forms(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_end_now(actor=actor, key=key, now=now)
        page = browser.get(url)
        assert "has ended for good" in text_of(page)
        assert 'name="label"' not in page.content.decode()
        assert browser.post(url, settings_of(changed(key))).status_code == 409

    def test_hostile_text_is_text(
        self, url: str, minted: Named, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=minted.key, label="<script>alert(1)</script>", now=now)
        key_seen(key=minted.key, host='"><img src=x onerror=1>', reason="domain_not_allowed", now=now)
        page = browser.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


class TestAllowingARefusedHost:
    def test_one_click_adds_the_rule_for_that_host_alone(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "staging.other.example", now, times=2)
        page = browser.get(url)
        assert [(row["host"], row["n"], row["trial"].fix) for row in page.context["refused"]] == [
            ("staging.other.example", 2, "=staging.other.example")
        ]

        page = browser.post(f"{url}allow/", {"host": "staging.other.example"}, follow=True)
        assert "Added the rule =staging.other.example" in text_of(page)
        assert changed(minted.key).allowed_domains == ["bakery.example", "=staging.other.example"]
        assert "Allow this host" not in text_of(page)
        assert key_admit(
            value=minted.value, url="https://staging.other.example/", capability="roverEmbed", now=now
        ).is_admitted
        assert not key_admit(
            value=minted.value, url="https://a.staging.other.example/", capability="roverEmbed", now=now
        ).is_admitted
        assert (
            AuditEntry.objects.get(action="site_key.changed").note
            == "Allowed from the list of refused requests"
        )

    @pytest.mark.parametrize(
        ("host", "said"),
        [
            ("localhost", "create a development key"),
            ("bakery.example.evil.test", "only looks like bakery.example"),
            ("intranet", "No entry covers intranet"),
            ("(none)", "no address with a valid host"),
            ("", "no address with a valid host"),
            ("javascript:alert(1)", "Only http and https"),
            ("a\x00b", "no address with a valid host"),
        ],
    )
    def test_what_rules_forbid_is_refused_and_explained(
        self, url: str, key: SiteKey, browser: Client, host: str, said: str
    ) -> None:
        page = browser.post(f"{url}allow/", {"host": host})
        assert page.status_code == 422
        assert said in text_of(page)
        assert changed(key).allowed_domains == ["bakery.example"]

    def test_a_host_that_is_allowed_already_is_not_added_again(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        page = browser.post(f"{url}allow/", {"host": "www.bakery.example"}, follow=True)
        assert "already" in text_of(page)
        assert no_audit() == 0

    def test_hosts_beyond_the_counted_ones_and_other_reasons_have_no_button(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        key_seen(key=minted.key, host=OTHER_HOSTS, reason="domain_not_allowed", now=now)
        key_seen(key=minted.key, host="new.example", reason="inactive", now=now)
        assert "Allow this host" not in text_of(browser.get(url))


class TestRotation:
    def test_now_ends_the_old_value_at_once(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        page = browser.post(
            f"{url}rotate/", {"grace": "0", "label": "Production 2", "note": "leak"}, follow=True
        )
        heir = SiteKey.objects.get(label="Production 2")
        assert key_state(changed(minted.key), now + timedelta(seconds=5)) == "revoked"
        assert page.redirect_chain[-1][0].endswith(f"/{heir.pk}/")
        assert "still answers" not in text_of(page)
        assert AuditEntry.objects.get(action="site_key.rotated").note == "leak"

    def test_during_the_overlap_the_use_of_the_old_key_is_seen(
        self, keys_url: str, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "www.bakery.example", now, times=14)
        page = browser.post(f"{url}rotate/", {"grace": "86400", "label": "Production"}, follow=True)
        assert "14 uses today" in text_of(page)
        assert "ends in 23 hours" in text_of(page)
        assert "This is the old key" in text_of(browser.get(url))

    def test_the_dialog_shows_the_live_use(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "www.bakery.example", now, times=3)
        assert "3 uses in the last 7 days" in text_of(browser.get(f"{url}rotate/"))

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("grace", {"grace": "5"}),
            ("grace", {"grace": ""}),
            ("label", {"label": ""}),
            ("label", {"label": "\x07"}),
        ],
    )
    def test_an_error_is_at_its_field_and_nothing_is_rotated(
        self, url: str, key: SiteKey, browser: Client, field: str, given: dict[str, str]
    ) -> None:
        page = browser.post(f"{url}rotate/", {"grace": "0", "label": "P"} | given)
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert SiteKey.objects.count() == 1

    def test_a_second_click_does_not_rotate_twice(self, url: str, key: SiteKey, browser: Client) -> None:
        browser.post(f"{url}rotate/", {"grace": "3600", "label": "P"})
        page = browser.post(f"{url}rotate/", {"grace": "3600", "label": "P"})
        assert page.status_code == 409
        assert "took its place" in text_of(page)
        assert SiteKey.objects.count() == 2

    def test_the_overlap_is_extended_from_now(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_rotate(actor=actor, key=key, grace_seconds=60, now=now)
        page = browser.post(f"{url}extend/", {"grace": "604800"}, follow=True)
        assert "The old key ends in 7 days." in text_of(page)
        until = changed(key).grace_until
        assert until is not None
        assert until >= now + timedelta(days=7)
        assert browser.post(f"{url}extend/", {"grace": "1"}).status_code == 422

    def test_what_is_not_in_an_overlap_cannot_be_extended(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        assert browser.post(f"{url}extend/", {"grace": "3600"}).status_code == 409
        assert changed(key).grace_until is None

    def test_the_overlap_can_end_now(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        heir = key_rotate(actor=actor, key=key, grace_seconds=86400, now=now).key
        page = browser.post(f"{url}end/", follow=True)
        assert changed(key).revoked_at is not None
        assert page.redirect_chain[-1][0].endswith(f"/{heir.pk}/")


class TestTheEnd:
    def test_a_key_in_use_asks_for_its_label(
        self, url: str, minted: Named, now: datetime, browser: Client
    ) -> None:
        use(minted, "www.bakery.example", now - timedelta(days=2))
        assert "www.bakery.example" in text_of(browser.get(f"{url}end/"))
        for wrong in ("", "production", "Production!"):
            page = browser.post(f"{url}end/", {"confirm": wrong})
            assert page.status_code == 422
            assert list(page.context["form"].errors) == ["confirm"]
        assert changed(minted.key).revoked_at is None

        browser.post(f"{url}end/", {"confirm": "Production", "note": "moved"})
        assert changed(minted.key).revoked_at is not None
        assert AuditEntry.objects.get(action="site_key.revoked").note == "moved"

    def test_an_unused_one_does_not(self, url: str, minted: Named, now: datetime, browser: Client) -> None:
        use(minted, "www.bakery.example", now - timedelta(days=8))
        assert browser.post(f"{url}end/").status_code == 302
        assert changed(minted.key).revoked_at is not None

    def test_it_ends_once(self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client) -> None:
        key_end_now(actor=actor, key=key, now=now)
        assert browser.get(f"{url}end/").status_code == 409
        assert browser.post(f"{url}end/").status_code == 409


class TestTheSecretKey:
    def test_it_is_shown_once(self, url: str, key: SiteKey, browser: Client) -> None:
        page = browser.post(f"{url}secret/", {"revision": key.revision})
        found = re.search(r"sk_site_[A-Za-z0-9_-]{43}", page.content.decode())
        assert found
        assert "no-store" in page.headers["Cache-Control"]
        assert changed(key).secret_digest == digest(found[0])
        later = browser.get(url)
        assert found[0] not in later.content.decode()
        assert f"sk_site_…{found[0][-4:]}" in text_of(later)

    def test_a_reload_of_the_answer_replaces_nothing(self, url: str, key: SiteKey, browser: Client) -> None:
        sent = {"revision": key.revision}
        browser.post(f"{url}secret/", sent)
        first = changed(key).secret_digest
        page = browser.post(f"{url}secret/", sent)
        assert page.status_code == 409
        assert "Nothing was made" in text_of(page)
        assert changed(key).secret_digest == first

    def test_it_can_be_ended(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        secret_mint(actor=actor, key=key, now=now)
        assert "refused from the next request" in text_of(browser.get(f"{url}secret/end/"))
        assert changed(key).secret_digest is not None
        browser.post(f"{url}secret/end/")
        assert changed(key).secret_digest is None
        assert AuditEntry.objects.filter(action="site_key.secret_revoked").count() == 1


ACTIONS = ["switch/", "allow/", "rotate/", "extend/", "end/", "secret/", "secret/end/", "domains/", ""]


class TestWhoMay:
    def test_a_viewer_looks_and_gets_no_forms(
        self, keys_url: str, url: str, minted: Named, now: datetime, viewer: User, client_of: Browser
    ) -> None:
        use(minted, "new.example", now)
        browser = client_of(viewer)
        for page in (browser.get(keys_url), browser.get(url), browser.get(f"{url}domains/")):
            assert page.status_code == 200
            body = re.sub(r"<form[^>]*(logout|id_)[^>]*>", "", page.content.decode())
            assert not re.search(rf'<form[^>]*action="{re.escape(keys_url)}[^"]*"[^>]*method="post"', body)
            assert not re.search(rf'method="post"[^>]*action="{re.escape(keys_url)}', body)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_a_viewer_changes_nothing(
        self, url: str, key: SiteKey, viewer: User, client_of: Browser, action: str
    ) -> None:
        sent = settings_of(key, grace="0", host="new.example", active="0", rule="new.example", do="save")
        assert client_of(viewer).post(f"{url}{action}", sent).status_code == 403
        assert no_audit() == 0

    @pytest.mark.parametrize("page", ["rotate/", "end/", "secret/", "secret/end/"])
    def test_a_viewer_is_not_led_to_what_they_cannot_do(
        self, url: str, key: SiteKey, viewer: User, client_of: Browser, page: str
    ) -> None:
        assert client_of(viewer).get(f"{url}{page}").status_code == 403

    @pytest.mark.parametrize("action", ACTIONS)
    def test_a_stranger_finds_nothing(
        self, url: str, key: SiteKey, other: User, client_of: Browser, action: str
    ) -> None:
        browser = client_of(other)
        assert browser.get(f"{url}{action}").status_code == 404
        assert browser.post(f"{url}{action}").status_code == 404
        assert no_audit() == 0

    @pytest.mark.parametrize("action", ACTIONS)
    def test_a_key_is_found_below_its_own_site_alone(
        self, key: SiteKey, owner: User, actor: Actor, now: datetime, browser: Client, action: str
    ) -> None:
        second = site_create(actor=actor, owner=owner, name="Second", host="second.example", now=now)
        page = browser.post(f"/workspace/sites/{second.public_id}/keys/{key.pk}/{action}")
        assert page.status_code == 404
        assert no_audit() == 0

    def test_who_is_not_signed_in_is_asked_to(self, url: str, key: SiteKey) -> None:
        answer = Client().get(url)
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]
