"""Alerts about pages that got worse: opened by a real change, kept up to date, ended when the page is as it was."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from roverbook.models import AgentProfile, DriftAlert, VisitTool
from roverbook.selectors.drift import open_alerts
from roverbook.services.drifting import drift_alert_dismiss, drift_sweep
from tests.roverbook.scoring.support import DAY, NOON, make_site, used, visited
from workspace.models import AuditEntry, Site
from workspace.services.audit import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site()


def visits_to(
    site: Site, number: int, *, at: datetime, columns: dict[str, Any] | None = None, **tool: Any
) -> None:
    """So many visits that used a tool: 4 calls on /cart, unless `tool` says otherwise."""
    for _ in range(number):
        used(visited(site, at=at, **(columns or {})), **tool)


def worse(site: Site, *, now: datetime = NOON, **columns: Any) -> None:
    """The cart was fine for two weeks; in the last days three of four calls failed."""
    visits_to(site, 30, at=now - 8 * DAY, failures=0, columns=columns)
    visits_to(site, 12, at=now - DAY, failures=3, columns=columns)


def test_a_page_that_got_worse_is_told(site: Site) -> None:
    worse(site)
    visits_to(site, 12, at=NOON - DAY, failures=0, path="/")
    assert drift_sweep(NOON) == 1
    alert = DriftAlert.objects.get()
    assert (alert.site, alert.path, alert.tool) == (site, "/cart", "click")
    assert (alert.rate, alert.baseline, alert.calls) == (0.75, 0.0, 48)
    assert (alert.began_at, alert.seen_at, alert.ended_at) == (NOON, NOON, None)


def test_a_second_look_opens_no_second_alert(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    drift_sweep(NOON + timedelta(hours=1))
    alert = DriftAlert.objects.get()
    assert (alert.began_at, alert.seen_at) == (NOON, NOON + timedelta(hours=1))


def test_a_page_that_was_always_bad_is_not_told(site: Site) -> None:
    visits_to(site, 30, at=NOON - 8 * DAY, failures=3)
    visits_to(site, 12, at=NOON - DAY, failures=3)
    drift_sweep(NOON)
    assert not DriftAlert.objects.exists()


@pytest.mark.parametrize("when", [3 * DAY + timedelta(minutes=1), 17 * DAY + timedelta(minutes=1)])
def test_only_the_last_days_are_compared_with_the_two_weeks_before(site: Site, when: timedelta) -> None:
    visits_to(site, 30, at=NOON - when, failures=0)
    visits_to(site, 12, at=NOON - DAY, failures=3)
    drift_sweep(NOON)
    assert DriftAlert.objects.exists() is (when < 17 * DAY)


@pytest.mark.parametrize("columns", [{"is_test": True}, {"agent_key": "muted"}], ids=["trial", "muted"])
def test_what_does_not_count_is_no_drift(site: Site, columns: dict[str, Any]) -> None:
    AgentProfile.objects.create(site=site, agent_key="muted", is_muted=True, updated_at=NOON)
    visits_to(site, 30, at=NOON - 8 * DAY, failures=0)
    visits_to(site, 12, at=NOON - DAY, failures=4, columns=columns)
    visits_to(site, 12, at=NOON - DAY, failures=0)
    drift_sweep(NOON)
    assert not DriftAlert.objects.exists()


def test_another_sites_failures_are_no_drift_here(site: Site) -> None:
    visits_to(site, 30, at=NOON - 8 * DAY, failures=0)
    worse(make_site("other.example"))
    drift_sweep(NOON)
    assert [alert.site.host for alert in DriftAlert.objects.all()] == ["other.example"]


def test_elements_that_went_missing_are_told_whatever_the_tool(site: Site) -> None:
    """No single tool has enough visits to tell, the page has."""
    tools = ("click", "type", "select", "scroll")
    for tool in tools:
        visits_to(site, 20, at=NOON - 8 * DAY, tool=tool)
        visits_to(site, 5, at=NOON - DAY, tool=tool, failures=3, missing=3)
    drift_sweep(NOON)
    alert = DriftAlert.objects.get()
    assert (alert.path, alert.tool, alert.rate, alert.missing) == ("/cart", "", 0.75, 60)


def test_an_alert_ends_when_the_page_is_as_it_was(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    later = NOON + 4 * DAY
    visits_to(site, 12, at=later - DAY, failures=0)
    drift_sweep(later)
    alert = DriftAlert.objects.get()
    assert (alert.ended_at, alert.rate) == (later, 0.0)


def test_an_alert_does_not_end_because_failing_became_usual(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    for days in range(1, 30):
        visits_to(site, 4, at=NOON + days * DAY, failures=3)
        drift_sweep(NOON + days * DAY + timedelta(hours=1))
    alert = DriftAlert.objects.get()
    assert (alert.ended_at, alert.baseline) == (None, 0.0)


def test_an_alert_about_a_page_that_nobody_visits_stays_two_weeks(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    last_seen = NOON + 2 * DAY
    drift_sweep(last_seen)
    drift_sweep(last_seen + 14 * DAY)
    assert DriftAlert.objects.get().ended_at is None
    end = last_seen + 14 * DAY + timedelta(hours=1)
    drift_sweep(end)
    assert DriftAlert.objects.get().ended_at == end


def test_an_alert_about_a_page_that_few_still_visit_stays(site: Site) -> None:
    """Too few visits to open an alert are enough to know that it is no better."""
    worse(site)
    drift_sweep(NOON)
    for days in range(2, 30, 2):
        visits_to(site, 1, at=NOON + days * DAY, failures=4)
        drift_sweep(NOON + days * DAY + timedelta(hours=1))
    alert = DriftAlert.objects.get()
    assert (alert.ended_at, alert.rate, alert.calls) == (None, 1.0, 8)


def test_a_page_can_get_worse_again(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    visits_to(site, 60, at=NOON + 5 * DAY, failures=0)
    drift_sweep(NOON + 5 * DAY + timedelta(hours=1))
    visits_to(site, 12, at=NOON + 10 * DAY, failures=4)
    drift_sweep(NOON + 10 * DAY + timedelta(hours=1))
    assert [alert.ended_at is None for alert in DriftAlert.objects.order_by("began_at")] == [False, True]


def test_an_owner_dismisses_an_alert_once(site: Site) -> None:
    worse(site)
    drift_sweep(NOON)
    alert = DriftAlert.objects.get()
    assert open_alerts(site) == [alert]
    drift_alert_dismiss(actor=SYSTEM, alert=alert, now=NOON)
    again = drift_alert_dismiss(actor=SYSTEM, alert=alert, now=NOON + DAY)
    assert (again.dismissed_at, open_alerts(site)) == (NOON, [])
    assert AuditEntry.objects.filter(action="drift_alert.dismissed").count() == 1
    drift_sweep(NOON + timedelta(hours=1))
    assert open_alerts(site) == []


def test_the_worst_come_first(site: Site) -> None:
    for path, failures in (("/a", 2), ("/b", 4), ("/c", 3)):
        visits_to(site, 30, at=NOON - 8 * DAY, failures=0, path=path)
        visits_to(site, 40, at=NOON - DAY, failures=failures, path=path)
    drift_sweep(NOON)
    assert [alert.path for alert in open_alerts(site)] == ["/b", "/c", "/a"]


def test_a_site_without_visits_costs_nothing(site: Site) -> None:
    assert drift_sweep(NOON) == 0
    assert not VisitTool.objects.exists()
