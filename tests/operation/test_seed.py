"""`rover seed`: sample data, the same everywhere and made once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from rover_site.cli import main
from rover_site.seeding import SAMPLES, seed
from workspace.core.policy import preset_of
from workspace.models import AuditEntry, KeyUsage, Membership, Site, SiteConfig, SiteKey, User
from workspace.selectors.keys import key_state, key_value, refusals
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db
IDS = ["corner-bakery-seed01", "harbour-tours-seed02", "travel-journal-seed03"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the command said."""

    code: int
    out: str
    err: str


Run = Callable[[], Answer]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rover seed` in this process, on the database of the test."""
    monkeypatch.setenv("ROVER_DATA_DIR", str(tmp_path / "data"))

    def call() -> Answer:
        code = main(["seed"])
        said = capsys.readouterr()
        return Answer(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def seeded() -> datetime:
    now = timezone.now()
    assert seed(now=now)
    return now


def everything() -> dict[str, list[dict[str, Any]]]:
    """What the workspace holds, but for the record of sign-in links, of which each run makes new ones."""
    tables: list[Any] = [User, Site, SiteKey, SiteConfig, KeyUsage, Membership]
    held = {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}
    changes = AuditEntry.objects.exclude(action="owner.sign_in_link_created").order_by("pk")
    return held | {"AuditEntry": list(changes.values())}


def lasting() -> Any:
    """What must be the same wherever and whenever it is made."""
    keys = SiteKey.objects.order_by("site__public_id", "created_at", "label")
    return {
        "sites": list(
            Site.objects.order_by("public_id").values("public_id", "name", "host", "owner__username")
        ),
        "configs": [config.content for config in SiteConfig.objects.order_by("site__public_id")],
        "keys": [
            (key.label, key.environment, key.allowed_domains, key.policy, key.capabilities, key_value(key))
            for key in keys
        ],
        "usage": sorted(KeyUsage.objects.values_list("key__label", "host", "reason", "count")),
        "members": list(Membership.objects.values_list("site__public_id", "user__username", "role")),
        "audit": list(AuditEntry.objects.order_by("id").values_list("action", "door", "actor_name", "note")),
    }


def wipe() -> None:
    Site.objects.all().delete()
    User.objects.all().delete()


def test_the_links_it_prints_sign_in(run: Run) -> None:
    answer = run()
    assert answer.code == 0
    links = dict(line.split("\t") for line in answer.out.splitlines())
    assert list(links) == ["bakery", "travel"]
    for link in links.values():
        browser = Client()
        assert browser.post(link.removeprefix("http://127.0.0.1:8000")).status_code == 302
        assert "sessionid" in browser.cookies


def test_a_second_run_changes_nothing_and_says_so(run: Run) -> None:
    run()
    before = everything()
    answer = run()
    assert answer.code == 0
    assert "nothing was changed" in answer.err
    assert len(answer.out.splitlines()) == 2
    assert everything() == before


def test_somebodys_own_owner_of_the_name_is_left_alone(run: Run) -> None:
    owner_create(username="travel", password=None)
    answer = run()
    assert (answer.code, answer.out) == (1, "")
    assert "there is an owner bakery or travel already" in answer.err
    assert not Site.objects.exists()


def test_it_is_the_same_at_any_time() -> None:
    made = []
    for now in (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), datetime(2031, 7, 1, 4, 0, tzinfo=UTC)):
        n_before = AuditEntry.objects.count()
        seed(now=now)
        found = lasting()
        made.append(found | {"audit": found["audit"][n_before:]})
        wipe()
    assert made[0] == made[1]


def test_the_values_of_keys_are_this_servers_own(seeded: datetime, settings: Any) -> None:
    before = {key_value(key) for key in SiteKey.objects.all()}
    wipe()
    settings.SECRET_KEY = "another server has another key, and so other values"
    seed(now=seeded)
    assert before.isdisjoint(key_value(key) for key in SiteKey.objects.all())


def test_two_owners_have_three_sites(seeded: datetime) -> None:
    assert list(Site.objects.order_by("public_id").values_list("public_id", "owner__username")) == list(
        zip(IDS, ["bakery", "travel", "travel"], strict=True)
    )
    assert [sample.public_id for sample in SAMPLES] == IDS


def test_the_sites_have_different_policies(seeded: datetime) -> None:
    nearest = {
        key.site.public_id: (preset_of(key.policy)[0], key.policy["siteMode"])
        for key in SiteKey.objects.filter(label="Website").select_related("site")
    }
    assert list(nearest.items()) and nearest == {
        IDS[0]: ("careful", "agent"),
        IDS[1]: ("open", "agent"),
        IDS[2]: ("balanced", "analytics_only"),
    }


def test_keys_are_in_every_state_and_environment(seeded: datetime) -> None:
    keys = SiteKey.objects.select_related("site")
    assert {key.environment for key in keys} == {"production", "development", "test"}
    assert {key_state(key, seeded) for key in keys} == {"active", "rotating", "disabled"}
    soon = [key.label for key in keys if key.expires_at and key.expires_at < seeded + timedelta(days=14)]
    assert soon == ["Browser tests"]


def test_the_bakery_looks_on_at_a_site_of_the_travel_agency(seeded: datetime) -> None:
    [member] = Membership.objects.all()
    assert (member.site.public_id, member.user.username, member.role) == (IDS[1], "bakery", "viewer")


def test_there_is_use_until_today_and_some_that_was_refused(seeded: datetime) -> None:
    assert KeyUsage.objects.filter(reason="", day=seeded.date()).count() == 3
    key = SiteKey.objects.get(site__public_id=IDS[0], label="Website")
    assert [(row["host"], row["reason"]) for row in refusals(key, now=seeded)] == [
        ("bakery.example.cheap-copies.example", "domain_not_allowed")
    ]


def test_everything_is_on_record_as_done_on_the_command_line(seeded: datetime) -> None:
    assert set(AuditEntry.objects.values_list("door", flat=True)) == {"cli"}
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {
        "owner.created",
        "site.created",
        "site_key.rotated",
        "site_config.changed",
        "member.joined",
    } <= actions
