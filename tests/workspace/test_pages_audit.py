"""The audit log: who sees which rows, how they are filtered and turned over, and taken away as files."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.workspace.conftest import Named
from workspace.core.doors import Door
from workspace.models import AuditEntry, Membership, Site, SiteKey, User
from workspace.models.audit import NeverEdited
from workspace.selectors.audit import AuditFilter, audit_chunks, audit_of, audit_page, filtered
from workspace.services.audit import COMMAND_LINE, SYSTEM, Actor, Subject, record
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_end_now, key_rotate, key_update, secret_mint
from workspace.services.members import invitation_create
from workspace.services.owners import owner_token_create
from workspace.services.sites import site_create

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
LOG = "/workspace/audit/"
HOSTILE = "<script>alert(1)</script>"


def of(site: Site) -> str:
    return f"/workspace/sites/{site.public_id}/audit/"


def page(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200, response.content[:2000]
    return response.content.decode()


def exported(client: Client, path: str, **query: str) -> list[dict[str, Any]]:
    response: Any = client.get(f"{path}export/", {"format": "json", **query})
    rows: list[dict[str, Any]] = json.loads(b"".join(response.streaming_content))
    return rows


@pytest.fixture
def other_site(other: User, now: datetime) -> Site:
    actor = Actor(user=other, door=Door.API, ip="198.51.100.7")
    return site_create(actor=actor, owner=other, name="Secret Garden", host="garden.example", now=now)


def note(site: Site | None, actor: Actor, action: str = "site.edited", **more: Any) -> AuditEntry:
    subject = more.pop("subject", Subject(kind="site", id="x", label="a thing"))
    return record(
        actor=actor, action=action, subject=subject, site=site, now=more.pop("now", datetime.now(UTC)), **more
    )


# Who sees what


def test_a_change_is_told_with_person_door_site_and_both_values(
    client_of: ClientOf, owner: User, site: Site, key: SiteKey, actor: Actor, now: datetime
) -> None:
    key_update(actor=actor, key=key, label="Shop window", now=now, note="as agreed")
    shown = page(client_of(owner), of(site))
    for text in (
        "Site key: changed",
        "owner",
        "Workspace",
        "Production",
        "Shop window",
        "as agreed",
        "192.0.2.1",
    ):
        assert text in shown


def test_people_see_the_rows_of_sites_they_work_on_and_no_others(
    viewer: User, site: Site, key: SiteKey, other_site: Site
) -> None:
    seen = {entry.site_id for entry in audit_of(viewer)}
    assert seen == {site.pk, None}


def test_rows_without_a_site_are_seen_by_whom_they_are_by_or_about(
    owner: User, other: User, now: datetime
) -> None:
    owner_token_create(owner=owner, name="cron", scopes=[], now=now, actor=COMMAND_LINE)
    mine = note(None, Actor(user=owner, door=Door.WORKSPACE), "audit_log.exported")
    assert set(audit_of(owner).values_list("action", flat=True)) == {
        "owner.created",
        "owner_token.created",
        "audit_log.exported",
    }
    assert mine not in audit_of(other)
    assert set(audit_of(other).values_list("subject_label", flat=True)) == {"other"}


def test_an_administrator_sees_every_row(administrator: User, site: Site, other_site: Site) -> None:
    assert audit_of(administrator).count() == AuditEntry.objects.count()


def test_who_has_left_a_site_sees_its_rows_no_more(viewer: User, site: Site) -> None:
    Membership.objects.filter(user=viewer).delete()
    assert not audit_of(viewer).filter(site=site).exists()


def test_strangers_get_a_404_for_a_sites_log_and_its_export(
    client_of: ClientOf, other: User, site: Site
) -> None:
    assert client_of(other).get(of(site)).status_code == 404
    assert client_of(other).get(f"{of(site)}export/?format=csv").status_code == 404


@pytest.mark.parametrize("path", [LOG, f"{LOG}export/?format=csv"])
def test_nobody_reads_without_signing_in(db: None, client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.parametrize("path", ["", "export/?format=csv"])
def test_a_viewer_sees_who_but_not_from_where(
    client_of: ClientOf, viewer: User, site: Site, key: SiteKey, path: str
) -> None:
    response: Any = client_of(viewer).get(of(site) + path)
    body = b"".join(response).decode()
    assert "site_key.created" in body
    assert "192.0.2.1" not in body


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_log_can_only_be_read(client_of: ClientOf, owner: User, site: Site, method: str) -> None:
    for path in (LOG, of(site)):
        assert getattr(client_of(owner), method)(path).status_code == 405


def test_text_of_strangers_is_text(client_of: ClientOf, owner: User, site: Site, actor: Actor) -> None:
    subject = Subject(kind="site", id=HOSTILE, label=HOSTILE)
    by = Actor(user=owner, door=Door.API, ip=HOSTILE, request_id=HOSTILE)
    note(
        site,
        by,
        HOSTILE,
        subject=subject,
        before={HOSTILE: HOSTILE},
        after={HOSTILE: HOSTILE * 50},
        note=HOSTILE,
    )
    assert HOSTILE not in page(client_of(owner), of(site))


def test_no_value_of_a_key_token_secret_or_invitation_is_in_the_log(
    client_of: ClientOf,
    administrator: User,
    owner: User,
    site: Site,
    minted: Named,
    actor: Actor,
    now: datetime,
) -> None:
    secret = secret_mint(actor=actor, key=minted.key, now=now)
    token = owner_token_create(owner=owner, name="cron", scopes=[], now=now, actor=actor)
    invitation = invitation_create(actor=actor, site=site, role="viewer", now=now)
    heir = key_rotate(actor=actor, key=SiteKey.objects.get(pk=minted.key.pk), now=now, grace_seconds=60)
    log = json.dumps(exported(client_of(administrator), LOG))
    for value in (minted.value, secret, token, invitation, heir.value):
        assert value[:20] not in log


# Filters


@pytest.fixture
def several(site: Site, other_site: Site, owner: User, viewer: User) -> None:
    day = datetime(2026, 3, 10, 23, 59, 59, 999_999, UTC)
    note(site, Actor(user=owner, door=Door.WORKSPACE), "site_key.created", now=day)
    note(site, Actor(user=viewer, door=Door.API), "site_key.rotated", now=day + timedelta(microseconds=1))
    note(site, Actor(user=owner, door=Door.API, request_id="r-1"), "site_config.changed", now=day)
    note(site, SYSTEM, "site_keys.swept", now=day + timedelta(days=2))
    note(other_site, Actor(user=owner, door=Door.WORKSPACE), "site_key.created", now=day)


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"person": "viewer"}, ["site_key.rotated"]),
        ({"person": "VIEWER"}, ["site_key.rotated"]),
        ({"person": "system"}, ["site_keys.swept"]),
        ({"person": "view"}, []),
        ({"action": "site_key"}, ["site_key.rotated", "site_key.created"]),
        ({"action": "site_key.rotated"}, ["site_key.rotated"]),
        ({"door": "api"}, ["site_config.changed", "site_key.rotated"]),
        ({"since": "2026-03-10", "until": "2026-03-10"}, ["site_config.changed", "site_key.created"]),
        ({"since": "2026-03-11", "until": "2026-03-11"}, ["site_key.rotated"]),
        ({"until": "2026-03-09"}, []),
        ({"request": "r-1"}, ["site_config.changed"]),
        ({"subject": "nobody"}, []),
        ({"until": "9999-12-31", "since": "2026-03-12", "door": "system"}, ["site_keys.swept"]),
        ({"door": "api", "person": "owner"}, ["site_config.changed"]),
    ],
)
def test_filters_pick_rows(
    client_of: ClientOf, owner: User, site: Site, several: None, query: dict[str, str], actions: list[str]
) -> None:
    since_march = {"since": "2026-01-01", "until": "2026-12-31"} | query
    rows = [row["action"] for row in exported(client_of(owner), of(site), **since_march)]
    assert [action for action in rows if action not in ("site.created",)] == actions


def test_the_filter_of_a_site_is_in_the_address(
    client_of: ClientOf, administrator: User, site: Site, other_site: Site
) -> None:
    rows = exported(client_of(administrator), LOG, site=other_site.public_id)
    assert {row["siteName"] for row in rows} == {"Secret Garden"}
    assert (
        "Corner Bakery"
        not in page(client_of(administrator), LOG, site=other_site.public_id).split("rv-audit-head", 1)[1]
    )


def test_anothers_site_matches_nothing_and_is_not_named(
    client_of: ClientOf, owner: User, site: Site, other_site: Site
) -> None:
    shown = page(client_of(owner), LOG, site=other_site.public_id)
    assert "No change matches" in shown
    assert "Secret Garden" not in shown


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-11", "until": "2026-03-10"}, "until"),
        ({"door": "window"}, "door"),
        ({"person": "a\0b"}, "person"),
        ({"action": "x" * 65}, "action"),
        ({"before": "7"}, "before"),
    ],
)
@pytest.mark.parametrize("path", ["", "export/"])
def test_a_filter_that_cannot_be_read_is_refused_at_its_field(
    client_of: ClientOf, owner: User, site: Site, query: dict[str, str], field: str, path: str
) -> None:
    response = client_of(owner).get(of(site) + path, {"format": "csv", **query})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert response.context["blocks"] == []


@pytest.mark.parametrize("query", [{}, {"format": "xlsx"}])
def test_an_unknown_format_is_refused(
    client_of: ClientOf, owner: User, site: Site, query: dict[str, str]
) -> None:
    response = client_of(owner).get(f"{of(site)}export/", query)
    assert response.status_code == 422
    assert b"no export in this format" in response.content


def test_an_empty_log_says_what_will_be_there(client_of: ClientOf, owner: User, site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM workspace_auditentry")
    assert "Nothing was changed yet" in page(client_of(owner), of(site))


def test_nothing_that_matches_offers_to_clear_the_filter(
    client_of: ClientOf, owner: User, site: Site
) -> None:
    shown = page(client_of(owner), of(site), person="nobody")
    assert "No change matches" in shown
    assert "Clear filters" in shown


# Pages


def test_pages_follow_one_another_without_gap_or_repetition(owner: User, site: Site, actor: Actor) -> None:
    for i in range(12):
        note(site, actor, subject=Subject(kind="site", id=str(i)))
    rows = audit_of(owner).filter(action="site.edited")
    first = audit_page(rows, size=5)
    second = audit_page(rows, older_than=first.older, size=5)
    third = audit_page(rows, older_than=second.older, size=5)
    back = audit_page(rows, newer_than=third.newer, size=5)
    ids = [[entry.subject_id for entry in found.entries] for found in (first, second, third, back)]
    assert ids == [
        ["11", "10", "9", "8", "7"],
        ["6", "5", "4", "3", "2"],
        ["1", "0"],
        ["6", "5", "4", "3", "2"],
    ]
    assert (first.newer, third.older) == (None, None)


def test_rows_that_come_meanwhile_do_not_move_a_page(owner: User, site: Site, actor: Actor) -> None:
    for i in range(4):
        note(site, actor, subject=Subject(kind="site", id=str(i)))
    rows = audit_of(owner).filter(action="site.edited")
    first = audit_page(rows, size=2)
    note(site, actor)
    assert [entry.subject_id for entry in audit_page(rows, older_than=first.older, size=2).entries] == [
        "1",
        "0",
    ]


def test_the_links_to_other_pages_keep_the_filter(
    client_of: ClientOf, owner: User, site: Site, actor: Actor
) -> None:
    for _ in range(60):
        note(site, actor)
    client = client_of(owner)
    first = client.get(of(site), {"person": "owner"})
    second = client.get(of(site) + first.context["older"])
    assert "person=owner" in first.context["older"]
    assert len(second.context["blocks"]) == 11
    assert client.get(of(site) + second.context["newer"]).context["older"] == first.context["older"]


def test_a_page_takes_few_queries_however_long_the_log_is(
    client_of: ClientOf, owner: User, site: Site, actor: Actor
) -> None:
    client = client_of(owner)
    counts = []
    for _ in range(2):
        for _ in range(30):
            note(site, actor)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client, LOG)
        counts.append(len(asked))
        assert not [query for query in asked.captured_queries if "COUNT(" in query["sql"].upper()]
    assert counts[0] == counts[1] <= 12


def test_changes_of_one_request_are_shown_together(client_of: ClientOf, owner: User, site: Site) -> None:
    at_once = Actor(user=owner, door=Door.API, request_id="r-7")
    for _ in range(3):
        note(site, at_once)
    note(site, Actor(user=owner, door=Door.API, request_id="r-8"))
    blocks = client_of(owner).get(of(site)).context["blocks"]
    assert [len(block.rows) for block in blocks][:2] == [1, 3]


# Exports


@pytest.mark.parametrize("form", ["csv", "csv-bom", "json", "ndjson"])
def test_a_file_holds_exactly_the_filtered_rows(
    client_of: ClientOf, owner: User, site: Site, several: None, form: str
) -> None:
    response: Any = client_of(owner).get(f"{of(site)}export/", {"format": form, "action": "site_key"})
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    if form == "json":
        rows = json.loads(body)
    elif form == "ndjson":
        rows = [json.loads(line) for line in body.splitlines()]
    else:
        rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [row["action"] for row in rows] == ["site_key.rotated", "site_key.created"]
    assert rows[1]["at"] == "2026-03-10T23:59:59.999999Z"


def test_a_note_that_is_a_formula_is_text_in_the_file(
    client_of: ClientOf, owner: User, site: Site, actor: Actor
) -> None:
    note(site, actor, note="=HYPERLINK(1)")
    response: Any = client_of(owner).get(f"{of(site)}export/", {"format": "csv", "action": "site.edited"})
    [row] = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode(), newline=""))
    assert row["note"] == "'=HYPERLINK(1)"


def test_an_export_is_on_record_and_not_in_itself(client_of: ClientOf, owner: User, site: Site) -> None:
    rows = exported(client_of(owner), of(site), person="owner")
    entry = AuditEntry.objects.get(action="audit_log.exported")
    assert (entry.site, entry.actor) == (site, owner)
    assert entry.after == {"format": "json", "filters": {"person": "owner"}}
    assert str(entry.pk) not in {row["id"] for row in rows}


def test_a_long_log_is_read_in_chunks(owner: User, site: Site, actor: Actor) -> None:
    for i in range(7):
        note(site, actor, subject=Subject(kind="site", id=str(i)))
    rows = filtered(audit_of(owner), AuditFilter(action="site.edited"))
    chunks = [[entry.subject_id for entry in chunk] for chunk in audit_chunks(rows, size=3)]
    assert chunks == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


# Never edited


def test_a_row_cannot_be_changed(site: Site) -> None:
    entry = AuditEntry.objects.latest("id")
    entry.note = "it was somebody else"
    with pytest.raises(NeverEdited):
        entry.save()
    with pytest.raises(NeverEdited):
        AuditEntry.objects.filter(pk=entry.pk).update(note="x")


def test_a_row_cannot_be_deleted(site: Site) -> None:
    with pytest.raises(NeverEdited):
        AuditEntry.objects.latest("id").delete()
    with pytest.raises(NeverEdited):
        AuditEntry.objects.all().delete()


def test_rows_outlive_the_person_and_the_site(
    owner: User, site: Site, key: SiteKey, actor: Actor, now: datetime
) -> None:
    site_config_patch(actor=actor, site=site, patch={"businessType": "restaurant"}, max_stored=9, now=now)
    key_end_now(actor=actor, key=key, now=now)
    n_before = AuditEntry.objects.count()
    site.delete()
    owner.delete()
    assert AuditEntry.objects.count() == n_before
    left = AuditEntry.objects.get(action="site_key.revoked")
    assert (left.actor, left.actor_name, left.site, left.site_name) == (None, "owner", None, "Corner Bakery")
