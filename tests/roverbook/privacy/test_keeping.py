"""What a site keeps goes when its time is over, and not before."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from roverbook.models import (
    CollectedEvent,
    DailyScore,
    DriftAlert,
    Exposure,
    InterviewAnswer,
    Note,
    NotificationSettings,
    Post,
    Review,
    Visit,
    VisitStep,
)
from roverbook.services.privacy import retaining
from roverbook.services.privacy.retaining import retention_prune
from roverbook.services.rounds import ROUNDS
from tests.roverbook.people import rows
from tests.roverbook.people.test_pages import page_of, send
from workspace.models import AuditEntry, Site, User

pytestmark = pytest.mark.django_db
NOW = rows.NOON


@pytest.fixture
def owner() -> User:
    return rows.owner()


@pytest.fixture
def site(owner: User) -> Site:
    return rows.site_of(owner)


@pytest.fixture
def browser(owner: User, site: Site) -> Client:
    return rows.browser_of(owner)


def ago(days: float) -> Any:
    return NOW - timedelta(days=days)


def event(site: Site, days: float) -> CollectedEvent:
    return CollectedEvent.objects.create(
        site=site,
        session_id="ses_1",
        host=site.host,
        event_id=f"event {days}",
        visit_id="vis_1",
        type="status",
        at=ago(days),
        created_at=ago(days),
    )


def alert(site: Site, days: float | None) -> DriftAlert:
    return DriftAlert.objects.create(
        site=site,
        path=f"/{days}",
        tool="click",
        rate=1,
        baseline=0,
        calls=9,
        began_at=ago(900),
        seen_at=ago(900),
        ended_at=None if days is None else ago(days),
    )


@pytest.mark.parametrize(
    ("model", "make", "kept_days"),
    [
        (Visit, lambda site, days: rows.visit(site, at=ago(days)), 90),
        (CollectedEvent, event, 90),
        (Exposure, lambda site, days: rows.exposure(site, at=ago(days)), 90),
        (Review, lambda site, days: rows.review(site, at=ago(days), provenance="derived"), 90),
        (InterviewAnswer, lambda site, days: rows.answer(site, at=ago(days), provenance="derived"), 90),
        (Note, lambda site, days: rows.note(site, at=ago(days), provenance="derived"), 90),
        (Review, lambda site, days: rows.review(site, at=ago(days)), 400),
        (InterviewAnswer, lambda site, days: rows.answer(site, at=ago(days)), 400),
        (Post, lambda site, days: rows.post(site, at=ago(days), status="solved"), 400),
        (Post, lambda site, days: rows.post(site, at=ago(days), is_hidden=True), 400),
        (DailyScore, lambda site, days: rows.daily_score(site, at=ago(days)), 400),
        (DriftAlert, alert, 400),
    ],
    ids=[
        *("visit", "event", "exposure", "derived review", "derived answer", "derived note"),
        *("review", "answer", "solved post", "hidden post", "score", "alert"),
    ],
)
def test_goes_when_its_time_is_over(model: Any, make: Any, kept_days: int, site: Site) -> None:
    make(site, kept_days + 2)
    young = make(site, kept_days - 2)

    retention_prune(NOW)

    assert list(model.objects.values_list("pk", flat=True)) == [young.pk]


@pytest.mark.parametrize(
    "make",
    [
        lambda site: rows.note(site, at=ago(2_000)),
        lambda site: rows.note(site, at=ago(2_000), provenance="derived", is_pinned=True),
        lambda site: rows.post(site, at=ago(2_000)),
        lambda site: rows.visit(site, at=ago(2_000), finalized_at=None, ended_at=None),
        lambda site: alert(site, None),
    ],
    ids=["note", "pinned note", "open post", "visit that goes on", "alert that goes on"],
)
def test_stays_however_old_it_is(make: Any, site: Site) -> None:
    made = make(site)

    retention_prune(NOW)

    made.refresh_from_db()


def test_a_visit_takes_its_steps_along(site: Site) -> None:
    rows.step(rows.visit(site, at=ago(100)), 1)

    assert retention_prune(NOW) == 1
    assert not VisitStep.objects.exists()


def test_each_site_has_its_own_terms(owner: User, site: Site) -> None:
    other = rows.site_of(owner, "Mill")
    NotificationSettings.objects.create(site=other, visit_days=10, updated_at=NOW)
    for each in (site, other):
        rows.visit(each, at=ago(20))

    retention_prune(NOW)

    assert [visit.site for visit in Visit.objects.all()] == [site]


def test_one_site_with_very_much_keeps_no_other_from_its_turn(
    owner: User, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "MOST", 3)
    monkeypatch.setattr(retaining, "BITE", 2)
    other = rows.site_of(owner, "Mill")
    for each in (site, other):
        for _ in range(5):
            rows.visit(each, at=ago(100))

    assert retention_prune(NOW) == 6
    assert retention_prune(NOW) == 4


def test_it_happens_by_itself() -> None:
    assert retention_prune in [each.do for each in ROUNDS]


class TestThePage:
    def test_changes_what_is_kept_on_record(self, site: Site, browser: Client) -> None:
        fields = {"visit_days": "30", "score_days": "60", "needs_consent": "on"}

        for _ in range(2):
            assert send(browser, site, "privacy", **fields).status_code == 302

        row = NotificationSettings.objects.get(site=site)
        assert (row.visit_days, row.score_days, row.needs_consent) == (30, 60, True)
        [entry] = AuditEntry.objects.filter(action="roverbook_settings.changed")
        assert entry.after == {"visit_days": 30, "score_days": 60, "needs_consent": True}
        assert "30 days" in page_of(browser, site, "privacy")

    @pytest.mark.parametrize(
        "fields",
        [
            {"visit_days": "0", "score_days": "60"},
            {"visit_days": "90", "score_days": "60"},
            {"visit_days": "30", "score_days": "9999"},
            {"visit_days": "soon", "score_days": "60"},
        ],
        ids=str,
    )
    def test_keeps_nothing_that_makes_no_sense(
        self, fields: dict[str, str], site: Site, browser: Client
    ) -> None:
        assert send(browser, site, "privacy", **fields).status_code == 422
        assert not NotificationSettings.objects.exists()

    def test_does_not_touch_the_questions(self, site: Site, browser: Client) -> None:
        NotificationSettings.objects.create(
            site=site, enabled=True, has_own_questions=True, updated_at=timezone.now()
        )

        send(browser, site, "privacy", visit_days="30", score_days="60")

        row = NotificationSettings.objects.get()
        assert (row.enabled, row.has_own_questions) == (True, True)
