"""The people of a site: roles, invitations by a link, and joining."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from workspace.models import AuditEntry, Invitation, Membership, Site, User
from workspace.services.audit import Actor
from workspace.services.members import MAX_OPEN_INVITATIONS, invitation_create

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture
def url(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/members/"


@pytest.fixture
def secret(site: Site, actor: Actor, now: datetime) -> str:
    return invitation_create(actor=actor, site=site, role="admin", now=now, note="the new baker")


def member(site: Site, user: User) -> Membership:
    return Membership.objects.get(site=site, user=user)


def link_in(page: str) -> str:
    found = re.search(r"/workspace/join/[^<\s]+", page)
    assert found
    return found[0]


class TestTheList:
    def test_everybody_sees_who_can_do_what(self, url: str, viewer: User, client_of: Browser) -> None:
        page = client_of(viewer).get(url).content.decode()
        assert "owner" in page
        assert "viewer" in page
        assert "Who can do what" in page

    def test_only_the_owner_gets_the_forms(
        self, url: str, owner: User, colleague: User, client_of: Browser
    ) -> None:
        assert "Make a link" in client_of(owner).get(url).content.decode()
        assert "Make a link" not in client_of(colleague).get(url).content.decode()

    def test_strangers_get_404(self, url: str, other: User, client_of: Browser) -> None:
        assert client_of(other).get(url).status_code == 404


class TestInviting:
    def test_the_link_is_shown_once_and_stored_nowhere(
        self, site: Site, url: str, owner: User, client_of: Browser
    ) -> None:
        browser = client_of(owner)
        page = browser.post(f"{url}invite/", {"role": "viewer", "note": "the new baker"})
        link = link_in(page.content.decode())
        assert "no-store" in page.headers["Cache-Control"]
        assert link not in browser.get(url).content.decode()
        assert "the new baker" in browser.get(url).content.decode()
        assert Invitation.objects.get(site=site).digest not in link
        assert AuditEntry.objects.get(action="invitation.created").after == {"role": "viewer"}

    @pytest.mark.parametrize(
        ("field", "value"), [("role", "owner"), ("role", ""), ("note", "x" * 121), ("note", "a\x00b")]
    )
    def test_an_error_is_at_its_field_and_nobody_is_invited(
        self, url: str, owner: User, client_of: Browser, field: str, value: str
    ) -> None:
        page = client_of(owner).post(f"{url}invite/", {"role": "viewer", "note": "", field: value})
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert not Invitation.objects.exists()

    def test_too_many_open_invitations_are_refused_with_a_way_out(
        self, site: Site, url: str, owner: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        for _ in range(MAX_OPEN_INVITATIONS):
            invitation_create(actor=actor, site=site, role="viewer", now=now)
        page = client_of(owner).post(f"{url}invite/", {"role": "viewer", "note": ""})
        assert page.status_code == 422
        assert "Withdraw one" in page.content.decode()

    def test_a_withdrawn_link_works_no_more(
        self, site: Site, url: str, secret: str, owner: User, other: User, client_of: Browser
    ) -> None:
        invitation = Invitation.objects.get(site=site)
        client_of(owner).post(f"{url}invitations/{invitation.pk}/withdraw/")
        assert client_of(other).get(f"/workspace/join/{secret}/").status_code == 404
        assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1

    def test_an_invitation_of_another_site_is_not_found(
        self, url: str, secret: str, other: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        from workspace.services.sites import site_create

        theirs = site_create(actor=actor, owner=other, name="Other", host="other.example", now=now)
        invitation = Invitation.objects.get()
        answer = client_of(other).post(
            f"/workspace/sites/{theirs.public_id}/members/invitations/{invitation.pk}/withdraw/"
        )
        assert answer.status_code == 404
        invitation.refresh_from_db()
        assert invitation.revoked_at is None

    def test_a_hostile_note_is_text(self, url: str, owner: User, client_of: Browser) -> None:
        page = client_of(owner).post(f"{url}invite/", {"role": "viewer", "note": "<script>x</script>"})
        assert "<script>x" not in page.content.decode()


class TestJoining:
    def test_the_page_says_which_site_and_which_role(
        self, secret: str, other: User, client_of: Browser
    ) -> None:
        page = client_of(other).get(f"/workspace/join/{secret}/")
        assert "Corner Bakery" in page.content.decode()
        assert "admin" in page.content.decode()
        assert not Membership.objects.exists()

    def test_no_request_of_the_page_carries_its_address(
        self, secret: str, other: User, client_of: Browser
    ) -> None:
        page = client_of(other).get(f"/workspace/join/{secret}/")
        assert page.headers["Referrer-Policy"] == "strict-origin"

    def test_joining_makes_a_member_and_is_on_record(
        self, site: Site, secret: str, other: User, client_of: Browser
    ) -> None:
        answer = client_of(other).post(f"/workspace/join/{secret}/")
        assert answer.headers["Location"] == f"/workspace/sites/{site.public_id}/"
        assert member(site, other).role == "admin"
        assert AuditEntry.objects.get(action="member.joined").actor == other

    def test_a_link_works_once(
        self, secret: str, other: User, administrator: User, client_of: Browser
    ) -> None:
        client_of(other).post(f"/workspace/join/{secret}/")
        assert client_of(administrator).get(f"/workspace/join/{secret}/").status_code == 404

    def test_a_link_ends_after_seven_days(
        self, secret: str, other: User, now: datetime, client_of: Browser
    ) -> None:
        Invitation.objects.update(expires_at=now - timedelta(seconds=1))
        assert client_of(other).post(f"/workspace/join/{secret}/").status_code == 404
        assert not Membership.objects.exists()

    @pytest.mark.parametrize("secret", ["inv_x", "a" * 500, "%00", "é"])
    def test_other_secrets_are_not_found(
        self, site: Site, other: User, client_of: Browser, secret: str
    ) -> None:
        assert client_of(other).get(f"/workspace/join/{secret}/").status_code == 404

    def test_whoever_works_there_already_is_told(self, secret: str, owner: User, client_of: Browser) -> None:
        page = client_of(owner).post(f"/workspace/join/{secret}/")
        assert page.status_code == 409
        assert "You work on this site already" in page.content.decode()

    def test_who_is_not_signed_in_signs_in_first(self, secret: str, client: Client) -> None:
        answer = client.get(f"/workspace/join/{secret}/")
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


class TestChanging:
    def test_another_role(self, site: Site, url: str, owner: User, viewer: User, client_of: Browser) -> None:
        client_of(owner).post(f"{url}{member(site, viewer).pk}/role/", {"role": "admin"})
        assert member(site, viewer).role == "admin"
        entry = AuditEntry.objects.get(action="member.role_changed")
        assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "admin"})

    def test_nobody_is_made_an_owner_by_a_role(
        self, site: Site, url: str, owner: User, viewer: User, client_of: Browser
    ) -> None:
        page = client_of(owner).post(f"{url}{member(site, viewer).pk}/role/", {"role": "owner"})
        assert page.status_code == 422
        assert member(site, viewer).role == "viewer"

    def test_removing_asks_first(
        self, site: Site, url: str, owner: User, viewer: User, client_of: Browser
    ) -> None:
        browser, there = client_of(owner), f"{url}{member(site, viewer).pk}/remove/"
        assert "Remove viewer?" in browser.get(there).content.decode()
        assert Membership.objects.exists()
        browser.post(there)
        assert not Membership.objects.exists()
        assert AuditEntry.objects.filter(action="member.removed").count() == 1
        assert client_of(viewer).get(url).status_code == 404

    @pytest.mark.parametrize("what", ["invite/", "{pk}/role/", "{pk}/remove/"])
    def test_admins_and_viewers_decide_about_nobody(
        self, site: Site, url: str, viewer: User, colleague: User, client_of: Browser, what: str
    ) -> None:
        there = url + what.format(pk=member(site, viewer).pk)
        for person in (viewer, colleague):
            assert client_of(person).post(there, {"role": "admin"}).status_code == 403
        assert member(site, viewer).role == "viewer"

    def test_members_may_leave(self, site: Site, url: str, viewer: User, client_of: Browser) -> None:
        browser = client_of(viewer)
        assert browser.get(f"{url}leave/").status_code == 200
        assert browser.post(f"{url}leave/").status_code == 302
        assert not Membership.objects.exists()
        assert AuditEntry.objects.filter(action="member.left").count() == 1

    def test_the_owner_cannot_leave(self, site: Site, url: str, owner: User, client_of: Browser) -> None:
        assert client_of(owner).post(f"{url}leave/").status_code == 403
