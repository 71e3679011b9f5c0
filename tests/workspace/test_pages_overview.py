"""The overview: a welcome that teaches, sites as cards, and what needs their owner."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from workspace.models import HostClaim, Membership, Site, SiteKey, User
from workspace.selectors.overview import SiteState, attention, cards, own_sites
from workspace.services.admission import key_seen
from workspace.services.audit import Actor
from workspace.services.guided import policy_reviewed
from workspace.services.keys import key_create, key_end_now, key_update
from workspace.services.sites import site_archive, site_create

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
URL = "/workspace/"


def card_of(site: Site, user: User, now: datetime) -> object:
    return cards(user, [site], now=now)[0]


def steps_done(site: Site, user: User, now: datetime) -> set[str]:
    [card] = cards(user, [site], now=now)
    return {step.name for step in card.steps if step.is_done}


def needs(user: User, now: datetime, public_host: str = "rover.example.com") -> list[str]:
    found = cards(user, own_sites(user), now=now)
    return [item.text for item in attention(found, public_host=public_host, now=now)]


def test_an_owner_without_sites_gets_one_field_that_leads_to_guided_creation(
    owner: User, client_of: Browser
) -> None:
    page = client_of(owner).get(URL)
    assert page.status_code == 200
    assert 'action="/workspace/sites/new/"' in page.content.decode()
    assert page.content.decode().count('name="address"') == 1


def test_archived_sites_are_no_sites_but_are_named(
    site: Site, owner: User, actor: Actor, now: datetime, client_of: Browser
) -> None:
    site_archive(actor=actor, site=site, now=now)
    page = client_of(owner).get(URL).content.decode()
    assert 'name="address"' in page
    assert "Your archived sites" in page


def test_a_card_shows_name_host_and_state(site: Site, key: SiteKey, owner: User, client_of: Browser) -> None:
    page = client_of(owner).get(URL).content.decode()
    assert "Corner Bakery" in page
    assert "bakery.example" in page
    assert "not seen yet" in page


def test_other_peoples_sites_are_not_shown(site: Site, other: User, client_of: Browser) -> None:
    assert "Corner Bakery" not in client_of(other).get(URL).content.decode()


def test_an_administrator_sees_own_sites_alone(site: Site, administrator: User, client_of: Browser) -> None:
    assert "Corner Bakery" not in client_of(administrator).get(URL).content.decode()


def test_a_member_sees_the_site_with_their_role(site: Site, viewer: User, client_of: Browser) -> None:
    page = client_of(viewer).get(URL).content.decode()
    assert "Corner Bakery" in page
    assert "you: viewer" in page


def test_a_hostile_name_is_text(owner: User, actor: Actor, now: datetime, client_of: Browser) -> None:
    site_create(actor=actor, owner=owner, name="<script>alert(1)</script>", host="x.example", now=now)
    page = client_of(owner).get(URL).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("seen_minutes_ago", "state"), [(None, SiteState.WAITING), (1, SiteState.LIVE), (16, SiteState.QUIET)]
)
def test_the_dot_tells_when_the_site_was_last_seen(
    site: Site, key: SiteKey, owner: User, now: datetime, seen_minutes_ago: int | None, state: SiteState
) -> None:
    if seen_minutes_ago is not None:
        key_seen(key=key, host="bakery.example", reason="", now=now - timedelta(minutes=seen_minutes_ago))
    assert card_of(site, owner, now).state is state  # type: ignore[attr-defined]


def test_without_a_key_that_works_the_site_says_so(
    site: Site, key: SiteKey, owner: User, actor: Actor, now: datetime
) -> None:
    key_end_now(actor=actor, key=key, now=now)
    assert card_of(site, owner, now).state is SiteState.NO_KEY  # type: ignore[attr-defined]


class TestFirstSteps:
    def test_a_new_site_has_its_first_step_done(self, site: Site, owner: User, now: datetime) -> None:
        assert steps_done(site, owner, now) == {"site"}

    def test_a_key_for_the_main_host_is_two_steps(
        self, site: Site, key: SiteKey, owner: User, now: datetime
    ) -> None:
        assert steps_done(site, owner, now) == {"site", "key", "domains"}

    def test_a_key_for_other_hosts_is_one_step(
        self, site: Site, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_create(actor=actor, site=site, label="Elsewhere", allowed_domains=["cakes.example"], now=now)
        assert steps_done(site, owner, now) == {"site", "key"}

    def test_use_alone_proves_no_host(self, site: Site, key: SiteKey, owner: User, now: datetime) -> None:
        key_seen(key=key, host="bakery.example", reason="", now=now)
        assert "install" not in steps_done(site, owner, now)

    def test_a_proved_host_is_installed(self, site: Site, owner: User, now: datetime) -> None:
        HostClaim.objects.create(site=site, host=site.host, token="t", created_at=now, proved_at=now)
        assert "install" in steps_done(site, owner, now)

    def test_a_lost_proof_counts_no_more(self, site: Site, owner: User, now: datetime) -> None:
        HostClaim.objects.create(
            site=site, host=site.host, token="t", created_at=now, proved_at=now, lost_at=now
        )
        assert "install" not in steps_done(site, owner, now)

    def test_a_changed_policy_was_looked_at(
        self, site: Site, key: SiteKey, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_update(actor=actor, key=key, policy={"externalNavigationPolicy": "block"}, now=now)
        assert "policy" in steps_done(site, owner, now)

    def test_a_changed_label_is_no_look_at_the_policy(
        self, site: Site, key: SiteKey, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_update(actor=actor, key=key, label="Shop", now=now)
        assert "policy" not in steps_done(site, owner, now)

    def test_a_kept_policy_was_looked_at(self, site: Site, owner: User, actor: Actor, now: datetime) -> None:
        policy_reviewed(actor=actor, site=site, now=now)
        assert "policy" in steps_done(site, owner, now)


class TestWhatNeedsTheOwner:
    def test_a_key_that_ends_within_14_days(
        self, site: Site, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_create(
            actor=actor, site=site, label="Short", allowed_domains=["bakery.example"], ttl_days=14, now=now
        )
        assert "The key “Short” expires in 14 days." in needs(owner, now)

    def test_a_key_that_ends_later_does_not(
        self, site: Site, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_create(
            actor=actor, site=site, label="Long", allowed_domains=["bakery.example"], ttl_days=15, now=now
        )
        assert not [text for text in needs(owner, now) if "Long" in text]

    def test_an_expired_key_comes_first(self, site: Site, owner: User, actor: Actor, now: datetime) -> None:
        key_create(
            actor=actor, site=site, label="Short", allowed_domains=["bakery.example"], ttl_days=1, now=now
        )
        assert needs(owner, now + timedelta(days=2))[0] == "The key “Short” has expired."

    def test_a_host_refused_today(self, site: Site, key: SiteKey, owner: User, now: datetime) -> None:
        for _ in range(3):
            key_seen(key=key, host="staging.bakery.test", reason="domain_not_allowed", now=now)
        assert "staging.bakery.test was refused 3×: not in the key's domains." in needs(owner, now)

    def test_a_host_refused_long_ago_does_not(
        self, site: Site, key: SiteKey, owner: User, now: datetime
    ) -> None:
        key_seen(key=key, host="old.test", reason="domain_not_allowed", now=now - timedelta(hours=25))
        assert not [text for text in needs(owner, now) if "old.test" in text]

    def test_an_unproved_host(self, site: Site, key: SiteKey, owner: User, now: datetime) -> None:
        assert [text for text in needs(owner, now) if "not proved" in text]

    def test_a_proved_host_does_not(self, site: Site, key: SiteKey, owner: User, now: datetime) -> None:
        HostClaim.objects.create(site=site, host=site.host, token="t", created_at=now, proved_at=now)
        assert needs(owner, now) == []

    def test_a_production_key_on_a_server_that_calls_itself_localhost(
        self, site: Site, key: SiteKey, owner: User, now: datetime
    ) -> None:
        assert [text for text in needs(owner, now, public_host="localhost") if "ROVER_PUBLIC_URL" in text]

    def test_the_server_is_named_once_for_all_sites(
        self, site: Site, key: SiteKey, owner: User, actor: Actor, now: datetime
    ) -> None:
        second = site_create(actor=actor, owner=owner, name="Second", host="second.example", now=now)
        key_create(actor=actor, site=second, label="P", allowed_domains=["second.example"], now=now)
        assert len([text for text in needs(owner, now, public_host="127.0.0.1") if "PUBLIC_URL" in text]) == 1

    def test_a_development_key_alone_needs_no_public_server(
        self, site: Site, owner: User, actor: Actor, now: datetime
    ) -> None:
        key_create(
            actor=actor,
            site=site,
            label="Dev",
            allowed_domains=["localhost"],
            environment="development",
            now=now,
        )
        assert needs(owner, now, public_host="localhost") == []

    def test_each_item_leads_to_its_page(
        self, site: Site, key: SiteKey, owner: User, now: datetime, client_of: Browser
    ) -> None:
        key_seen(key=key, host="staging.test", reason="domain_not_allowed", now=now)
        page = client_of(owner).get(URL).content.decode()
        assert "staging.test was refused 1×" in page
        assert f"/workspace/sites/{site.public_id}/keys/" in page


def test_more_sites_cost_no_more_queries(
    owner: User, actor: Actor, now: datetime, client_of: Browser
) -> None:
    browser = client_of(owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            browser.get(URL)
        return len(seen)

    def add(name: str) -> None:
        made = site_create(actor=actor, owner=owner, name=name, host=f"{name}.example", now=now)
        key_create(actor=actor, site=made, label="Production", allowed_domains=[f"{name}.example"], now=now)

    add("one")
    before = queries()
    for name in ("two", "three", "four"):
        add(name)
    assert queries() == before


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302


def test_a_joined_site_is_found_by_the_selector(site: Site, other: User, now: datetime) -> None:
    assert not own_sites(other).exists()
    Membership.objects.create(site=site, user=other, role="viewer", created_at=now)
    assert own_sites(other).get() == site


def test_a_viewer_is_not_asked_for_what_only_others_can_do(
    client_of: Callable[[User], Client], viewer: User, site: Site
) -> None:
    page = client_of(viewer).get("/workspace/").text

    assert site.name in page
    assert "is not proved to be yours" not in page
    assert "First steps" not in page
