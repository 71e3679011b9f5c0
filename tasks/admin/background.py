"""Batches and other background work: a list, and a page that follows one task live. Agents' tasks are not
here: they belong to sites, and have their pages there."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from tasks.core.human import event_line
from tasks.core.public_ids import task_name
from tasks.core.quantities import duration
from tasks.core.states import TaskKind
from tasks.models import Task
from tasks.selectors.background import batch_items, events_after, task_snapshot
from tasks.selectors.site_tasks import agent_task_behind
from tasks.services.tasks import CancelOutcome, task_cancel
from workspace.admin import ReadOnlyAdmin, site
from workspace.admin.frame import caller
from workspace.selectors.access import role_of

EVENTS_SHOWN = 500
SHOWN_AT_SITES = (TaskKind.AGENT, TaskKind.WORKFLOW, TaskKind.WEBHOOK)
_CANCEL_MESSAGES = {
    CancelOutcome.REQUESTED: "Cancel requested. Requests in flight will finish; nothing new starts.",
    CancelOutcome.ALREADY: "Cancel was requested before; requests in flight are finishing.",
    CancelOutcome.ENDED: "The task had ended already; there is nothing to cancel.",
}


@admin.register(Task, site=site)
class TaskAdmin(ReadOnlyAdmin):
    """Background work of every kind but what agents want of sites."""

    list_display = ("short_id", "kind", "badge", "progress", "owner", "created_at", "took")
    list_filter = ("status", "kind")
    list_select_related = ("owner",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-id",)

    @admin.display(description="task", ordering="id")
    def short_id(self, task: Task) -> str:
        """The end of the id: its beginning is a clock that many tasks share."""
        return f"…{task.pk.hex[-8:]}"

    @admin.display(description="status", ordering="status")
    def badge(self, task: Task) -> str:
        """The status as a coloured word."""
        return format_html('<span class="rv-badge rv-{}">{}</span>', task.status, task.status)

    @admin.display(description="items")
    def progress(self, task: Task) -> str:
        """How many items there are, and how they ended."""
        total = task.params.get("total")
        if total is None:
            return "–"
        if not task.result:
            return f"{total}"
        return f"{task.result['succeeded']} of {total}"

    @admin.display(description="took")
    def took(self, task: Task) -> str:
        """From its making to its end, or till now."""
        end = task.finished_at or timezone.now()
        return duration((end - task.created_at).total_seconds() * 1000)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The caller's rows, without what has its pages at sites: agents' tasks, workflows, webhooks."""
        return super().get_queryset(request).exclude(kind__in=SHOWN_AT_SITES)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, under the name that people look for."""
        return super().changelist_view(request, {**(extra_context or {}), "title": "Background work"})

    def get_urls(self) -> list[URLPattern]:
        """The cancel button's address before Django's own."""
        cancel = path(
            "<uuid:task_id>/cancel/", self.admin_site.admin_view(self.cancel_view), name="tasks_task_cancel"
        )
        return [cancel, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One task: where it stands, its events as they happen, its items."""
        if page := self._page_at_site(request, object_id):
            return redirect(page)
        task = self._task(request, object_id)
        snapshot = task_snapshot(task_id=task.pk, now=timezone.now())
        events = events_after(task_id=task.pk, after=max(0, task.last_seq - EVENTS_SHOWN))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{task.kind.replace('_', ' ')} …{task.pk.hex[-8:]}",
            "task": task,
            "snapshot": snapshot,
            "percent": round(100 * snapshot["completed"] / (snapshot["total"] or 1)),
            "took": self.took(task),
            "events": [(event, event_line(event, zone=timezone.get_current_timezone())) for event in events],
            "items": batch_items(task_id=task.pk),
            "events_url": f"/workspace/tasks/{task.pk}/events",
            "cancel_url": reverse("admin:tasks_task_cancel", args=[task.pk]),
        }
        return TemplateResponse(request, "admin/tasks/task/detail.html", context)

    def cancel_view(self, request: HttpRequest, task_id: UUID) -> HttpResponse:
        """Ask for a cooperative cancel, then show the task again."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        task = self._task(request, str(task_id))
        outcome = task_cancel(task_id=task.pk, now=timezone.now())
        messages.info(request, _CANCEL_MESSAGES[outcome])
        return redirect("admin:tasks_task_change", task.pk)

    def _page_at_site(self, request: HttpRequest, object_id: str) -> str:
        """Where an agent's task is shown, or the first one of a workflow; '' for other work, and for what is
        about strangers' sites."""
        try:
            task_id = UUID(object_id)
        except ValueError:
            return ""
        found = agent_task_behind(task_id)
        at = None if found is None else found.task.site
        if found is None or at is None or role_of(caller(request), at) is None:
            return ""
        return reverse("admin:site_task", args=[at.public_id, task_name(found.pk)])

    def _task(self, request: HttpRequest, object_id: str) -> Task:
        task: Task | None = self.get_object(request, object_id)
        if task is None:
            raise Http404("no such task")
        return task
