"""Try it: the way to a sample page with the owner's own key, what is missing when it would not work, and how far
that page is from the workspace whose host it has."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from lxml import html

from tests.workspace.conftest import Named
from workspace.core.csp import parse_policies
from workspace.core.doors import Door
from workspace.models import Site, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.keys import key_create, key_end_now, key_update
from workspace.services.sites import site_archive, site_create

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
HERE = "testserver"


@pytest.fixture
def browser(owner: User, client_of: SignedIn) -> Client:
    return client_of(owner)


@pytest.fixture
def ready(site: Site, actor: Actor, now: Any) -> Named:
    """A key that lists the host of this server."""
    made = key_create(
        actor=actor,
        site=site,
        label="This machine",
        allowed_domains=[HERE],
        environment="development",
        allow_intranet=True,
        now=now,
    )
    return Named(made.key, made.value)


def trial_path(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/try/"


def sample_path(key: SiteKey, leaf: str = "") -> str:
    return f"{trial_path(key.site)}{key.pk}/{leaf}"


def text_of(page: str) -> str:
    found = html.fromstring(page).xpath("//*[contains(@class, 'rv-page')]")
    return " ".join(found[0].text_content().split())


def shown(browser: Client, path: str, *, at: str = HERE, **query: str) -> str:
    """The page, as somebody sees it who knows the server by this host."""
    response = browser.get(path, query, headers={"host": at})
    assert response.status_code == 200, response.content[:1000]
    return response.content.decode()


class TestTheWayThere:
    def test_leads_to_the_sample_with_a_key_that_works_here(
        self, browser: Client, site: Site, key: SiteKey, ready: Named
    ) -> None:
        page = html.fromstring(shown(browser, trial_path(site)))
        [link] = page.xpath("//a[@target='_blank']")
        assert link.get("href") == sample_path(ready.key)
        assert link.get("rel") == "noopener"

    def test_chooses_another_key_by_the_address(
        self, browser: Client, site: Site, key: SiteKey, ready: Named
    ) -> None:
        told = text_of(shown(browser, trial_path(site), key=str(key.pk)))
        assert "This key does not list the host of this server, testserver." in told

    def test_says_that_the_key_does_not_list_this_host_and_what_to_do(
        self, browser: Client, site: Site, key: SiteKey
    ) -> None:
        page = shown(browser, trial_path(site), at="127.0.0.1")
        told = text_of(page)
        assert "This key does not list the host of this server, 127.0.0.1." in told
        assert "This key cannot list it:" in told
        assert "Make a key for development" in told
        assert "the snippet is all that it needs" in told
        assert sample_path(key) not in page

    def test_offers_to_add_this_host_where_the_key_may_list_it(
        self, browser: Client, site: Site, key: SiteKey, settings: Any
    ) -> None:
        settings.ALLOWED_HOSTS = ["rover.example"]
        page = shown(browser, trial_path(site), at="rover.example")
        [form] = html.fromstring(page).xpath("//form[.//input[@name='host']]")
        assert "Add =rover.example to the key" in " ".join(form.text_content().split())
        fields = {one.get("name"): one.get("value") for one in form.xpath(".//input")}
        browser.post(form.get("action"), fields, headers={"host": "rover.example"})
        assert sample_path(key) in shown(browser, trial_path(site), at="rover.example")

    def test_says_what_stops_a_key(
        self, browser: Client, site: Site, key: SiteKey, actor: Actor, now: Any
    ) -> None:
        key_update(actor=actor, key=key, capabilities={"roverEmbed": False}, now=now)
        assert "The capability Embed is off" in text_of(shown(browser, trial_path(site)))

    def test_says_that_a_key_for_analytics_only_watches(
        self, browser: Client, site: Site, ready: Named, actor: Actor, now: Any
    ) -> None:
        key_update(actor=actor, key=ready.key, policy={"siteMode": "analytics_only"}, now=now)
        assert "the assistant opens, and does nothing" in text_of(shown(browser, trial_path(site)))

    def test_asks_for_a_key_when_there_is_none(
        self, browser: Client, site: Site, key: SiteKey, actor: Actor, now: Any
    ) -> None:
        key_end_now(actor=actor, key=key, now=now)
        assert "No key of this site works" in text_of(shown(browser, trial_path(site)))

    def test_says_that_an_archived_site_opens_nothing(
        self, browser: Client, site: Site, ready: Named, actor: Actor, now: Any
    ) -> None:
        site_archive(actor=actor, site=site, now=now)
        assert "The site is archived" in text_of(shown(browser, trial_path(site)))
        assert browser.get(sample_path(ready.key)).status_code == 302

    def test_is_in_the_side_bar(self, browser: Client, site: Site) -> None:
        page = html.fromstring(shown(browser, trial_path(site)))
        assert page.xpath("//*[@id='rv-sidebar']//a[@aria-current='page']")[0].text_content() == "Try it"


class TestTheSample:
    def test_carries_the_tag_with_the_owners_own_key(self, browser: Client, site: Site, ready: Named) -> None:
        page = html.fromstring(shown(browser, sample_path(ready.key)))
        [tag] = page.xpath("//script")
        assert dict(tag.attrib) == {
            "src": "/embed.js",
            "data-site-id": site.public_id,
            "data-public-key": ready.value,
            "data-site-key-id": str(ready.key.pk),
            "async": "",
        }

    def test_has_headings_links_a_search_and_a_booking(self, browser: Client, ready: Named) -> None:
        page = html.fromstring(shown(browser, sample_path(ready.key)))
        assert page.xpath("//h1")[0].text_content() == "Welcome to the Sample Café"
        assert len(page.xpath("//nav/a")) == 3
        assert page.xpath("//form[@role='search']//input[@type='search']")
        labelled = {label.get("for") for label in page.xpath("//form[@class='booking']//label")}
        assert labelled == {"name", "people", "day"}

    @pytest.mark.parametrize(
        ("leaf", "query", "told"),
        [
            ("menu/", {}, "3.80 €"),
            ("hours/", {}, "10:00–16:00"),
            ("search/", {"q": "HONEY"}, "Tea, coffee, toast with honey"),
            ("search/", {"q": "zither"}, "Nothing was found for “zither”"),
            ("search/", {}, "Nothing was found."),
            ("booked/", {"name": "Ada", "people": "2", "day": "Friday"}, "Ada"),
        ],
    )
    def test_answers_its_links_and_forms(
        self, browser: Client, ready: Named, leaf: str, query: dict[str, str], told: str
    ) -> None:
        page = html.fromstring(shown(browser, sample_path(ready.key, leaf), **query))
        assert told in " ".join(page.xpath("//main")[0].text_content().split())

    def test_every_link_on_it_leads_somewhere(self, browser: Client, ready: Named) -> None:
        for leaf in ("", "menu/", "search/?q=a"):
            page = html.fromstring(browser.get(sample_path(ready.key, leaf)).content.decode())
            for href in page.xpath("//body//a/@href"):
                assert browser.get(href).status_code == 200, href

    @pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
    def test_what_was_typed_is_text(self, browser: Client, ready: Named, text: str) -> None:
        for leaf in ("search/", "booked/"):
            page = shown(browser, sample_path(ready.key, leaf), q=text, name=text, people=text, day=text)
            assert "<script>alert" not in page
            assert "<img" not in page

    def test_takes_no_form_that_changes_something(self, browser: Client, ready: Named) -> None:
        assert browser.post(sample_path(ready.key, "booked/")).status_code == 405


class TestHowFarItIsFromTheWorkspace:
    @pytest.fixture
    def policy(self, browser: Client, ready: Named) -> Any:
        header = browser.get(sample_path(ready.key)).headers["Content-Security-Policy"]
        [policy] = parse_policies([header])
        return policy

    def test_its_policy_is_its_own(self, policy: Any) -> None:
        assert policy.directives["default-src"] == ("'none'",)
        assert policy.directives["frame-ancestors"] == ("'none'",)
        assert policy.directives["base-uri"] == ("'none'",)
        assert "'unsafe-inline'" not in str(policy.directives)

    def test_it_loads_the_scripts_for_pages_and_no_other(self, policy: Any) -> None:
        said = policy.directives["script-src"]
        assert [one.removeprefix("http://testserver") for one in said] == [
            "/embed.js",
            "/embed/",
            "/roverbook/",
        ]

    def test_it_speaks_with_the_paths_for_pages_and_not_with_the_workspace(self, policy: Any) -> None:
        said = policy.directives["connect-src"]
        assert [one.removeprefix("http://testserver") for one in said] == [
            "/v2/rover/",
            "/v1/roverbook/",
            "/v1/tasks/",
            "/discovery/",
        ]

    def test_its_forms_go_to_itself(self, policy: Any, ready: Named) -> None:
        assert policy.directives["form-action"] == (f"http://testserver{sample_path(ready.key)}",)

    def test_it_is_kept_by_nobody(self, browser: Client, ready: Named) -> None:
        assert browser.get(sample_path(ready.key)).headers["Cache-Control"].startswith("no-store")

    def test_nothing_of_the_workspace_is_on_it_but_the_way_back(self, browser: Client, ready: Named) -> None:
        page = shown(browser, sample_path(ready.key))
        assert "csrfmiddlewaretoken" not in page
        links = re.findall(r'href="(/workspace/[^"]*)"', page)
        outside = [link for link in links if "/try/" not in link]
        assert outside == []


class TestWhoMay:
    def test_those_who_may_edit(
        self, site: Site, ready: Named, viewer: User, colleague: User, client_of: SignedIn
    ) -> None:
        for path in (trial_path(site), sample_path(ready.key), sample_path(ready.key, "menu/")):
            assert client_of(colleague).get(path).status_code == 200
            assert client_of(viewer).get(path).status_code == 403

    def test_no_stranger_and_nobody_who_is_not_signed_in(
        self, site: Site, ready: Named, other: User, client_of: SignedIn
    ) -> None:
        for path in (trial_path(site), sample_path(ready.key)):
            assert client_of(other).get(path).status_code == 404
            assert Client().get(path).status_code == 302

    def test_a_key_of_another_site_is_none(
        self, browser: Client, site: Site, ready: Named, other: User, client_of: SignedIn, now: Any
    ) -> None:
        actor = Actor(user=other, door=Door.WORKSPACE)
        theirs = site_create(actor=actor, owner=other, name="Other", host="other.example", now=now)
        made = key_create(
            actor=actor, site=theirs, label="Theirs", allowed_domains=["other.example"], now=now
        )
        assert browser.get(f"{trial_path(site)}{made.key.pk}/").status_code == 404
        assert client_of(other).get(f"{trial_path(theirs)}{ready.key.pk}/").status_code == 404
        assert made.value not in shown(browser, trial_path(site), key=str(made.key.pk))
