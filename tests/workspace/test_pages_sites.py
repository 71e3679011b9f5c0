"""The directory of sites, guided creation from an address to two keys, and one site's overview."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from workspace.admin.charts import HEIGHT, bars
from workspace.core.addresses import Address, reaches, read_address, suggested_name
from workspace.core.business_types import BUSINESS_TEXTS, starters
from workspace.core.fields import InvalidFields
from workspace.core.shortcuts import validated_shortcuts
from workspace.core.site_config import BUSINESS_TYPES
from workspace.models import AuditEntry, Site, SiteConfig, SiteKey, User
from workspace.services.admission import key_seen
from workspace.services.audit import Actor
from workspace.services.guided import LaunchPlan, site_launch
from workspace.services.sites import site_archive, site_create

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NEW = "/workspace/sites/new/"
ANSWERS = {"address": "https://Shop.Bakery.example/cakes?x=1", "mode": "agent", "business_type": "general"}


def post(browser: Client, step: str, **answers: str) -> HttpResponse:
    return browser.post(NEW, {**ANSWERS, **answers, "step": step})  # type: ignore[return-value]


def made() -> Site:
    return Site.objects.get()


class TestAddress:
    @pytest.mark.parametrize(
        ("typed", "host"),
        [
            ("shop.example.com", "shop.example.com"),
            (" HTTPS://Shop.Example.com:8443/a?b#c ", "shop.example.com"),
            ("http://bücher.example", "xn--bcher-kva.example"),
            ("localhost:3000", "localhost"),
            ("http://127.0.0.1:8000/", "127.0.0.1"),
            ("http://[::1]/", "::1"),
            ("shop.test", "shop.test"),
            ("demo.vercel.app", "demo.vercel.app"),
        ],
    )
    def test_whatever_is_pasted_becomes_a_host(self, typed: str, host: str) -> None:
        assert read_address(typed).host == host

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("", "Enter the address"),
            ("   ", "Enter the address"),
            ("co.uk", "below co.uk"),
            ("https://github.io/x", "below github.io"),
            ("192.0.2.7", "number of a machine"),
            ("[2001:db8::1]", "number of a machine"),
            ("intranet", "Without a dot"),
            ("*.example.com", "next question"),
            ("=example.com", "next question"),
            (".example.com", "next question"),
            ("ftp://example.com", "http and https"),
            ("javascript:alert(1)", "http and https"),
            ("two words", "not the address"),
            ("https://user:secret@example.com", "not the address"),
            ("exa\x00mple.com", "not the address"),
            ("a" * 3000 + ".example", "not the address"),
        ],
    )
    def test_what_is_no_site_is_refused_with_a_hint(self, typed: str, said: str) -> None:
        with pytest.raises(InvalidFields) as refused:
            read_address(typed)
        assert said in refused.value.errors[0].message

    @pytest.mark.parametrize(
        ("host", "values"),
        [
            ("example.com", ["below", "exact"]),
            ("www.example.com", ["domain", "below", "exact"]),
            ("app.example.com", ["below", "domain", "exact"]),
            ("demo.vercel.app", ["below", "exact"]),
            ("app.localhost", ["below", "exact"]),
            ("127.0.0.1", ["exact"]),
        ],
    )
    def test_the_choices_of_hosts_with_the_suggested_one_first(self, host: str, values: list[str]) -> None:
        assert [reach.value for reach in reaches(read_address(host))] == values

    @pytest.mark.parametrize(
        ("host", "name"),
        [
            ("www.corner-bakery.example", "Corner bakery"),
            ("shop.example.co.uk", "Example"),
            ("xn--bcher-kva.example", "Bücher"),
            ("localhost", "My computer"),
        ],
    )
    def test_a_name_out_of_the_address(self, host: str, name: str) -> None:
        assert suggested_name(Address(host=host, was_cleaned=False)) == name


class TestStarters:
    def test_every_kind_of_site_has_words(self) -> None:
        assert set(BUSINESS_TEXTS) == set(BUSINESS_TYPES)

    @pytest.mark.parametrize("kind", BUSINESS_TYPES)
    def test_the_suggested_shortcuts_are_valid(self, kind: str) -> None:
        assert len(validated_shortcuts(starters(kind), max_stored=100)) == 2


class TestQuestions:
    def test_an_address_from_the_overview_is_filled_in_and_explained(
        self, owner: User, client_of: Browser
    ) -> None:
        page = client_of(owner).get(NEW, {"address": "https://www.bakery.example/"}).content.decode()
        assert 'value="https://www.bakery.example/"' in page
        assert "All of <bdi>bakery.example</bdi>" in page
        assert "a.b.bakery.example" in page

    def test_analytics_says_plainly_what_it_is_not(self, owner: User, client_of: Browser) -> None:
        page = client_of(owner).get(NEW).content.decode()
        assert "no actions on your pages, no discovery, no AI execution" in page

    def test_a_hostile_address_is_text(self, owner: User, client_of: Browser) -> None:
        page = client_of(owner).get(NEW, {"address": '"><script>alert(1)</script>'}).content.decode()
        assert "<script>alert" not in page

    def test_what_an_address_means_is_told_while_typing(self, owner: User, client_of: Browser) -> None:
        browser = client_of(owner)
        good = browser.get("/workspace/sites/new/address/", {"address": "https://shop.bakery.example/x"})
        assert "not <bdi>bakery.example</bdi>" in good.content.decode()
        bad = browser.get("/workspace/sites/new/address/", {"address": "co.uk"})
        assert "Enter your own name below it" in bad.content.decode()

    def test_the_chosen_hosts_stay_chosen_while_typing(self, owner: User, client_of: Browser) -> None:
        asked = {"address": "shop.bakery.example", "reach": "exact"}
        page = client_of(owner).get("/workspace/sites/new/address/", asked).content.decode()
        assert 'value="exact" checked' in page

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("address", "co.uk", "Enter your own name below it"),
            ("address", "192.0.2.7", "number of a machine"),
            ("name", "x" * 121, "at most 120 characters"),
            ("name", "a\x07b", "without control characters"),
            ("mode", "else", "Select a valid choice"),
            ("business_type", "else", "Select a valid choice"),
            ("label_1", "x" * 81, "at most 80 characters"),
            ("prompt_2", "Only a prompt", "Must not be empty"),
        ],
    )
    def test_an_error_is_at_its_field_and_nothing_is_made(
        self, owner: User, client_of: Browser, field: str, value: str, said: str
    ) -> None:
        page = post(client_of(owner), "create", **{field: value})
        errors = page.context["form"].errors  # type: ignore[attr-defined]
        where = "label_2" if field == "prompt_2" else field
        assert page.status_code == 422
        assert list(errors) == [where]
        assert said in errors[where][0]
        assert not Site.objects.exists()

    def test_a_refused_form_keeps_what_was_typed(self, owner: User, client_of: Browser) -> None:
        page = post(
            client_of(owner), "review", address="co.uk", name="My bakery", cloud="on"
        ).content.decode()
        assert 'value="co.uk"' in page
        assert 'value="My bakery"' in page
        assert 'name="cloud" id="id_cloud" checked' in page.replace(
            'aria-describedby="id_cloud_helptext" ', ""
        )


class TestReview:
    def test_the_review_makes_nothing(self, owner: User, client_of: Browser) -> None:
        assert post(client_of(owner), "review").status_code == 200
        assert not Site.objects.exists()

    def test_the_review_carries_every_answer_to_the_end(self, owner: User, client_of: Browser) -> None:
        browser = client_of(owner)
        typed = {
            "name": "Bakery & Sons",
            "ai_access": "on",
            "cloud": "on",
            "business_type": "ecommerce",
            "reach": "exact",
            "label_1": "Order",
            "prompt_1": "First line\r\nsecond line",
        }
        form = post(browser, "review", **typed).context["form"]  # type: ignore[attr-defined]
        hidden = {name: form[name].value() for name in form.fields}
        answer = browser.post(NEW, {**{k: v for k, v in hidden.items() if v is not None}, "step": "create"})
        assert answer.status_code == 302
        site = made()
        assert site.name == "Bakery & Sons"
        key = site.keys.get(environment="production")
        assert key.policy["domainScopeMode"] == "host_only"
        assert key.policy["cloudSandboxEnabled"] is True
        assert key.capabilities["cloudAgent"] is True
        assert site.config.content["aiAccess"] == {"enabled": True}
        assert site.config.content["shortcuts"][0]["prompt"] == "First line\nsecond line"

    def test_a_link_back_shows_the_questions_with_the_answers(self, owner: User, client_of: Browser) -> None:
        page = post(client_of(owner), "edit", name="My bakery", mode="analytics_only", suggestions="on")
        assert page.status_code == 200
        form = page.context["form"]  # type: ignore[attr-defined]
        assert form["name"].value() == "My bakery"
        assert form["mode"].value() == "analytics_only"
        assert form["ai_access"].value() is False
        assert form["suggestions"].value() is True
        assert not form.errors


class TestMaking:
    def test_an_address_alone_makes_a_site_with_both_keys_and_leads_to_its_installation(
        self, owner: User, client_of: Browser
    ) -> None:
        answer = post(client_of(owner), "create")
        site = made()
        assert answer.headers["Location"] == f"/workspace/sites/{site.public_id}/install/"
        assert (site.name, site.host, site.owner) == ("Bakery", "shop.bakery.example", owner)
        production, development = site.keys.order_by("-environment")
        assert (production.environment, production.ttl_days, production.expires_at) == ("production", 0, None)
        assert production.allowed_domains == ["shop.bakery.example"]
        assert production.policy["domainScopeMode"] == "registrable_domain"
        assert development.environment == "development"
        assert development.allowed_domains == ["localhost", "127.0.0.1", "[::1]"]

    def test_everything_made_is_on_record(self, owner: User, client_of: Browser) -> None:
        post(client_of(owner), "create", ai_access="on")
        actions = list(AuditEntry.objects.filter(site=made()).order_by("id").values_list("action", flat=True))
        assert actions == ["site.created", "site_key.created", "site_key.created", "site_config.changed"]
        assert {entry.actor for entry in AuditEntry.objects.filter(site=made())} == {owner}

    def test_www_is_made_for_the_whole_domain(self, owner: User, client_of: Browser) -> None:
        post(client_of(owner), "create", address="www.bakery.example")
        assert made().keys.get(environment="production").allowed_domains == ["bakery.example"]

    @pytest.mark.parametrize(
        ("address", "domains"),
        [
            ("localhost:3000", ["localhost", "127.0.0.1", "[::1]"]),
            ("shop.test", ["shop.test", "localhost", "127.0.0.1", "[::1]"]),
        ],
    )
    def test_a_local_site_gets_a_development_key_alone(
        self, owner: User, client_of: Browser, address: str, domains: list[str]
    ) -> None:
        post(client_of(owner), "create", address=address)
        key = made().keys.get()
        assert key.environment == "development"
        assert key.allowed_domains == domains

    def test_suggested_and_own_shortcuts_are_stored_with_distinct_ids(
        self, owner: User, client_of: Browser
    ) -> None:
        post(
            client_of(owner),
            "create",
            business_type="restaurant",
            suggestions="on",
            label_1="Menu",
            prompt_1="Today's menu",
            label_3="Menu!",
            prompt_3="Tomorrow's menu",
        )
        stored = SiteConfig.objects.get().content
        assert stored["businessType"] == "restaurant"
        assert [one["id"] for one in stored["shortcuts"]] == ["menu", "menu-2", "free-table"]

    def test_analytics_has_no_ai_access_cloud_or_shortcuts_whatever_was_ticked(
        self, owner: User, client_of: Browser
    ) -> None:
        post(
            client_of(owner),
            "create",
            mode="analytics_only",
            ai_access="on",
            cloud="on",
            suggestions="on",
            label_1="Order",
            prompt_1="Order bread",
        )
        site = made()
        key = site.keys.get(environment="production")
        assert key.policy["siteMode"] == "analytics_only"
        assert key.policy["cloudSandboxEnabled"] is False
        assert site.config.content["aiAccess"] == {"enabled": False}
        assert site.config.content["shortcuts"] == []

    def test_a_plan_for_analytics_with_agents_powers_is_refused(
        self, owner: User, actor: Actor, now: datetime
    ) -> None:
        address = read_address("bakery.example")
        plan = LaunchPlan(
            name="B", address=address, reach=reaches(address)[0], site_mode="analytics_only", ai_access=True
        )
        with pytest.raises(InvalidFields):
            site_launch(actor=actor, owner=owner, plan=plan, now=now)

    def test_when_the_second_key_fails_nothing_is_left(self, owner: User, client_of: Browser) -> None:
        owner.max_keys_per_site = 1
        owner.save()
        page = post(client_of(owner), "create")
        assert page.status_code == 422
        assert "which is the limit" in page.content.decode()
        assert not Site.objects.exists()
        assert not SiteKey.objects.exists()
        assert not AuditEntry.objects.filter(action__startswith="site").exists()

    def test_more_sites_than_allowed_are_refused_with_a_way_out(
        self, owner: User, client_of: Browser
    ) -> None:
        owner.max_sites = 0
        owner.save()
        page = post(client_of(owner), "create").content.decode()
        assert "Archive a site, or ask the administrator" in page


class TestDirectory:
    def test_sites_of_mine_and_of_nobody_else(
        self, site: Site, owner: User, other: User, client_of: Browser
    ) -> None:
        assert "Corner Bakery" in client_of(owner).get("/workspace/sites/").content.decode()
        assert "Corner Bakery" not in client_of(other).get("/workspace/sites/").content.decode()

    @pytest.mark.parametrize("query", ["corner", "BAKERY.example", "corner-bakery-"])
    def test_search_finds_name_host_and_site_id(
        self, site: Site, owner: User, client_of: Browser, query: str
    ) -> None:
        page = client_of(owner).get("/workspace/sites/", {"q": query})
        assert [card.site for card in page.context["cards"]] == [site]

    @pytest.mark.parametrize("query", ["zebra", "x" * 5000, "zeb\x00ra!", "%", "<b>"])
    def test_a_search_without_result_offers_the_way_back(
        self, site: Site, owner: User, client_of: Browser, query: str
    ) -> None:
        page = client_of(owner).get("/workspace/sites/", {"q": query})
        assert page.context["cards"] == []
        assert "Show all sites" in page.content.decode()
        assert "<b>" not in page.content.decode()

    def test_archived_sites_are_folded_away(
        self, site: Site, owner: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        site_create(actor=actor, owner=owner, name="Second", host="second.example", now=now)
        site_archive(actor=actor, site=site, now=now)
        page = client_of(owner).get("/workspace/sites/")
        assert [card.site.name for card in page.context["cards"]] == ["Second"]
        assert [card.site for card in page.context["archived"]] == [site]


class TestOneSite:
    def test_facts_keys_use_refusals_and_changes(
        self, site: Site, key: SiteKey, owner: User, now: datetime, client_of: Browser
    ) -> None:
        for host, reason in (("bakery.example", ""), ("evil.test", "domain_not_allowed")):
            key_seen(key=key, host=host, reason=reason, now=now)
        page = client_of(owner).get(f"/workspace/sites/{site.public_id}/").content.decode()
        assert site.public_id in page
        assert f"{key.prefix}…{key.suffix}" in page
        assert "1 accepted" in page
        assert "evil.test" in page
        assert "Site key: created" in page

    def test_the_value_of_a_key_is_not_on_this_page(
        self, site: Site, minted: object, owner: User, client_of: Browser
    ) -> None:
        page = client_of(owner).get(f"/workspace/sites/{site.public_id}/").content.decode()
        assert minted.value not in page  # type: ignore[attr-defined]

    def test_strangers_get_404(self, site: Site, other: User, client_of: Browser) -> None:
        assert client_of(other).get(f"/workspace/sites/{site.public_id}/").status_code == 404

    def test_keeping_the_policy_finishes_the_step_once(
        self, site: Site, owner: User, client_of: Browser
    ) -> None:
        browser = client_of(owner)
        for _ in range(2):
            assert browser.post(f"/workspace/sites/{site.public_id}/").status_code == 302
        assert AuditEntry.objects.filter(site=site, action="site.policy_reviewed").count() == 1

    def test_a_viewer_sees_the_site_and_cannot_keep_the_policy(
        self, site: Site, viewer: User, client_of: Browser
    ) -> None:
        browser, url = client_of(viewer), f"/workspace/sites/{site.public_id}/"
        assert "Keep it as it is" not in browser.get(url).content.decode()
        assert browser.post(url).status_code == 403
        assert not AuditEntry.objects.filter(action="site.policy_reviewed").exists()


class TestBars:
    def test_nothing_used_draws_nothing(self, now: datetime) -> None:
        assert bars([(now.date(), 0, 0)]).rects == ()

    def test_the_highest_day_fills_the_height_and_one_use_is_still_seen(self, now: datetime) -> None:
        today = now.date()
        chart = bars([(today - timedelta(days=1), 100_000, 0), (today, 0, 1)])
        high, low = chart.rects
        assert float(high.y) + float(high.height) == pytest.approx(HEIGHT)
        assert float(low.height) == 2
        assert (high.kind, low.kind, chart.peak) == ("ok", "no", 100_000)

    def test_no_bar_leaves_the_chart(self, now: datetime) -> None:
        chart = bars([(now.date(), 1, 100_000), (now.date(), 100_000, 1)])
        assert min(float(rect.y) for rect in chart.rects) >= 0
