"""What this app adds to the pages of a site."""

from tasks.admin.card import latest_tasks
from tasks.admin.listing import site_tasks
from tasks.admin.showing import site_task, site_task_cancel
from workspace.admin.contributions import Contribution, contribute

contribute(
    Contribution(
        pages=(
            ("sites/<slug:site_id>/tasks/", site_tasks, "site_tasks"),
            ("sites/<slug:site_id>/tasks/<slug:task_name>/", site_task, "site_task"),
            ("sites/<slug:site_id>/tasks/<slug:task_name>/cancel/", site_task_cancel, "site_task_cancel"),
        ),
        link=("site-tasks", "Tasks", "admin:site_tasks"),
        after="ai-access",
        card=latest_tasks,
    )
)
