"""What administrators of the server have: owners, all sites, health; and that their acts are on record."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tasks.models import Task, WorkerBeat
from tasks.services.workers import worker_name
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.selectors.keys import key_state
from workspace.services.audit import SYSTEM
from workspace.services.sites import site_archive

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
HEALTH = "/workspace/health/"
OWNERS = "/workspace/workspace/user/"
SITES = "/workspace/workspace/site/"
PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def admin(client_of: ClientOf, administrator: User) -> Client:
    return client_of(administrator)


def rows(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action))


# Who may open them


@pytest.mark.parametrize("path", [HEALTH, OWNERS, f"{OWNERS}add/", SITES])
def test_owners_are_refused_and_see_no_link(client_of: ClientOf, owner: User, path: str) -> None:
    client = client_of(owner)
    assert client.get(path).status_code == 403
    assert path not in client.get("/workspace/tokens/").content.decode()


def test_owners_cannot_open_or_change_anybody(client_of: ClientOf, owner: User, other: User) -> None:
    client = client_of(owner)
    for path in ("change/", "delete/", "history/", "password/", "sign-in-link/"):
        for method in (client.get, client.post):
            assert method(f"{OWNERS}{other.pk}/{path}").status_code in (403, 404)


@pytest.mark.parametrize("path", [HEALTH, OWNERS, f"{OWNERS}add/", SITES])
def test_administrators_find_them_in_the_menu(admin: Client, path: str) -> None:
    assert admin.get(path).status_code == 200


# Health


@pytest.fixture
def database_file(settings: Any) -> Iterator[None]:
    """The doctor looks for the file of the server; the tests' database has another name."""
    path = settings.ROVER.data_dir / "rover.db"
    path.touch()
    yield
    path.unlink()


def test_the_checks_of_the_doctor_are_shown_with_what_to_do(admin: Client, database_file: None) -> None:
    shown = admin.get(HEALTH).content.decode()
    for text in (
        "data directory",
        "database",
        "migrations",
        "disk",
        "GB free",
        "none is running",
        "rover up",
    ):
        assert text in shown


def test_a_check_that_fails_is_told_on_top(
    admin: Client, database_file: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rover_site.operation.health_report.LITTLE_DISK", 10**18)
    response = admin.get(HEALTH)
    assert response.context["worst"] == "warn"
    assert "Make room" in response.content.decode()


def test_workers_are_alive_or_gone(admin: Client, now: datetime) -> None:
    WorkerBeat.objects.create(name=worker_name(), n_processes=3, seen_at=timezone.now())
    WorkerBeat.objects.create(
        name="elsewhere|pid:[1]|7|1.00", n_processes=2, seen_at=now - timedelta(hours=1)
    )
    seen = {worker.n_processes: worker.is_alive for worker in admin.get(HEALTH).context["report"].workers}
    assert seen == {3: True, 2: False}


def test_tasks_are_counted_and_failed_ones_lead_to_their_pages(
    admin: Client, owner: User, now: datetime
) -> None:
    def task(status: str, **more: object) -> Task:
        return Task.objects.create(
            owner=owner, kind="batch_fetch", status=status, params={}, created_at=now, updated_at=now, **more
        )

    task("running", lease_owner="somebody", lease_expires_at=now + timedelta(seconds=9))
    task("running")
    task("running", lease_owner="dead", lease_expires_at=now - timedelta(seconds=9))
    task("pending")
    failed = task("failed", error=HOSTILE, finished_at=now)
    response = admin.get(HEALTH)
    assert list(response.context["report"].counts) == [("waiting", 3), ("running", 1), ("failed", 1)]
    assert f"/workspace/tasks/task/{failed.pk}/change/" in response.content.decode()
    assert HOSTILE not in response.content.decode()


# Owners


def test_a_new_owner_has_no_password_and_the_limits_given(admin: Client, administrator: User) -> None:
    form = {"username": "bakery", "email": "", "max_sites": 3, "max_keys_per_site": 4}
    assert admin.post(f"{OWNERS}add/", form).status_code == 302
    made = User.objects.get(username="bakery")
    assert not made.has_usable_password()
    assert (made.is_staff, made.is_superuser, made.max_sites, made.max_keys_per_site) == (True, False, 3, 4)
    [entry] = [entry for entry in rows("owner.created") if entry.subject_label == "bakery"]
    assert (entry.actor, entry.after["max_sites"]) == (administrator, 3)


@pytest.mark.parametrize(
    ("instead", "field"),
    [
        ({"username": "OWNER"}, "username"),
        ({"username": "two words"}, "username"),
        ({"max_sites": -1}, "max_sites"),
    ],
)
def test_a_new_owner_with_a_wrong_value_is_refused(
    admin: Client, owner: User, instead: dict[str, object], field: str
) -> None:
    form = {"username": "bakery", "max_sites": 3, "max_keys_per_site": 4} | instead
    response = admin.post(f"{OWNERS}add/", form)
    assert list(response.context["adminform"].form.errors) == [field]
    assert User.objects.count() == 2


def change(client: Client, person: User, **instead: object) -> None:
    form = {
        "username": person.username,
        "email": person.email,
        "max_sites": person.max_sites,
        "max_keys_per_site": person.max_keys_per_site,
        "is_active": "on",
    }
    response = client.post(f"{OWNERS}{person.pk}/change/", form | instead)
    assert response.status_code == 302, response.context["adminform"].form.errors


def test_a_change_is_on_record_with_both_values(admin: Client, administrator: User, owner: User) -> None:
    change(admin, owner, max_sites=7)
    [entry] = rows("owner.changed")
    assert (entry.actor, entry.subject_id) == (administrator, str(owner.pk))
    assert (entry.before, entry.after) == ({"max_sites": 50}, {"max_sites": 7})


def test_saving_without_a_change_is_not_on_record(admin: Client, owner: User) -> None:
    change(admin, owner)
    assert rows("owner.changed") == []


def test_an_inactive_owner_is_signed_out(admin: Client, client_of: ClientOf, owner: User) -> None:
    theirs = client_of(owner)
    change(admin, owner, is_active="")
    assert theirs.get("/workspace/tokens/").status_code == 302
    assert rows("owner.changed")[0].after == {"is_active": False}


def test_a_password_set_for_somebody_is_on_record_without_it(admin: Client, owner: User) -> None:
    form = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "set-password": "x"}
    assert admin.post(f"{OWNERS}{owner.pk}/password/", form).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    [entry] = rows("owner.password_changed")
    assert (entry.subject_id, entry.before, entry.after) == (str(owner.pk), {}, {})


def test_changing_ones_own_password_is_on_record(client_of: ClientOf, owner: User) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    client = client_of(owner)
    wrong = {"old_password": "x", "new_password1": "another good one", "new_password2": "another good one"}
    client.post("/workspace/password_change/", wrong)
    assert rows("owner.password_changed") == []
    assert client.post("/workspace/password_change/", wrong | {"old_password": PASSWORD}).status_code == 302
    assert [entry.actor for entry in rows("owner.password_changed")] == [owner]


def test_administrators_cannot_shut_themselves_out(admin: Client, administrator: User) -> None:
    change(admin, administrator, is_active="", is_superuser="")
    administrator.refresh_from_db()
    assert (administrator.is_active, administrator.is_superuser) == (True, True)
    assert admin.post(f"{OWNERS}{administrator.pk}/delete/", {"post": "yes"}).status_code == 403


def test_deleting_an_owner_keeps_what_is_on_record_about_them(
    admin: Client, client_of: ClientOf, token_of: Callable[..., str], other: User
) -> None:
    token_of(other)
    client_of(other)
    n_before = AuditEntry.objects.count()
    assert admin.post(f"{OWNERS}{other.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="other").exists()
    [entry] = rows("owner.deleted")
    assert (entry.subject_label, entry.before["username"]) == ("other", "other")
    assert AuditEntry.objects.count() == n_before + 1


def test_an_owner_with_sites_is_not_deleted(admin: Client, owner: User, site: Site) -> None:
    admin.post(f"{OWNERS}{owner.pk}/delete/", {"post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()
    assert rows("owner.deleted") == []


def test_owners_are_not_deleted_by_the_dozen(admin: Client, owner: User) -> None:
    admin.post(OWNERS, {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


# Sign-in links


def link(client: Client, person: User) -> str:
    response = client.post(f"{OWNERS}{person.pk}/sign-in-link/")
    assert "no-store" in response.headers["Cache-Control"]
    return str(response.context["address"])


def test_looking_at_the_page_makes_no_link(admin: Client, owner: User) -> None:
    response = admin.get(f"{OWNERS}{owner.pk}/sign-in-link/")
    assert response.context["address"] == ""
    assert rows("owner.sign_in_link_created") == []


def test_the_link_signs_the_person_in_and_is_on_record(
    admin: Client, administrator: User, owner: User
) -> None:
    address = link(admin, owner)
    browser = Client()
    browser.post(address.removeprefix("http://127.0.0.1:8000"))
    assert browser.get("/workspace/tokens/").status_code == 200
    assert rows("owner.sign_in_link_created")[0].actor == administrator
    assert address.rpartition("/")[2] not in str(list(AuditEntry.objects.values()))


def test_there_is_no_link_for_somebody_inactive(admin: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert admin.post(f"{OWNERS}{owner.pk}/sign-in-link/").status_code == 404


# All sites


@pytest.mark.parametrize("query", ["bakery", "Corner", "owner", "bakery.example"])
def test_sites_are_found_by_name_id_host_and_owner(admin: Client, site: Site, query: str) -> None:
    assert site.public_id in admin.get(SITES, {"q": query}).content.decode()
    assert site.public_id not in admin.get(SITES, {"q": "something else"}).content.decode()


def test_sites_are_told_apart_by_state(admin: Client, site: Site, now: datetime) -> None:
    assert site.public_id in admin.get(SITES, {"state": "live"}).content.decode()
    assert site.public_id not in admin.get(SITES, {"state": "archived"}).content.decode()
    site_archive(actor=SYSTEM, site=site, now=now)
    assert site.public_id in admin.get(SITES, {"state": "archived"}).content.decode()


def test_archiving_asks_first_and_stops_the_keys(
    admin: Client, administrator: User, site: Site, key: SiteKey
) -> None:
    form = {"action": "archive", "_selected_action": [site.pk]}
    asked = admin.post(SITES, form)
    assert "stop working at once" in asked.content.decode()
    site.refresh_from_db()
    assert site.archived_at is None
    admin.post(SITES, form | {"confirmed": "yes"})
    key = SiteKey.objects.get(pk=key.pk)
    assert key_state(key, timezone.now()) == "archived"
    assert rows("site.archived")[0].actor == administrator


def test_restoring_brings_the_keys_back(admin: Client, site: Site, key: SiteKey, now: datetime) -> None:
    site_archive(actor=SYSTEM, site=site, now=now)
    admin.post(SITES, {"action": "restore", "_selected_action": [site.pk]})
    assert key_state(SiteKey.objects.get(pk=key.pk), timezone.now()) == "active"
    assert len(rows("site.restored")) == 1


def test_a_sites_name_is_text(admin: Client, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(name=HOSTILE)
    assert HOSTILE not in admin.get(SITES).content.decode()
    form = {"action": "archive", "_selected_action": [site.pk]}
    assert HOSTILE not in admin.post(SITES, form).content.decode()
