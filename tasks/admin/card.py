"""The newest tasks on the overview of a site."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils import timezone

from tasks.admin.rows import rows_of
from tasks.selectors.site_tasks import task_page, tasks_of_site
from workspace.admin.contributions import Card

if TYPE_CHECKING:
    from workspace.models import Site

SHOWN = 5


def latest_tasks(request: HttpRequest, site: "Site") -> Card | None:
    """The card; None as long as no agent has come, and nothing of a site that is archived."""
    found = task_page(tasks_of_site(site), size=SHOWN)
    if not found.tasks or site.archived_at is not None:
        return None
    rows = rows_of(found.tasks, site, now=timezone.now())
    return Card(template="workspace/tasks/card.html", content={"rows": rows, "site": site})
