"""Overview, visits and analytics of RoverBook among the pages of a site."""

from roverbook.admin.analytics import analytics
from roverbook.admin.overview import alert_dismiss, overview, score_card
from roverbook.admin.visit import visit, visit_json
from roverbook.admin.visits import visits, visits_export
from workspace.admin.contributions import Page, SiteLink

_BOOK = "sites/<slug:site_id>/roverbook/"
PAGES: list[Page] = [
    (_BOOK, overview, "roverbook"),
    (f"{_BOOK}alerts/<int:alert_id>/dismiss/", alert_dismiss, "roverbook_alert_dismiss"),
    (f"{_BOOK}visits/", visits, "roverbook_visits"),
    (f"{_BOOK}visits/export/", visits_export, "roverbook_visits_export"),
    (f"{_BOOK}visits/<slug:visit_id>/", visit, "roverbook_visit"),
    (f"{_BOOK}visits/<slug:visit_id>/json/", visit_json, "roverbook_visit_json"),
    (f"{_BOOK}analytics/", analytics, "roverbook_analytics"),
]
LINKS: list[SiteLink] = [
    ("roverbook", "Overview", "admin:roverbook"),
    ("roverbook-visits", "Visits", "admin:roverbook_visits"),
    ("roverbook-analytics", "Analytics", "admin:roverbook_analytics"),
]
card = score_card
