"""AI access: the switches, what follows from them in words, cloud by key, proof by host, and what agents find."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from workspace.models import AuditEntry, HostClaim, Site, SiteConfig, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_create, key_end_now, key_update

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ALL = {"enabled": True, "allowCloudBrowser": True, "allowDelegatedHandoffs": True, "debugStreaming": True}


@pytest.fixture
def url(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/ai-access/"


@pytest.fixture
def browser(owner: User, client_of: Browser) -> Client:
    return client_of(owner)


@pytest.fixture
def stored(site: Site, actor: Actor, now: datetime) -> Callable[..., SiteConfig]:
    """Saves members of the configuration past the page."""

    def save(**patch: Any) -> SiteConfig:
        return site_config_patch(actor=actor, site=site, patch=patch, max_stored=100, now=now)

    return save


@pytest.fixture
def proved(site: Site, now: datetime) -> HostClaim:
    return HostClaim.objects.create(
        site=site, host=site.host, token="t", created_at=now, proved_at=now, method="txt"
    )


def answers(site: Site, **changed: Any) -> dict[str, Any]:
    """What the form posts: as it stands, with `changed`; a switch that is off is not posted."""
    version = SiteConfig.objects.get(site=site).version
    as_new = {"discovery": "on", "cloud": "on", "prompt_links": "", "shortcut_links": "", "note": ""}
    return {
        name: value for name, value in {**as_new, "version": version, **changed}.items() if value is not False
    }


def content(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = SiteConfig.objects.get(site=site).content
    return found


def can(page: Any) -> dict[str, str]:
    return {ability.label.split()[0]: ability.answer for ability in page.context["state"].abilities}


def text_of(page: Any) -> str:
    return str(page.content.decode())


class TestSwitches:
    def test_a_new_site_is_closed(self, site: Site, key: SiteKey, url: str, browser: Client) -> None:
        page = browser.get(url)
        assert page.context["state"].is_on is False
        assert set(can(page).values()) == {"no"}

    @pytest.mark.parametrize(
        ("given", "access"),
        [
            ({"enabled": "on"}, {"enabled": True}),
            ({"cloud": False}, {"allowCloudBrowser": False}),
            ({"handoffs": "on"}, {"allowDelegatedHandoffs": True}),
            ({"debug": "on"}, {"debugStreaming": True}),
            ({"prompt_links": "no"}, {"allowPromptLaunch": False}),
            ({"shortcut_links": "yes"}, {"allowShortcutLaunch": True}),
        ],
    )
    def test_each_switch_is_saved_alone_and_on_record(
        self, site: Site, url: str, browser: Client, given: dict[str, Any], access: dict[str, bool]
    ) -> None:
        assert browser.post(url, answers(site, **given, note="because")).status_code == 302
        assert content(site)["aiAccess"] == access
        entry = AuditEntry.objects.get(action="site_config.changed")
        assert (entry.after, entry.note) == ({"aiAccess": access}, "because")

    def test_the_signs_have_a_switch_of_their_own(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(agentDiscovery={"mode": "silent"})
        browser.post(url, answers(site, discovery=False))
        assert content(site)["agentDiscovery"] == {"mode": "silent", "enabled": False}
        browser.post(url, answers(site))
        assert content(site)["agentDiscovery"] == {"mode": "silent", "enabled": True}

    def test_everything_off_is_said_outright_once_it_was_on(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess=ALL)
        browser.post(url, answers(site, cloud=False))
        assert content(site)["aiAccess"] == dict.fromkeys(ALL, False)

    def test_the_older_switches_of_an_untouched_site_survive_saving(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess={"allowPromptLaunch": True})
        browser.post(url, answers(site, prompt_links="yes", handoffs="on"))
        assert content(site)["aiAccess"] == {"allowPromptLaunch": True, "allowDelegatedHandoffs": True}

    def test_nothing_changed_saves_nothing(self, site: Site, url: str, browser: Client) -> None:
        page = browser.post(url, answers(site), follow=True)
        assert "Nothing differs from what is saved." in text_of(page)
        assert not AuditEntry.objects.filter(action="site_config.changed").exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [("prompt_links", "maybe"), ("note", "x" * 201), ("version", ""), ("version", "x"), ("note", "\x00")],
    )
    def test_an_error_is_at_its_field_and_nothing_is_saved(
        self, site: Site, url: str, browser: Client, field: str, value: str
    ) -> None:
        page = browser.post(url, answers(site, enabled="on", **{field: value}))
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert page.context["form"]["enabled"].value() is True
        assert content(site).get("aiAccess", {}) == {}

    def test_a_stale_edit_shows_both_and_saving_again_is_a_decision(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        mine = answers(site, enabled="on")
        stored(aiAccess={"debugStreaming": True})
        page = browser.post(url, mine)
        assert page.status_code == 409
        assert page.context["stale"] == [
            ("Open this site to AI agents", "no", "yes"),
            ("Show full arguments and results in task events", "yes", "no"),
        ]
        assert content(site)["aiAccess"] == {"debugStreaming": True}
        form = page.context["form"]
        again = {name: form[name].value() for name in form.fields if form[name].value() not in (False, None)}
        assert browser.post(url, again).status_code == 302
        assert content(site)["aiAccess"] == {"enabled": True, "debugStreaming": False}


class TestWhatAgentsCanDo:
    def test_everything_when_everything_agrees(
        self,
        key: SiteKey,
        url: str,
        browser: Client,
        proved: HostClaim,
        stored: Callable[..., SiteConfig],
        actor: Actor,
        now: datetime,
    ) -> None:
        stored(aiAccess=ALL)
        key_update(actor=actor, key=key, policy={"cloudSandboxEnabled": True}, now=now)
        assert set(can(browser.get(url)).values()) == {"yes"}

    @pytest.mark.parametrize(
        ("without", "label"),
        [
            ("allowCloudBrowser", "Have"),
            ("allowDelegatedHandoffs", "Hand"),
            ("debugStreaming", "Read"),
        ],
    )
    def test_each_switch_closes_its_part_alone(
        self,
        key: SiteKey,
        url: str,
        browser: Client,
        proved: HostClaim,
        stored: Callable[..., SiteConfig],
        actor: Actor,
        now: datetime,
        without: str,
        label: str,
    ) -> None:
        key_update(actor=actor, key=key, policy={"cloudSandboxEnabled": True}, now=now)
        stored(aiAccess={**ALL, without: False})
        assert [name for name, answer in can(browser.get(url)).items() if answer != "yes"] == [label]

    def test_without_proof_no_tasks_but_links_for_visitors(
        self, key: SiteKey, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess=ALL)
        page = browser.get(url)
        assert (can(page)["Make"], can(page)["Find"], can(page)["Start"]) == ("no", "no", "yes")
        assert "No host of this site is proved to be yours yet." in text_of(page)

    def test_a_development_key_opens_your_own_machine_alone(
        self,
        site: Site,
        key: SiteKey,
        url: str,
        browser: Client,
        stored: Callable[..., SiteConfig],
        actor: Actor,
        now: datetime,
    ) -> None:
        stored(aiAccess=ALL)
        key_create(
            actor=actor,
            site=site,
            label="Dev",
            environment="development",
            allowed_domains=["localhost"],
            now=now,
        )
        page = browser.get(url)
        assert can(page)["Make"] == "partly"
        assert "Only on localhost, not on bakery.example." in text_of(page)

    def test_a_key_for_analytics_only_opens_nothing(
        self,
        key: SiteKey,
        url: str,
        browser: Client,
        proved: HostClaim,
        stored: Callable[..., SiteConfig],
        actor: Actor,
        now: datetime,
    ) -> None:
        stored(aiAccess=ALL)
        key_update(actor=actor, key=key, policy={"siteMode": "analytics_only"}, now=now)
        page = browser.get(url)
        assert set(can(page).values()) == {"no"}
        assert "Every key is for analytics only." in text_of(page)

    def test_without_a_working_key_nothing(
        self,
        key: SiteKey,
        url: str,
        browser: Client,
        proved: HostClaim,
        stored: Callable[..., SiteConfig],
        actor: Actor,
        now: datetime,
    ) -> None:
        stored(aiAccess=ALL)
        key_end_now(actor=actor, key=key, now=now)
        page = browser.get(url)
        assert set(can(page).values()) == {"no"}
        assert "The site has no key that works." in text_of(page)


class TestHosts:
    def test_each_host_with_its_proof(
        self, site: Site, url: str, browser: Client, proved: HostClaim, actor: Actor, now: datetime
    ) -> None:
        domains = ["bakery.example", "*.wild.example", "=shop.example", "lost.example"]
        key_create(actor=actor, site=site, label="K", allowed_domains=domains, now=now)
        HostClaim.objects.create(site=site, host="new.example", token="n", created_at=now)
        HostClaim.objects.create(
            site=site, host="lost.example", token="l", created_at=now, proved_at=now, lost_at=now
        )
        found = {host.host: (host.state, host.is_open) for host in browser.get(url).context["state"].hosts}
        assert found == {
            "bakery.example": ("proved", True),
            "new.example": ("waiting", False),
            "lost.example": ("lost", False),
            "shop.example": ("unclaimed", False),
        }

    def test_a_proved_host_that_no_key_lists_is_not_open(
        self, site: Site, url: str, browser: Client, proved: HostClaim, actor: Actor, now: datetime
    ) -> None:
        key_create(actor=actor, site=site, label="K", allowed_domains=["other.example"], now=now)
        found = {host.host: host.is_open for host in browser.get(url).context["state"].hosts}
        assert found["bakery.example"] is False

    def test_the_page_that_proves_is_one_click_away(self, site: Site, url: str, browser: Client) -> None:
        assert f"/workspace/sites/{site.public_id}/install/" in text_of(browser.get(url))


class TestCloud:
    def test_a_key_is_turned_on_by_a_review_that_leads_back(
        self, site: Site, key: SiteKey, url: str, browser: Client
    ) -> None:
        policy = f"/workspace/sites/{site.public_id}/policy/{key.pk}/"
        assert f"{policy}cloud/on/" in text_of(browser.get(url))
        review = browser.get(f"{policy}cloud/on/")
        assert "capabilities.cloudAgent" in {change.field for change in review.context["changes"]}
        saved = browser.post(policy, {**review.context["save"].initial, "action": "save"})
        assert saved["Location"] == url
        key.refresh_from_db()
        assert (key.policy["cloudSandboxEnabled"], key.capabilities["cloudAgent"]) == (True, True)
        assert f"{policy}cloud/off/" in text_of(browser.get(url))

    def test_a_wrong_state_is_not_found(self, site: Site, key: SiteKey, browser: Client) -> None:
        page = f"/workspace/sites/{site.public_id}/policy/{key.pk}/cloud/maybe/"
        assert browser.get(page).status_code == 404


class TestArtefacts:
    def test_what_is_published_is_shown(
        self, key: SiteKey, url: str, browser: Client, proved: HostClaim, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess={"enabled": True})
        page = browser.get(url)
        assert "What agents find" in text_of(page)
        assert "Nothing of this is published now" not in text_of(page)
        assert [name for name, _, _ in page.context["artefacts"]] == [
            "Tags",
            "Link header",
            "Rich marker",
            "/.well-known/agent-card.json",
            "/.well-known/rover-site.json",
            "/llms.txt",
        ]
        assert "application/agent+json" in text_of(page)

    def test_what_is_shown_is_what_is_served_and_where(
        self,
        site: Site,
        key: SiteKey,
        url: str,
        browser: Client,
        proved: HostClaim,
        stored: Callable[..., SiteConfig],
    ) -> None:
        stored(aiAccess={"enabled": True})
        shown = {name: (where, text) for name, where, text in browser.get(url).context["artefacts"]}
        for path in ("/.well-known/agent-card.json", "/.well-known/rover-site.json", "/llms.txt"):
            address = f"/discovery/{site.public_id}/{path.rpartition('/')[2]}"
            where, text = shown[path]
            assert where.endswith(address)
            assert Client().get(address).content.decode() == text

    def test_until_the_host_is_proved_nothing_is_published(
        self, key: SiteKey, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess={"enabled": True})
        page = text_of(browser.get(url))
        assert "What agents would find" in page
        assert "It is not proved yet that bakery.example is yours." in page

    @pytest.mark.parametrize(
        "patch",
        [
            {"aiAccess": {"enabled": False}},
            {"aiAccess": {"enabled": True}, "agentDiscovery": {"enabled": False}},
        ],
    )
    def test_off_means_that_nothing_is_published(
        self, key: SiteKey, url: str, browser: Client, stored: Callable[..., SiteConfig], patch: Any
    ) -> None:
        stored(**patch)
        page = browser.get(url)
        assert "Nothing of this is published now" in text_of(page)
        assert "What agents would find" in text_of(page)

    def test_while_access_is_off_the_card_is_shown_as_it_would_be(
        self, key: SiteKey, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess={"enabled": False})
        shown = {name: text for name, _, text in browser.get(url).context["artefacts"]}
        assert json.loads(shown["/.well-known/agent-card.json"])["capabilities"]["publicTasks"] is True

    def test_without_a_key_there_is_nothing_to_show(self, url: str, browser: Client) -> None:
        page = browser.get(url)
        assert page.context["artefacts"] == []
        assert "the site has no live key for agents" in text_of(page)

    def test_prompts_are_not_in_them_and_hostile_labels_are_text(
        self, key: SiteKey, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        shortcut = {"id": "a", "label": "</script><img src=x>", "prompt": "the secret prompt"}
        stored(aiAccess={"enabled": True}, shortcuts=[shortcut])
        page = text_of(browser.get(url))
        assert "the secret prompt" not in page
        assert "<img src=x>" not in page


class TestWhoMay:
    def test_viewers_see_the_values_and_no_form(
        self, site: Site, key: SiteKey, url: str, viewer: User, client_of: Browser
    ) -> None:
        page = text_of(client_of(viewer).get(url))
        assert "Open this site to AI agents" in page
        assert 'name="version"' not in page
        assert "cloud/on/" not in page

    def test_viewers_cannot_save(self, site: Site, url: str, viewer: User, client_of: Browser) -> None:
        assert client_of(viewer).post(url, answers(site, enabled="on")).status_code == 403
        assert content(site).get("aiAccess", {}) == {}

    def test_strangers_find_nothing(self, site: Site, url: str, other: User, client_of: Browser) -> None:
        assert client_of(other).get(url).status_code == 404
        assert client_of(other).post(url, answers(site)).status_code == 404


class TestWaitingForABrowser:
    def test_the_time_is_forty_five_seconds_unless_it_is_said(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        assert browser.get(url).context["form"]["wait"].value() == 45
        stored(aiAccess={"autoPromoteSeconds": 0})
        assert browser.get(url).context["form"]["wait"].value() == 0

    @pytest.mark.parametrize("seconds", [0, 1, 600])
    def test_it_is_saved_and_on_record(self, site: Site, url: str, browser: Client, seconds: int) -> None:
        assert browser.post(url, answers(site, wait=seconds)).status_code == 302
        assert content(site)["aiAccess"] == {"autoPromoteSeconds": seconds}
        [entry] = AuditEntry.objects.filter(action="site_config.changed")
        assert entry.after == {"aiAccess": {"autoPromoteSeconds": seconds}}

    def test_what_was_never_said_stays_unsaid_while_it_is_the_default(
        self, site: Site, url: str, browser: Client
    ) -> None:
        for wait in (45, ""):
            page = browser.post(url, answers(site, wait=wait), follow=True)
            assert "Nothing differs from what is saved." in text_of(page)
        assert content(site)["aiAccess"] == {}

    def test_an_empty_field_is_the_default(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        stored(aiAccess={"autoPromoteSeconds": 5})
        browser.post(url, answers(site, wait=""))
        assert content(site)["aiAccess"] == {"autoPromoteSeconds": 45}

    @pytest.mark.parametrize("wait", ["-1", "601", "soon", "4.5", "9" * 400])
    def test_anything_else_is_refused_beside_the_field(
        self, site: Site, url: str, browser: Client, wait: str
    ) -> None:
        page = browser.post(url, answers(site, wait=wait))
        assert page.status_code == 422
        assert page.context["form"].errors.keys() == {"wait"}
        assert content(site)["aiAccess"] == {}

    def test_a_viewer_reads_it(self, site: Site, url: str, viewer: User, client_of: Browser) -> None:
        label = "Seconds that a task waits for a browser before this server takes it"
        assert f"<dt>{label}</dt><dd>45</dd>" in text_of(client_of(viewer).get(url))

    def test_somebody_elses_change_is_shown_beside_ones_own(
        self, site: Site, url: str, browser: Client, stored: Callable[..., SiteConfig]
    ) -> None:
        mine = answers(site, wait=30)
        stored(aiAccess={"autoPromoteSeconds": 10})
        page = browser.post(url, mine)
        assert page.status_code == 409
        assert [row[1:] for row in page.context["stale"]] == [("10", "30")]
