"""The page of the installation: the snippet, the check of a page, and the proof that hosts are the owner's."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from tests.workspace import world as worlds
from tests.workspace.world import World
from workspace.core.doors import Door
from workspace.core.installation import head_discovery, link_header, snippet, well_known_files
from workspace.core.installation_platforms import platform_tabs
from workspace.core.installation_report import TITLES
from workspace.core.proof import FILE_PATH, challenge_text, txt_name, txt_value
from workspace.models import AuditEntry, HostClaim, Site, SiteKey, User
from workspace.selectors.claims import host_is_proved
from workspace.selectors.installations import installation_of
from workspace.services.audit import Actor
from workspace.services.claims import CLAIMS_PER_SITE, claim_check, claim_open, claim_prove
from workspace.services.keys import key_create, key_end_now, key_rotate, key_update
from workspace.services.sites import site_archive, site_create

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
HOST = "bakery.example"
PUBLIC = "https://rover.example"
LATER = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    """This server has a public address unless a test says otherwise."""
    settings.ROVER = settings.ROVER.model_copy(update={"public_url": PUBLIC})


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
def url(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/install/"


@pytest.fixture
def browser(owner: User, client_of: Browser) -> Client:
    return client_of(owner)


@pytest.fixture
def stranger(other: User) -> Actor:
    return Actor(user=other, door=Door.WORKSPACE)


@pytest.fixture
def rival(stranger: Actor, other: User, now: datetime) -> Site:
    """Another owner's site that says it has the same host."""
    site = site_create(actor=stranger, owner=other, name="Rival Bakers", host=HOST, now=now)
    key_create(actor=stranger, site=site, label="Theirs", allowed_domains=[HOST], now=now)
    return site


@pytest.fixture
def claim(actor: Actor, site: Site, key: SiteKey, now: datetime) -> HostClaim:
    return claim_open(actor=actor, site=site, host=HOST, now=now)


def text_of(page: Any) -> str:
    """What a person reads, as one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def boxes(page: Any) -> list[str]:
    """The texts to be copied, as HTML."""
    return re.findall(r"data-copy-source>(.*?)</code>", page.content.decode(), flags=re.S)


def open_to_agents(site: Site) -> None:
    site.config.content |= {"aiAccess": {"enabled": True}}
    site.config.save()


def development_key(actor: Actor, site: Site, now: datetime) -> SiteKey:
    return key_create(
        actor=actor,
        site=site,
        label="Own machine",
        allowed_domains=["localhost"],
        environment="development",
        now=now,
    ).key


def page_of(site: Site, now: datetime) -> str:
    facts = installation_of(site, now=now)
    key = facts.keys[0]
    return f"<html><head>{head_discovery(facts, key)}</head><body>{snippet(facts, key)}</body></html>"


def put_record(world: World, *claims: HostClaim) -> None:
    world.dns.records[txt_name(claims[0].host)] = [f'"{txt_value(claim.token)}"' for claim in claims]


def actions(site: Site) -> list[str]:
    rows = AuditEntry.objects.filter(site=site, action__startswith="host_claim").order_by("at", "id")
    return list(rows.values_list("action", flat=True))


class TestTheSnippet:
    def test_it_stands_there_ready_to_paste(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        facts = installation_of(site, now=now)
        assert escape(snippet(facts, facts.keys[0])) in boxes(browser.get(url))

    def test_every_platform_has_its_text(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        facts = installation_of(site, now=now)
        tabs = platform_tabs(facts, facts.keys[0])
        page = browser.get(url)
        assert len(tabs) == 8
        assert [tab.name for tab in tabs if escape(tab.text) not in boxes(page)] == []
        assert len(re.findall(r'type="radio" name="platform"', page.content.decode())) == len(tabs)

    def test_the_key_for_production_comes_first_though_another_is_newer(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        development_key(actor, site, now + LATER)
        assert browser.get(url).context["key"] == key

    def test_another_key_is_chosen_by_its_id(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        wanted = development_key(actor, site, now)
        page = browser.get(f"{url}?key={wanted.pk}")
        assert f"data-site-key-id=&quot;{wanted.pk}&quot;" in boxes(page)[0]

    @pytest.mark.parametrize("text", ["nothing", "1", "'", "0f5b3f2e-6d3a-4d3e-9a60-1c2d3e4f5a6b"])
    def test_a_key_that_is_not_there_is_not_found(
        self, browser: Client, url: str, key: SiteKey, text: str
    ) -> None:
        assert browser.get(url, {"key": text}).status_code == 404

    def test_a_key_of_another_site_is_not_found(
        self, browser: Client, url: str, key: SiteKey, rival: Site
    ) -> None:
        theirs = SiteKey.objects.get(site=rival)
        assert browser.get(f"{url}?key={theirs.pk}").status_code == 404

    def test_a_key_that_is_off_gives_way_and_says_so(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        working = development_key(actor, site, now)
        key_update(actor=actor, key=key, active=False, now=now + LATER)
        page = browser.get(f"{url}?key={key.pk}")
        assert page.context["key"] == working
        assert f"The key {key.label} does not work now" in text_of(page)

    def test_of_a_rotated_pair_the_new_one_is_shown(
        self, browser: Client, url: str, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        heir = key_rotate(actor=actor, key=key, label="New", grace_seconds=3600, now=now).key
        assert browser.get(url).context["key"] == heir
        assert "This key was rotated and ends soon" in text_of(browser.get(f"{url}?key={key.pk}"))

    def test_a_key_without_embed_is_warned_of(
        self, browser: Client, url: str, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        key_update(actor=actor, key=key, capabilities={"roverEmbed": False}, now=now + LATER)
        assert "Embed is off for this key" in text_of(browser.get(url))

    def test_analytics_alone_is_said_to_be_no_more(
        self, browser: Client, url: str, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        key_update(actor=actor, key=key, policy={"siteMode": "analytics_only"}, now=now + LATER)
        assert "no actions on your pages, no discovery, no AI execution" in text_of(browser.get(url))

    def test_its_last_use_is_told(self, browser: Client, url: str, key: SiteKey, now: datetime) -> None:
        assert "No page has used this key yet" in text_of(browser.get(url))
        SiteKey.objects.filter(pk=key.pk).update(last_used_at=now, last_used_host="www.bakery.example")
        assert "Last seen just now on www.bakery.example" in text_of(browser.get(url))

    def test_the_configuration_for_tests_is_json_of_this_key(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        assert json.loads(browser.get(url).context["trial"]) == {
            "siteId": site.public_id,
            "publicKey": installation_of(site, now=now).keys[0].public_key,
            "siteKeyId": str(key.pk),
            "apiBase": PUBLIC,
            "allowedDomains": [HOST],
            "domainScopeMode": "registrable_domain",
            "openOnInit": True,
            "mode": "full",
            "allowActions": True,
            "capabilities": {"roverEmbed": True},
        }

    def test_a_site_without_keys_teaches_what_the_snippet_is(
        self, browser: Client, url: str, site: Site
    ) -> None:
        page = browser.get(url)
        assert "It needs a key that works" in text_of(page)
        assert "No key of this site works, so there is no snippet yet" in text_of(page)
        assert f"/workspace/sites/{site.public_id}/keys/new/" in page.content.decode()

    def test_an_archived_site_says_why_there_is_none(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        site_archive(actor=actor, site=site, now=now)
        assert "This site is archived, so it has no snippet" in text_of(browser.get(url))

    def test_a_value_that_cannot_be_opened_any_more_is_told_from_no_key(
        self, browser: Client, url: str, key: SiteKey
    ) -> None:
        SiteKey.objects.filter(pk=key.pk).update(sealed_value="sealed by somebody else")
        assert "The snippet cannot be shown" in text_of(browser.get(url))

    def test_hostile_names_stay_text(
        self, browser: Client, url: str, site: Site, actor: Actor, now: datetime
    ) -> None:
        name = '"><script>alert(1)</script>'
        Site.objects.filter(pk=site.pk).update(name=name)
        key_create(actor=actor, site=site, label=name, allowed_domains=[HOST], now=now)
        open_to_agents(Site.objects.get(pk=site.pk))
        page = browser.get(url).content.decode()
        assert escape(name) in page
        assert "<script>alert" not in page


class TestTheAddressOfTheServer:
    NO_REACH = "Visitors cannot load this"

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("", NO_REACH),
            ("http://localhost:8000", NO_REACH),
            ("https://rover.test", NO_REACH),
            ("http://rover.example", "browsers refuse scripts by http there"),
        ],
    )
    def test_one_that_cannot_work_is_said_in_red_beside_a_production_key(
        self, browser: Client, url: str, key: SiteKey, settings: Any, address: str, said: str
    ) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"public_url": address})
        page = browser.get(url)
        assert said in text_of(page)
        assert "ROVER_PUBLIC_URL" in text_of(page)
        assert 'class="rv-note rv-bad"' in page.content.decode()

    def test_an_address_of_the_own_network_may_not_be_the_public_one(
        self, browser: Client, url: str, key: SiteKey, settings: Any
    ) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"public_url": "", "bind": "192.0.2.7"})
        assert "Visitors may not be able to load this: http://192.0.2.7" in text_of(browser.get(url))

    def test_a_public_one_is_passed_over(self, browser: Client, url: str, key: SiteKey) -> None:
        assert "ROVER_PUBLIC_URL" not in text_of(browser.get(url))

    def test_keys_for_work_do_well_with_a_local_one(
        self, browser: Client, url: str, site: Site, actor: Actor, settings: Any, now: datetime
    ) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"public_url": ""})
        development_key(actor, site, now)
        assert "ROVER_PUBLIC_URL" not in text_of(browser.get(url))


class TestTheSignsForAgents:
    def test_head_header_and_files_are_there_while_discovery_is_on(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        facts = installation_of(site, now=now)
        page = browser.get(url)
        assert escape(head_discovery(facts, facts.keys[0])) in boxes(page)
        assert escape(link_header(facts, facts.keys[0])) in boxes(page)
        assert f"https://{HOST}/.well-known/agent-card.json" in text_of(page)

    def test_the_files_come_as_downloads(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        facts = installation_of(site, now=now)
        expected = well_known_files(facts, facts.keys[0])
        assert len(expected) == 3
        for path, text in expected.items():
            name = path.rpartition("/")[2]
            answer = browser.get(f"{url}files/{name}")
            assert answer.content.decode() == text
            assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
            assert answer["Content-Type"].startswith(
                "application/json" if ".json" in name else "text/markdown"
            )

    def test_the_page_says_where_this_server_has_the_files_and_from_when_on(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        served = f"/discovery/{site.public_id}/agent-card.json"
        before = text_of(browser.get(url))
        assert served in before
        assert f"Not served yet: It is not proved yet that {HOST} is yours." in before
        assert Client().get(served).status_code == 404
        HostClaim.objects.create(site=site, host=HOST, token="t", created_at=now, proved_at=now)
        after = text_of(browser.get(url))
        assert served in after
        assert "Not served yet" not in after
        assert Client().get(served).status_code == 200

    def test_what_is_downloaded_is_what_is_served(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        HostClaim.objects.create(site=site, host=HOST, token="t", created_at=now, proved_at=now)
        for name in ("agent-card.json", "rover-site.json", "llms.txt"):
            served = Client().get(f"/discovery/{site.public_id}/{name}")
            assert browser.get(f"{url}files/{name}").content == served.content

    def test_nothing_is_there_while_agents_are_not_let_in(
        self, browser: Client, url: str, site: Site, key: SiteKey
    ) -> None:
        page = text_of(browser.get(url))
        assert "Nothing now: discovery is off" in page
        assert "application/agent+json" not in page
        assert browser.get(f"{url}files/agent-card.json").status_code == 404

    @pytest.mark.parametrize(
        "name", ["other.json", "rover-site-verification.txt", "agent-card.json%00", ".."]
    )
    def test_there_is_no_other_file(
        self, browser: Client, url: str, site: Site, key: SiteKey, name: str
    ) -> None:
        open_to_agents(site)
        assert browser.get(f"{url}files/{name}").status_code == 404


class TestTheCheck:
    def check(self, browser: Client, url: str, address: str) -> Any:
        return browser.post(f"{url}check/", {"url": address})

    def test_the_front_page_is_offered(self, browser: Client, url: str, key: SiteKey) -> None:
        page = browser.get(url).content.decode()
        assert f'name="url" value="https://{HOST}/"' in page
        assert "data-once" in page
        assert "half a minute" in page

    def test_a_complete_installation_passes_and_proves_the_host(
        self, world: World, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        open_to_agents(site)
        world.serve(HOST, "/", page_of(site, now))
        facts = installation_of(site, now=now)
        for path, text in well_known_files(facts, facts.keys[0]).items():
            world.serve(HOST, path, text, type="application/json")
        page = self.check(browser, url, f"https://{HOST}/")
        assert page.status_code == 200
        assert text_of(page).count("✓ passed") == len(TITLES) + 1
        assert "The page is in order" in text_of(page)
        assert host_is_proved(site, HOST)
        assert actions(site) == ["host_claim.opened", "host_claim.proved"]
        assert AuditEntry.objects.get(action="host_claim.proved").actor_name == "owner"

    def test_each_failure_comes_with_what_to_do_and_what_to_paste(
        self, world: World, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        page = self.check(browser, url, HOST)
        words = text_of(page)
        assert "Something is to be done" in words
        assert "✕ failed The script tag is in the page" in words
        assert "What to do: Paste the tag" in words
        assert "– not checked The tag points at this server" in words
        assert "! look at it Control of the host is proved" in words
        facts = installation_of(site, now=now)
        assert boxes(page)[0] == escape(snippet(facts, facts.keys[0]))

    def test_the_result_is_said_to_be_kept_nowhere_and_is(
        self, world: World, browser: Client, url: str, key: SiteKey
    ) -> None:
        assert "This result is not kept" in text_of(self.check(browser, url, HOST))
        assert 'id="report"' not in browser.get(url).content.decode()

    def test_text_of_the_page_cannot_become_markup(
        self, world: World, browser: Client, url: str, key: SiteKey
    ) -> None:
        tag = '<script src="/embed.js" data-site-id="&lt;img src=x onerror=alert(1)&gt;"></script>'
        world.serve(HOST, "/", tag)
        page = self.check(browser, url, HOST).content.decode()
        assert "The tag says &lt;img src=x" in page
        assert "<img src=x" not in page

    def test_a_host_that_no_key_lists_is_refused_at_the_field_with_the_remedy(
        self, world: World, browser: Client, url: str, site: Site, key: SiteKey
    ) -> None:
        world.serve("other.example", "/", "secret")
        page = self.check(browser, url, "https://other.example/<b>")
        assert page.status_code == 422
        assert "Add other.example to the domains of a key" in page.context["check"].errors["url"][0]
        assert f'value="{escape("https://other.example/<b>")}"' in page.content.decode()
        assert world.asked == []
        assert not HostClaim.objects.exists()

    @pytest.mark.parametrize(
        "text", ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "\x00", "x" * 2001]
    )
    def test_what_is_no_address_is_refused_at_the_field(
        self, world: World, browser: Client, url: str, key: SiteKey, text: str
    ) -> None:
        page = self.check(browser, url, text)
        assert page.status_code == 422
        assert page.context["check"].errors["url"]
        assert world.asked == []

    def test_a_site_without_keys_reads_nothing(
        self, world: World, browser: Client, url: str, site: Site
    ) -> None:
        page = self.check(browser, url, HOST)
        assert page.status_code == 422
        assert "The site has no working key" in text_of(page)
        assert world.asked == []

    def test_an_address_alone_leads_to_the_page(self, browser: Client, url: str, key: SiteKey) -> None:
        assert browser.get(f"{url}check/")["Location"] == url

    def test_the_chosen_key_stays_chosen(
        self, world: World, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        wanted = development_key(actor, site, now)
        page = browser.post(f"{url}check/?key={wanted.pk}", {"url": HOST})
        assert page.context["key"] == wanted


class TestTheHosts:
    def test_those_of_working_keys_are_listed_the_main_one_first(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        rules = ["=a.example", "*.wild.example", "b.example"]
        ended = key_create(
            actor=actor, site=site, label="Gone", allowed_domains=["gone.example"], now=now
        ).key
        key_end_now(actor=actor, key=ended, now=now)
        key_create(actor=actor, site=site, label="More", allowed_domains=rules, now=now + LATER)
        development_key(actor, site, now)
        page = browser.get(url)
        assert [row.host for row in page.context["hosts"]] == [HOST, "a.example", "b.example"]
        assert page.context["local_hosts"] == ["localhost"]

    def test_a_claim_is_opened_and_its_three_ways_shown(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        page = browser.post(f"{url}hosts/", {"host": HOST}, follow=True)
        claim = HostClaim.objects.get(site=site)
        facts = installation_of(site, now=now)
        assert claim.host == HOST
        assert not claim.is_proved
        assert page.redirect_chain[0][0].endswith(f"#host-{claim.pk}")
        for text in (
            txt_name(HOST),
            txt_value(claim.token),
            challenge_text(site.public_id, claim.token),
            snippet(facts, facts.keys[0]),
        ):
            assert escape(text) in boxes(page)
        assert f"https://{HOST}{FILE_PATH}" in text_of(page)
        assert actions(site) == ["host_claim.opened"]

    def test_a_subdomain_that_a_rule_covers_can_be_claimed_as_typed(
        self, browser: Client, url: str, site: Site, key: SiteKey
    ) -> None:
        browser.post(f"{url}hosts/", {"host": " https://Shop.Bakery.example/cart "})
        assert HostClaim.objects.get().host == "shop.bakery.example"

    @pytest.mark.parametrize(
        ("host", "said"),
        [
            ("", "Give a host."),
            ("no host at all", "Give a host like shop.example.com."),
            ("localhost", "localhost is nobody's alone."),
            ("other.example", "No working key of this site lists other.example."),
            ("bakery.example.other.example", "No working key of this site lists"),
            ("\x00", "Null characters are not allowed."),
        ],
    )
    def test_what_cannot_be_claimed_is_refused_at_the_field(
        self, browser: Client, url: str, key: SiteKey, host: str, said: str
    ) -> None:
        page = browser.post(f"{url}hosts/", {"host": host})
        assert page.status_code == 422
        assert page.context["open_form"].errors["host"][0].startswith(said)
        assert not HostClaim.objects.exists()

    def test_there_is_a_limit(
        self, browser: Client, url: str, site: Site, key: SiteKey, now: datetime
    ) -> None:
        HostClaim.objects.bulk_create(
            HostClaim(site=site, host=f"h{n}.bakery.example", token=f"t{n}", created_at=now)
            for n in range(CLAIMS_PER_SITE)
        )
        page = browser.post(f"{url}hosts/", {"host": HOST})
        assert page.status_code == 422
        assert "Release one" in page.context["open_form"].errors["host"][0]

    def test_an_address_has_no_record(
        self, browser: Client, url: str, site: Site, actor: Actor, now: datetime
    ) -> None:
        key_create(actor=actor, site=site, label="Bare", allowed_domains=["192.0.2.9"], now=now)
        claim_open(actor=actor, site=site, host="192.0.2.9", now=now)
        page = browser.get(f"{url}?host=192.0.2.9")
        assert "A file" in text_of(page)
        assert "A TXT record" not in text_of(page)

    def test_a_host_that_keys_list_no_more_cannot_be_looked_at(
        self,
        world: World,
        browser: Client,
        url: str,
        claim: HostClaim,
        key: SiteKey,
        actor: Actor,
        now: datetime,
    ) -> None:
        key_update(actor=actor, key=key, allowed_domains=["other.example"], now=now + LATER)
        page = browser.post(f"{url}hosts/{claim.pk}/check/")
        assert page.status_code == 409
        assert f"No working key of this site lists {HOST}" in text_of(page)
        assert (world.asked, world.dns.asked) == ([], [])

    def test_it_takes_as_many_queries_for_one_host_as_for_many(
        self, browser: Client, url: str, site: Site, key: SiteKey, actor: Actor, now: datetime
    ) -> None:
        with CaptureQueriesContext(connection) as one:
            browser.get(url)
        for number in range(5):
            claim_open(actor=actor, site=site, host=f"h{number}.{HOST}", now=now)
        with CaptureQueriesContext(connection) as many:
            browser.get(url)
        assert len(many) == len(one)

    def test_a_name_in_other_letters_is_shown_in_both_forms(
        self, browser: Client, url: str, site: Site, actor: Actor, now: datetime
    ) -> None:
        key_create(actor=actor, site=site, label="Books", allowed_domains=["xn--bcher-kva.example"], now=now)
        assert "bücher.example xn--bcher-kva.example" in text_of(browser.get(url))


class TestTheProof:
    def look(self, browser: Client, url: str, claim: HostClaim) -> Any:
        return browser.post(f"{url}hosts/{claim.pk}/check/", follow=True)

    def put_record(self, world: World, claim: HostClaim, now: datetime) -> None:
        put_record(world, claim)

    def put_file(self, world: World, claim: HostClaim, now: datetime) -> None:
        world.serve(HOST, FILE_PATH, challenge_text(claim.site.public_id, claim.token), type="text/plain")

    def put_tag(self, world: World, claim: HostClaim, now: datetime) -> None:
        world.serve(HOST, "/", page_of(claim.site, now))

    @pytest.mark.parametrize(
        ("put", "words"),
        [
            ("put_record", "a TXT record"),
            ("put_file", "the file"),
            ("put_tag", "the snippet on the front page"),
        ],
    )
    def test_each_sign_proves_the_host(
        self,
        world: World,
        browser: Client,
        url: str,
        site: Site,
        claim: HostClaim,
        now: datetime,
        put: str,
        words: str,
    ) -> None:
        getattr(self, put)(world, claim, now)
        page = self.look(browser, url, claim)
        assert page.redirect_chain
        assert f"Proved: {HOST}, by {words}." in text_of(page)
        assert f"✓ proved by {words}, since" in text_of(page)
        assert host_is_proved(site, HOST)
        assert actions(site) == ["host_claim.opened", "host_claim.proved"]

    def test_without_a_sign_each_way_says_what_it_gave(
        self, world: World, browser: Client, url: str, site: Site, claim: HostClaim
    ) -> None:
        page = self.look(browser, url, claim)
        words = text_of(page)
        assert page.status_code == 200
        assert "No sign was found yet" in words
        assert f"TXT record : {txt_name(HOST)} has no record." in words
        assert "File : The file has status 404." in words
        assert "Front page : The front page does not carry" in words
        assert not host_is_proved(site, HOST)
        claim.refresh_from_db()
        assert claim.checked_at is not None

    def test_a_proof_stays_when_its_sign_is_gone(
        self,
        world: World,
        browser: Client,
        url: str,
        site: Site,
        claim: HostClaim,
        actor: Actor,
        now: datetime,
    ) -> None:
        claim_prove(actor=actor, claim=claim, method="txt", now=now)
        page = self.look(browser, url, claim)
        assert "The host stays proved" in text_of(page)
        assert host_is_proved(site, HOST)

    def test_a_host_that_another_owner_holds_is_refused_without_naming_anybody(
        self,
        world: World,
        browser: Client,
        url: str,
        site: Site,
        claim: HostClaim,
        rival: Site,
        stranger: Actor,
        now: datetime,
    ) -> None:
        theirs = claim_open(actor=stranger, site=rival, host=HOST, now=now)
        put_record(world, theirs)
        claim_check(actor=stranger, claim=theirs, now=now)
        put_record(world, theirs, claim)
        page = self.look(browser, url, claim)
        assert page.status_code == 409
        assert f"Another site has proved control of {HOST}" in text_of(page)
        for name in ("other", rival.name, rival.public_id, str(theirs.pk), theirs.token):
            assert name not in page.content.decode().replace("Another", "").replace("another", "")
        assert host_is_proved(rival, HOST)
        assert not host_is_proved(site, HOST)

    def test_a_host_that_passed_on_is_said_to_be_lost(
        self, browser: Client, url: str, claim: HostClaim, actor: Actor, now: datetime
    ) -> None:
        HostClaim.objects.filter(pk=claim.pk).update(proved_at=now, lost_at=now, method="txt")
        assert "✕ lost" in text_of(browser.get(url))
        assert "another site proved control of it" in text_of(browser.get(url))

    def test_the_file_is_a_download(self, browser: Client, url: str, site: Site, claim: HostClaim) -> None:
        answer = browser.get(f"{url}hosts/{claim.pk}/rover-site-verification.txt")
        assert answer.content.decode() == challenge_text(site.public_id, claim.token)
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert "attachment" in answer["Content-Disposition"]

    def test_looking_needs_a_post(self, world: World, browser: Client, url: str, claim: HostClaim) -> None:
        assert browser.get(f"{url}hosts/{claim.pk}/check/").status_code == 302
        assert (world.asked, world.dns.asked) == ([], [])


class TestRelease:
    def test_it_says_first_what_stops(
        self, browser: Client, url: str, site: Site, claim: HostClaim, actor: Actor, now: datetime
    ) -> None:
        claim_prove(actor=actor, claim=claim, method="txt", now=now)
        page = browser.get(f"{url}hosts/{claim.pk}/release/")
        assert "public tasks, discovery and cloud runs are off on this host" in text_of(page)
        assert host_is_proved(site, HOST)

    def test_then_the_host_is_free(
        self, browser: Client, url: str, site: Site, claim: HostClaim, actor: Actor, now: datetime
    ) -> None:
        claim_prove(actor=actor, claim=claim, method="txt", now=now)
        page = browser.post(f"{url}hosts/{claim.pk}/release/", follow=True)
        assert f"Released: {HOST}." in text_of(page)
        assert not HostClaim.objects.exists()
        assert actions(site)[-1] == "host_claim.withdrawn"

    def test_a_second_time_there_is_nothing_to_release(
        self, browser: Client, url: str, claim: HostClaim
    ) -> None:
        browser.post(f"{url}hosts/{claim.pk}/release/")
        assert browser.post(f"{url}hosts/{claim.pk}/release/").status_code == 404


class TestWhoMay:
    def posts(self, url: str, claim: HostClaim) -> list[tuple[str, dict[str, str]]]:
        return [
            (f"{url}check/", {"url": HOST}),
            (f"{url}hosts/", {"host": f"new.{HOST}"}),
            (f"{url}hosts/{claim.pk}/check/", {}),
            (f"{url}hosts/{claim.pk}/release/", {}),
        ]

    def test_a_viewer_reads_it_all_and_starts_nothing(
        self, world: World, viewer: User, client_of: Browser, url: str, site: Site, claim: HostClaim
    ) -> None:
        open_to_agents(site)
        browser = client_of(viewer)
        page = browser.get(f"{url}?host={HOST}")
        assert txt_value(claim.token) in boxes(page)
        assert 'method="post" action="/workspace/sites' not in page.content.decode()
        assert browser.get(f"{url}files/llms.txt").status_code == 200
        assert browser.get(f"{url}hosts/{claim.pk}/rover-site-verification.txt").status_code == 200
        assert browser.get(f"{url}hosts/{claim.pk}/release/").status_code == 403
        assert [browser.post(path, body).status_code for path, body in self.posts(url, claim)] == [403] * 4
        assert (HostClaim.objects.count(), world.asked, world.dns.asked) == (1, [], [])

    def test_an_admin_of_the_site_starts_checks(
        self, world: World, colleague: User, client_of: Browser, url: str, claim: HostClaim
    ) -> None:
        browser = client_of(colleague)
        assert [browser.post(path, body).status_code for path, body in self.posts(url, claim)] == [
            200,
            302,
            200,
            302,
        ]

    def test_a_stranger_finds_nothing(
        self, world: World, other: User, client_of: Browser, url: str, claim: HostClaim
    ) -> None:
        browser = client_of(other)
        pages = [url, f"{url}files/llms.txt", f"{url}hosts/{claim.pk}/rover-site-verification.txt"]
        assert [browser.get(path).status_code for path in pages] == [404] * 3
        assert [browser.post(path, body).status_code for path, body in self.posts(url, claim)] == [404] * 4
        assert (world.asked, world.dns.asked) == ([], [])

    def test_claims_of_other_sites_are_not_found_below_an_own_one(
        self,
        world: World,
        browser: Client,
        url: str,
        key: SiteKey,
        rival: Site,
        stranger: Actor,
        now: datetime,
    ) -> None:
        theirs: UUID = claim_open(actor=stranger, site=rival, host=HOST, now=now).pk
        for path in ("check/", "release/"):
            assert browser.post(f"{url}hosts/{theirs}/{path}").status_code == 404
        assert browser.get(f"{url}hosts/{theirs}/rover-site-verification.txt").status_code == 404
        assert HostClaim.objects.filter(pk=theirs).exists()
