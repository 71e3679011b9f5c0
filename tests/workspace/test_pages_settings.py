"""Settings of one site: name and host, stale edits, archive and restore, hand over, export."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from workspace.models import AuditEntry, Membership, Site, SiteKey, User
from workspace.services.admission import key_seen
from workspace.services.audit import Actor
from workspace.services.sites import site_archive, site_edit

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture
def url(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/settings/"


def answers(site: Site, **changed: str) -> dict[str, str]:
    return {"name": site.name, "host": site.host, "revision": str(site.revision), "note": "", **changed}


class TestNameAndHost:
    def test_saving_changes_the_site_and_is_on_record(
        self, site: Site, url: str, owner: User, client_of: Browser
    ) -> None:
        given = answers(site, name="New name", host="https://NEW.example/x", note="moved")
        assert client_of(owner).post(url, given).status_code == 302
        site.refresh_from_db()
        assert (site.name, site.host) == ("New name", "new.example")
        entry = AuditEntry.objects.get(action="site.edited")
        assert (entry.after, entry.note) == ({"name": "New name", "host": "new.example"}, "moved")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "x" * 121),
            ("name", "a\x07"),
            ("host", ""),
            ("host", "co.uk"),
            ("host", "*.x.com"),
        ],
    )
    def test_an_error_is_at_its_field_and_nothing_is_saved(
        self, site: Site, url: str, owner: User, client_of: Browser, field: str, value: str
    ) -> None:
        page = client_of(owner).post(url, answers(site, **{field: value}))
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert not AuditEntry.objects.filter(action="site.edited").exists()

    def test_a_host_that_no_key_covers_is_told(
        self, site: Site, key: SiteKey, url: str, owner: User, client_of: Browser
    ) -> None:
        page = client_of(owner).post(url, answers(site, host="other.example"), follow=True)
        assert "No key of this site works on other.example yet" in page.content.decode()

    def test_a_stale_edit_shows_both_and_saves_nothing(
        self, site: Site, url: str, owner: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        mine = answers(site, name="Mine")
        site_edit(actor=actor, site=site, name="Theirs", host=site.host, revision=site.revision, now=now)
        page = client_of(owner).post(url, mine)
        assert page.status_code == 409
        assert page.context["stale"] == [("Name", "Theirs", "Mine")]
        assert page.context["form"]["name"].value() == "Mine"
        site.refresh_from_db()
        assert site.name == "Theirs"

    def test_saving_again_after_a_stale_edit_is_a_decision(
        self, site: Site, url: str, owner: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        mine = answers(site, name="Mine")
        site_edit(actor=actor, site=site, name="Theirs", host=site.host, revision=site.revision, now=now)
        browser = client_of(owner)
        form = browser.post(url, mine).context["form"]
        browser.post(url, {name: form[name].value() or "" for name in form.fields})
        site.refresh_from_db()
        assert site.name == "Mine"

    def test_an_admin_may_save(self, site: Site, url: str, colleague: User, client_of: Browser) -> None:
        assert client_of(colleague).post(url, answers(site, name="By the admin")).status_code == 302

    def test_a_viewer_sees_no_form_and_cannot_save(
        self, site: Site, url: str, viewer: User, client_of: Browser
    ) -> None:
        browser = client_of(viewer)
        assert 'name="revision"' not in browser.get(url).content.decode()
        assert browser.post(url, answers(site, name="X")).status_code == 403

    def test_strangers_get_404(self, url: str, other: User, client_of: Browser) -> None:
        assert client_of(other).get(url).status_code == 404
        assert client_of(other).post(url).status_code == 404

    def test_a_hostile_name_is_text(self, site: Site, url: str, owner: User, client_of: Browser) -> None:
        page = client_of(owner).post(url, answers(site, name="<img src=x onerror=y>"), follow=True)
        assert "<img src=x" not in page.content.decode()


class TestArchive:
    def test_the_question_names_what_stops(
        self, site: Site, key: SiteKey, url: str, owner: User, now: datetime, client_of: Browser
    ) -> None:
        key_seen(key=key, host="bakery.example", reason="", now=now)
        page = client_of(owner).get(f"{url}archive/").content.decode()
        assert "Production" in page
        assert "bakery.example" in page
        site.refresh_from_db()
        assert site.archived_at is None

    def test_archived_and_restored(self, site: Site, url: str, owner: User, client_of: Browser) -> None:
        browser = client_of(owner)
        browser.post(f"{url}archive/", {"note": "season is over"})
        assert Site.objects.get(pk=site.pk).archived_at
        assert AuditEntry.objects.get(action="site.archived").note == "season is over"
        assert "Restore" in browser.get(url).content.decode()
        browser.post(f"{url}restore/")
        assert Site.objects.get(pk=site.pk).archived_at is None
        assert AuditEntry.objects.filter(action="site.restored").count() == 1

    def test_looking_at_restore_restores_nothing(
        self, site: Site, url: str, owner: User, actor: Actor, now: datetime, client_of: Browser
    ) -> None:
        site_archive(actor=actor, site=site, now=now)
        client_of(owner).get(f"{url}restore/")
        site.refresh_from_db()
        assert site.archived_at is not None

    @pytest.mark.parametrize("action", ["archive", "restore", "transfer"])
    def test_only_the_owner_decides(
        self, site: Site, url: str, colleague: User, viewer: User, client_of: Browser, action: str
    ) -> None:
        for person in (colleague, viewer):
            assert client_of(person).get(f"{url}{action}/").status_code == 403
            assert client_of(person).post(f"{url}{action}/").status_code == 403
        site.refresh_from_db()
        assert (site.archived_at, site.owner.username) == (None, "owner")


class TestHandOver:
    def test_a_member_becomes_the_owner_and_the_old_one_an_admin(
        self, site: Site, url: str, owner: User, colleague: User, client_of: Browser
    ) -> None:
        given = {"to": str(colleague.pk), "confirm": site.name, "note": ""}
        assert client_of(owner).post(f"{url}transfer/", given).status_code == 302
        site.refresh_from_db()
        assert site.owner == colleague
        assert Membership.objects.get(site=site).user == owner
        assert Membership.objects.get(site=site).role == "admin"
        assert AuditEntry.objects.filter(action="site.transferred").count() == 1

    def test_without_the_name_typed_nothing_happens(
        self, site: Site, url: str, owner: User, colleague: User, client_of: Browser
    ) -> None:
        page = client_of(owner).post(f"{url}transfer/", {"to": str(colleague.pk), "confirm": "corner bakery"})
        assert page.status_code == 422
        assert list(page.context["form"].errors) == ["confirm"]
        site.refresh_from_db()
        assert site.owner == owner

    def test_nobody_but_members_can_be_chosen(
        self, site: Site, url: str, owner: User, other: User, client_of: Browser
    ) -> None:
        page = client_of(owner).post(f"{url}transfer/", {"to": str(other.pk), "confirm": site.name})
        assert page.status_code == 422
        assert list(page.context["form"].errors) == ["to"]
        assert "other" not in page.context["form"]["to"].as_widget()

    def test_a_member_who_may_not_sign_in_cannot_be_chosen(
        self, site: Site, url: str, owner: User, colleague: User, client_of: Browser
    ) -> None:
        colleague.is_active = False
        colleague.save()
        page = client_of(owner).post(f"{url}transfer/", {"to": str(colleague.pk), "confirm": site.name})
        assert page.status_code == 422


class TestExport:
    def test_everything_is_in_it_but_no_secret(
        self, site: Site, minted: object, url: str, owner: User, viewer: User, client_of: Browser
    ) -> None:
        answer = client_of(owner).get(f"{url}export/")
        value = minted.value  # type: ignore[attr-defined]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{site.public_id}.json"'
        assert value not in answer.content.decode()
        read = json.loads(answer.content)
        assert read["site"]["siteId"] == site.public_id
        assert read["keys"][0]["label"] == "Production"
        assert "publicKey" not in read["keys"][0]
        assert read["siteConfig"]["businessType"] == "general"
        assert read["members"][0]["username"] == "viewer"

    def test_strangers_get_404(self, url: str, other: User, client_of: Browser) -> None:
        assert client_of(other).get(f"{url}export/").status_code == 404
