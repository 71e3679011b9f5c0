"""The domain editor of a key: what is said about rules, saving them, and the tester."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.workspace.conftest import Named
from workspace.core.domain_trial import Rules, try_host
from workspace.core.patterns import (
    MAX_PATTERNS,
    InvalidPatterns,
    ScopeMode,
    review_patterns,
    validate_patterns,
)
from workspace.models import AuditEntry, SiteKey, User
from workspace.services.admission import key_admit
from workspace.services.audit import Actor
from workspace.services.keys import key_create, key_end_now, key_update

Browser = Callable[[User], Client]


@pytest.fixture
def url(key: SiteKey) -> str:
    return f"/workspace/sites/{key.site.public_id}/keys/{key.pk}/domains/"


@pytest.fixture
def browser(owner: User, client_of: Browser) -> Client:
    return client_of(owner)


def text_of(page: Any) -> str:
    """What a person reads, as one line."""
    body = re.sub(r"<(script|template)\b.*?</\1>", " ", page.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", "", body).split())


def rules_in(page: Any) -> list[str]:
    """The rows of the form."""
    return [row.text for row in page.context["rows"]]


def saved(key: SiteKey) -> list[str]:
    rules: list[str] = SiteKey.objects.get(pk=key.pk).allowed_domains
    return rules


def typed(key: SiteKey, *rules: str, **more: Any) -> dict[str, Any]:
    return {"rule": list(rules), "revision": key.revision, "do": "save", "note": ""} | more


def rules_of(*entries: str, mode: str = "registrable_domain", **given: Any) -> Rules:
    defaults: dict[str, Any] = {
        "environment": "production",
        "ttl_days": 0,
        "allow_intranet": False,
        "is_saved": False,
    }
    return Rules(entries=entries, mode=ScopeMode(mode), **(defaults | given))


class TestReview:
    """What is said about each rule of a list while it is typed."""

    @pytest.mark.parametrize(
        ("entry", "notes"),
        [
            ("example.com", ()),
            ("https://Shop.Example.com/a?b", ("https://Shop.Example.com/a?b is saved as shop.example.com.",)),
            ("bücher.example", ("bücher.example is saved as xn--bcher-kva.example (bücher.example).",)),
        ],
    )
    def test_a_rule_that_will_look_different_is_announced(self, entry: str, notes: tuple[str, ...]) -> None:
        (review,) = review_patterns([entry], environment="production", ttl_days=0)
        assert review.notes == notes

    def test_each_note_stands_with_its_own_rule(self) -> None:
        reviews = review_patterns(
            ["example.com", "*.example.com", "demo.vercel.app", "EXAMPLE.com"],
            environment="production",
            ttl_days=0,
        )
        assert reviews[0].notes == ()
        assert reviews[1].notes == ("example.com already covers *.example.com.",)
        assert "shared hosting suffix vercel.app" in reviews[2].notes[0]
        assert reviews[3].notes == ("EXAMPLE.com repeats example.com and is left out.",)

    def test_what_it_refuses_is_what_saving_refuses(self) -> None:
        entries = ["co.uk", "good.example", "localhost", "*", "", "a b", "intranet", "*.github.io"]
        reviews = review_patterns(entries, environment="production", ttl_days=0)
        with pytest.raises(InvalidPatterns) as refused:
            validate_patterns(entries, environment="production", ttl_days=0)
        assert tuple(one.problem for one in reviews if one.problem) == refused.value.problems
        assert [one.raw for one in reviews if one.pattern] == ["good.example"]

    def test_rules_beyond_the_limit_are_named(self) -> None:
        entries = [f"h{number}.example" for number in range(MAX_PATTERNS + 2)]
        reviews = review_patterns(entries, environment="production", ttl_days=0)
        assert [one.raw for one in reviews if one.problem] == entries[MAX_PATTERNS:]

    def test_a_huge_list_costs_little(self) -> None:
        assert len(review_patterns(["a.example"] * 100_000, environment="test", ttl_days=1)) <= 1000


class TestTrial:
    """Would this key work on …?"""

    @pytest.mark.parametrize(
        ("rule", "mode", "text", "is_allowed"),
        [
            ("example.com", "registrable_domain", "EXAMPLE.com.", True),
            ("example.com", "registrable_domain", "https://a.b.example.com:8443/x", True),
            ("example.com", "registrable_domain", "badexample.com", False),
            ("example.com", "registrable_domain", "example.com.evil.test", False),
            ("example.com", "host_only", "www.example.com", False),
            ("*.example.com", "host_only", "www.example.com", True),
            ("*.example.com", "registrable_domain", "example.com", False),
            ("=app.example.com", "registrable_domain", "x.app.example.com", False),
            ("example.com", "registrable_domain", "mailto:x@example.com", False),
            ("example.com", "registrable_domain", "", False),
            ("example.com", "registrable_domain", "\x00", False),
        ],
    )
    def test_it_decides_as_the_runtime_does(self, rule: str, mode: str, text: str, is_allowed: bool) -> None:
        assert try_host(text, rules_of(rule, mode=mode)).is_allowed is is_allowed

    def test_the_rule_offered_admits_that_host_alone(self) -> None:
        trial = try_host("https://app.other.example/x", rules_of("example.com"))
        assert trial.fix == "=app.other.example"
        assert try_host("app.other.example", rules_of("example.com", trial.fix)).is_allowed
        assert not try_host("x.app.other.example", rules_of("example.com", trial.fix)).is_allowed

    @pytest.mark.parametrize(
        ("host", "said"),
        [
            ("localhost", "create a development key"),
            ("example.com.evil.test", "If the host is really yours, type the rule yourself"),
            ("intranet", ""),
        ],
    )
    def test_no_rule_is_offered_that_could_not_be_kept(self, host: str, said: str) -> None:
        trial = try_host(host, rules_of("example.com"))
        assert trial.fix == ""
        assert said in trial.no_fix

    def test_no_rule_is_offered_for_a_full_list(self) -> None:
        full = [f"h{number}.example" for number in range(MAX_PATTERNS)]
        trial = try_host("other.example", rules_of(*full))
        assert (trial.fix, trial.no_fix) == ("", "The list is full: a key has at most 50 rules.")

    def test_a_typed_rule_that_cannot_be_saved_admits_nobody(self) -> None:
        assert not try_host("localhost", rules_of("localhost")).is_allowed

    def test_a_stored_rule_counts_as_the_runtime_reads_it(self) -> None:
        assert try_host("localhost", rules_of("localhost", is_saved=True)).is_allowed

    def test_a_key_that_is_stopped_works_nowhere(self) -> None:
        assert not try_host("example.com", rules_of("example.com"), stopped="It has expired.").is_allowed


@pytest.mark.django_db
class TestTheEditor:
    def test_it_shows_each_rule_with_what_it_covers(self, url: str, key: SiteKey, browser: Client) -> None:
        page = browser.get(url)
        assert rules_in(page) == ["bakery.example"]
        said = text_of(page)
        assert "covers bakery.example, www.bakery.example" in said
        assert "A plain domain covers this host and its subdomains registrable_domain" in said
        assert "*.example.com" in said  # the forms that are accepted

    def test_the_mode_of_the_policy_changes_what_is_said(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=key, policy={"domainScopeMode": "host_only"}, now=now)
        said = text_of(browser.get(url))
        assert "exactly this host host_only" in said
        assert "covers bakery.example · not www.bakery.example" in said

    def test_rules_are_saved_as_typed_with_an_audit_row(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        sent = typed(key, "bakery.example", "", " https://Cafe.example/menu ", note="the café")
        assert browser.post(url, sent).status_code == 302
        row = SiteKey.objects.get(pk=key.pk)
        assert row.allowed_domains == ["bakery.example", "https://Cafe.example/menu"]
        assert row.normalized_domains == ["bakery.example", "cafe.example"]
        entry = AuditEntry.objects.get(action="site_key.changed")
        assert entry.note == "the café"
        assert entry.after == {"allowedDomains": ["bakery.example", "https://Cafe.example/menu"]}

    def test_a_wrong_rule_is_marked_and_nothing_is_saved(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        page = browser.post(url, typed(key, "bakery.example", "co.uk"))
        assert page.status_code == 422
        assert [row.is_valid for row in page.context["rows"]] == [True, False]
        assert "a suffix under which many owners have their sites" in text_of(page)
        assert saved(key) == ["bakery.example"]

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"rule": []}, "at least one rule"),
            ({"rule": ["", " "]}, "at least one rule"),
            ({"note": "x" * 201}, "at most 200 characters"),
            ({"note": "a\x00b"}, "at most 200 characters"),
            ({"rule": ["a\x00.example"]}, "not a valid host"),
            ({"rule": ["x" * 20_000]}, "too long"),
            ({"rule": [f"h{n}.example" for n in range(51)]}, "more than 50"),
        ],
    )
    def test_what_cannot_be_saved_is_refused_with_a_reason(
        self, url: str, key: SiteKey, browser: Client, sent: dict[str, Any], said: str
    ) -> None:
        page = browser.post(url, typed(key, "bakery.example") | sent)
        assert page.status_code == 422
        assert said in text_of(page)
        assert saved(key) == ["bakery.example"]

    def test_names_without_a_dot_are_for_those_who_say_so(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        assert browser.post(url, typed(key, "bakery.example", "till")).status_code == 422
        sent = typed(key, "bakery.example", "till", allow_intranet="on")
        assert browser.post(url, sent).status_code == 302
        assert saved(key) == ["bakery.example", "till"]

    @pytest.mark.parametrize(
        ("button", "rows"),
        [
            ({"add": ""}, ["a.example", "b.example", ""]),
            ({"add": "=c.example"}, ["a.example", "b.example", "=c.example"]),
            ({"remove": "0"}, ["b.example"]),
            ({"remove": "7"}, ["a.example", "b.example"]),
            ({"remove": "-1"}, ["a.example", "b.example"]),
            ({"remove": "²"}, ["a.example", "b.example"]),
            ({"do": "check"}, ["a.example", "b.example"]),
        ],
    )
    def test_without_script_the_buttons_give_the_form_back_and_save_nothing(
        self, url: str, key: SiteKey, browser: Client, button: dict[str, str], rows: list[str]
    ) -> None:
        page = browser.post(
            url, {"rule": ["a.example", "b.example"], "revision": "1", "note": "kept"} | button
        )
        assert page.status_code == 200
        assert rules_in(page) == rows
        assert page.context["draft"].note == "kept"
        assert saved(key) == ["bakery.example"]

    def test_a_key_that_ended_is_shown_and_not_edited(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_end_now(actor=actor, key=key, now=now)
        page = browser.get(url)
        assert 'name="rule"' not in page.content.decode()
        assert browser.post(url, typed(key, "new.example")).status_code == 409

    def test_hostile_rules_are_text(self, url: str, key: SiteKey, browser: Client) -> None:
        hostile = '"><script>alert(1)</script>'
        page = browser.post(url, typed(key, hostile, **{"try": hostile, "note": hostile}))
        assert page.status_code == 422
        assert "<script>alert" not in page.content.decode()


@pytest.mark.django_db
class TestRemovingARuleInUse:
    @pytest.fixture
    def used(self, minted: Named, actor: Actor, now: datetime) -> SiteKey:
        """The key with a second rule, under which it was used."""
        key = key_update(
            actor=actor, key=minted.key, allowed_domains=["bakery.example", "cafe.example"], now=now
        )
        for host, days in (("www.cafe.example", 3), ("www.cafe.example", 3), ("old.cafe.example", 8)):
            key_admit(value=minted.value, url=host, capability="roverEmbed", now=now - timedelta(days=days))
        key_admit(value=minted.value, url="bakery.example", capability="roverEmbed", now=now)
        return SiteKey.objects.select_related("site").get(pk=key.pk)

    def test_the_hosts_that_would_be_refused_are_named_first(
        self, url: str, used: SiteKey, browser: Client
    ) -> None:
        page = browser.post(url, typed(used, "bakery.example"))
        assert page.status_code == 422
        assert [(row["host"], row["n"]) for row in page.context["lost"]] == [("www.cafe.example", 2)]
        assert saved(used) == ["bakery.example", "cafe.example"]

        agreed = typed(used, "bakery.example", confirmed=page.context["mark"])
        assert browser.post(url, agreed).status_code == 302
        assert saved(used) == ["bakery.example"]

    def test_agreeing_to_some_hosts_is_not_agreeing_to_others(
        self, url: str, used: SiteKey, minted: Named, now: datetime, browser: Client
    ) -> None:
        mark = browser.post(url, typed(used, "bakery.example")).context["mark"]
        key_admit(value=minted.value, url="cafe.example", capability="roverEmbed", now=now)
        page = browser.post(url, typed(used, "bakery.example", confirmed=mark))
        assert page.status_code == 422
        assert "cafe.example" in [row["host"] for row in page.context["lost"]]

    def test_narrowing_a_rule_counts_as_well(self, url: str, used: SiteKey, browser: Client) -> None:
        page = browser.post(url, typed(used, "bakery.example", "=cafe.example"))
        assert [row["host"] for row in page.context["lost"]] == ["www.cafe.example"]

    def test_a_rule_whose_hosts_others_cover_goes_without_asking(
        self, url: str, used: SiteKey, browser: Client
    ) -> None:
        sent = typed(used, "bakery.example", "=www.cafe.example", "*.cafe.example")
        assert browser.post(url, sent).status_code == 302


@pytest.mark.django_db
class TestTwoPeopleAtOnce:
    def test_the_second_sees_both_and_decides(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        mine = typed(key, "bakery.example", "mine.example")
        key_update(
            actor=actor, key=key, allowed_domains=["bakery.example", "theirs.example"], note="new", now=now
        )

        page = browser.post(url, mine)
        assert page.status_code == 409
        assert rules_in(page) == ["bakery.example", "mine.example"]
        assert [row.review.raw for row in page.context["saved"]] == ["bakery.example", "theirs.example"]
        assert "Somebody changed this key in between" in text_of(page)
        assert saved(key) == ["bakery.example", "theirs.example"]

        again = mine | {"revision": page.context["draft"].revision}
        assert browser.post(url, again).status_code == 302
        assert saved(key) == ["bakery.example", "mine.example"]

    @pytest.mark.parametrize("revision", ["", "x", "-1", "²", "9" * 30])
    def test_a_form_without_a_sound_revision_overwrites_nothing(
        self, url: str, key: SiteKey, browser: Client, revision: str
    ) -> None:
        assert browser.post(url, typed(key, "mine.example", revision=revision)).status_code == 409
        assert saved(key) == ["bakery.example"]


@pytest.mark.django_db
class TestTheTester:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("https://www.bakery.example/a", "✓ Allowed www.bakery.example"),
            ("other.example", "✕ Blocked other.example"),
            ("mailto:x@bakery.example", "Only http and https"),
        ],
    )
    def test_a_link_can_ask(self, url: str, key: SiteKey, browser: Client, text: str, said: str) -> None:
        assert said in text_of(browser.get(url, {"try": text}))

    def test_it_names_the_rule_that_decided(self, url: str, key: SiteKey, browser: Client) -> None:
        page = browser.get(url, {"try": "www.bakery.example"})
        assert "Decided by the rule bakery.example" in text_of(page)

    def test_it_offers_the_rule_that_would_fix_it(self, url: str, key: SiteKey, browser: Client) -> None:
        page = browser.get(url, {"try": "other.example"})
        assert 'name="add" value="=other.example"' in page.content.decode()

        added = browser.post(
            url, typed(key, "bakery.example", **{"add": "=other.example", "try": "other.example"})
        )
        assert rules_in(added) == ["bakery.example", "=other.example"]
        assert "✓ Allowed other.example" in text_of(added)
        assert "they are not saved yet" in text_of(added)

    def test_a_key_that_is_off_is_said_to_be_off(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=key, active=False, now=now)
        said = text_of(browser.get(url, {"try": "bakery.example"}))
        assert "✕ Blocked" in said
        assert "This key is switched off" in said

    def test_an_expired_key_is_said_to_be_expired(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        SiteKey.objects.filter(pk=key.pk).update(created_at=now - timedelta(days=9))
        key_update(actor=actor, key=key, ttl_days=1, now=now - timedelta(days=3))
        assert "This key has expired" in text_of(browser.get(url, {"try": "bakery.example"}))

    def test_a_key_without_the_embed_is_said_to_load_nothing(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        key_update(actor=actor, key=key, capabilities={"roverEmbed": False}, now=now)
        assert "The capability Embed is off" in text_of(browser.get(url, {"try": "bakery.example"}))

    def test_a_viewer_may_ask_and_is_offered_no_button(
        self, url: str, key: SiteKey, viewer: User, client_of: Browser
    ) -> None:
        page = client_of(viewer).get(url, {"try": "other.example"})
        assert "=other.example" in text_of(page)
        assert 'name="add"' not in page.content.decode()

    @pytest.mark.parametrize(
        "host",
        ["bakery.example", "www.bakery.example", "bakery.example.evil.test", "xbakery.example", "1.2.3.4"],
    )
    def test_it_says_what_the_runtime_says(
        self, url: str, minted: Named, now: datetime, browser: Client, host: str
    ) -> None:
        shown = browser.get(url, {"try": host}).context["trial"].is_allowed
        verdict = key_admit(value=minted.value, url=f"https://{host}/", capability="roverEmbed", now=now)
        assert shown is verdict.is_admitted


@pytest.mark.django_db
class TestCheck:
    """What the page's script asks for."""

    def test_it_says_what_the_page_says(self, url: str, key: SiteKey, browser: Client) -> None:
        answer = browser.get(
            f"{url}check/", {"rule": ["bakery.example", "", "com"], "try": "x.example"}
        ).json()
        assert [row["isValid"] for row in answer["rows"]] == [True, True, False]
        assert "covers <bdi>bakery.example</bdi>" in answer["rows"][0]["html"]
        assert answer["rows"][1]["html"].strip() == ""
        assert "com is a suffix" in answer["rows"][2]["html"]
        assert "Blocked" in answer["trial"]
        assert answer["status"] == "2 rules, 1 cannot be saved. x.example: blocked"

    def test_it_asks_nothing_of_the_network_and_saves_nothing(
        self, url: str, key: SiteKey, browser: Client
    ) -> None:
        browser.get(f"{url}check/", {"rule": "new.example", "do": "save"})
        assert saved(key) == ["bakery.example"]
        assert browser.post(f"{url}check/", {"rule": "new.example"}).status_code == 405

    def test_hostile_text_is_escaped(self, url: str, key: SiteKey, browser: Client) -> None:
        answer = browser.get(f"{url}check/", {"rule": "<img src=x>", "try": "<img src=x>"}).json()
        assert "<img" not in answer["rows"][0]["html"] + answer["trial"] + answer["status"]

    def test_it_is_for_those_who_may_edit(
        self, url: str, key: SiteKey, viewer: User, other: User, client_of: Browser
    ) -> None:
        assert client_of(viewer).get(f"{url}check/").status_code == 403
        assert client_of(other).get(f"{url}check/").status_code == 404

    def test_the_key_decides_how_strict_it_is(
        self, url: str, key: SiteKey, actor: Actor, now: datetime, browser: Client
    ) -> None:
        test = key_create(
            actor=actor, site=key.site, label="T", environment="test", allowed_domains=["a.example"], now=now
        ).key
        for one, is_valid in ((key, False), (test, True)):
            address = url.replace(str(key.pk), str(one.pk))
            assert browser.get(f"{address}check/", {"rule": "*"}).json()["rows"][0]["isValid"] is is_valid
