"""What is done by the clock: due things once, by one process, and none in the way of another."""

from datetime import datetime, timedelta

import pytest

from roverbook.models import Cursor, DailyScore, DriftAlert, Note, Visit, WebhookMessage
from roverbook.services import rounds, scoring
from roverbook.services.finalising import visits_finalised
from roverbook.services.rounds import Round, roverbook_round
from tests.roverbook.scoring.support import DAY, NOON, make_site, used, visited

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_a_round_computes_scores_and_drift() -> None:
    site = make_site()
    visits = [visited(site, at=NOON - 8 * DAY) for _ in range(30)]
    for visit in visits:
        used(visit)
    broken = [visited(site, "failure", at=NOON - DAY) for _ in range(12)]
    for visit in broken:
        used(visit, failures=4)
    visits_finalised([*visits, *broken], NOON)
    roverbook_round(NOON)
    assert DailyScore.objects.filter(site=site).count() == 9
    assert DriftAlert.objects.filter(site=site).count() == 1


def test_a_round_forgets_what_is_over() -> None:
    site = make_site()
    old = NOON - 100 * DAY
    visits_finalised([visited(site, summary="Bought it.", at=old)], old)
    WebhookMessage.objects.bulk_create(
        WebhookMessage(id=f"whk_{n}", site=site, event="x", key=str(n), body="{}", created_at=old)
        for n in range(3)
    )
    roverbook_round(NOON)
    assert not Note.objects.exists()
    assert not Visit.objects.exists()
    assert not WebhookMessage.objects.exists()


def test_what_is_done_by_the_hour_is_done_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []
    monkeypatch.setattr(rounds, "ROUNDS", (Round("drift", 3_600, done.append),))
    for minutes in (0, 1, 59, 60, 61, 180):
        roverbook_round(NOON + timedelta(minutes=minutes))
    assert done == [NOON, NOON + HOUR, NOON + 3 * HOUR]


def test_what_fails_is_logged_and_keeps_nothing_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[datetime] = []

    def fail(now: datetime) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(rounds, "scores_sweep", fail)
    monkeypatch.setattr(rounds, "ROUNDS", (Round("first", 3_600, fail), Round("second", 3_600, done.append)))
    roverbook_round(NOON)
    assert done == [NOON]
    assert [record.getMessage() for record in caplog.records] == [
        "RoverBook's round scores failed",
        "RoverBook's round first failed",
    ]


def test_a_round_that_another_process_took_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []
    mine = Round("drift", 3_600, done.append)
    monkeypatch.setattr(rounds, "ROUNDS", (mine,))
    turn = int(NOON.timestamp()) // 3_600
    Cursor.objects.create(name="round:drift", position=turn, updated_at=NOON)
    roverbook_round(NOON)
    assert done == []
    roverbook_round(NOON + HOUR)
    assert done == [NOON + HOUR]


def test_a_site_that_cannot_be_counted_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sites = [make_site(host) for host in ("a.example", "b.example", "c.example")]
    for site in sites:
        visits_finalised([visited(site)], NOON)
    update = scoring.site_scores_update

    def poisoned(site: object, now: datetime) -> object:
        if site == sites[0]:
            raise RuntimeError("no such luck")
        return update(site, now)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring, "site_scores_update", poisoned)
    roverbook_round(NOON)
    assert set(DailyScore.objects.values_list("site", flat=True)) == {site.pk for site in sites[1:]}
    assert sites[0].public_id in caplog.text
