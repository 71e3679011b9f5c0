"""Alerts about pages whose tools fail more than they used to: the sweep opens, updates and ends them."""

from datetime import datetime, timedelta

from django.db.models import Q

from roverbook.core.drift import BEFORE_DAYS, RECENT_DAYS, has_drifted, has_recovered
from roverbook.models import DriftAlert, VisitTool
from roverbook.selectors.drift import PageTool, page_tools
from roverbook.services.each_site import each_site
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

OPEN_MOST = 50
"""Alerts of one site at a time: nobody reads more."""


def drift_sweep(now: datetime) -> int:
    """Look at every site that was visited in the last days or has an open alert; how many there were."""
    visited = VisitTool.objects.filter(started_at__gte=now - timedelta(days=RECENT_DAYS), started_at__lt=now)
    alerted = DriftAlert.objects.filter(ended_at__isnull=True)
    looked = Q(pk__in=visited.values("site")) | Q(pk__in=alerted.values("site"))
    sites = list(Site.objects.filter(looked).order_by("pk"))
    return each_site(sites, lambda site: site_drift_update(site, now))


def site_drift_update(site: Site, now: datetime) -> None:
    """Open, update and end the alerts of one site."""
    with write_transaction():
        alerts = {
            (row.path, row.tool): row
            for row in DriftAlert.objects.select_for_update().filter(site=site, ended_at__isnull=True)
        }
        tools = page_tools(site, now, also={path for path, _ in alerts})
        for key, alert in alerts.items():
            _update(alert, tools.get(key), now)
        room = max(0, OPEN_MOST - len(alerts))
        worse = [tool for key, tool in tools.items() if key not in alerts and _is_worse(tool)]
        worse.sort(key=lambda tool: (tool.before.rate - tool.recent.rate, tool.path, tool.tool))
        DriftAlert.objects.bulk_create([_opened(site, tool, now) for tool in worse[:room]])


def drift_alert_dismiss(*, actor: Actor, alert: DriftAlert, now: datetime, note: str = "") -> DriftAlert:
    """The owner has seen it: it is shown no more, and ends as it would have. Twice is as good as once."""
    with write_transaction():
        row = DriftAlert.objects.select_for_update().select_related("site").get(pk=alert.pk)
        if row.dismissed_at is None:
            row.dismissed_at = now
            row.save(update_fields=["dismissed_at"])
            record(
                actor=actor,
                action="drift_alert.dismissed",
                subject=Subject(kind="drift_alert", id=str(row.pk), label=str(row)),
                site=row.site,
                before={"dismissed": False},
                after={"dismissed": True},
                note=note,
                now=now,
            )
    return row


def _is_worse(tool: PageTool) -> bool:
    return has_drifted(tool.recent, tool.before)


def _opened(site: Site, tool: PageTool, now: datetime) -> DriftAlert:
    return DriftAlert(
        site=site,
        path=tool.path,
        tool=tool.tool,
        rate=tool.recent.rate,
        baseline=tool.before.rate,
        calls=tool.recent.calls,
        missing=tool.missing,
        began_at=now,
        seen_at=now,
    )


def _update(alert: DriftAlert, tool: PageTool | None, now: datetime) -> None:
    """`baseline` stays: what has failed for two weeks is no better for having become usual."""
    if tool is None or not tool.recent.calls:
        if alert.seen_at < now - timedelta(days=BEFORE_DAYS):
            alert.ended_at = now
            alert.save()
        return
    alert.rate, alert.calls, alert.missing = tool.recent.rate, tool.recent.calls, tool.missing
    alert.seen_at = now
    if has_recovered(tool.recent, alert.baseline):
        alert.ended_at = now
    alert.save()
