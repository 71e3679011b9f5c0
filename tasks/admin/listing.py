"""The tasks that agents started on one site: who wants what, where it stands, and what the limits are."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks.admin.rows import rows_of
from tasks.admin.standing import shown_standing
from tasks.admin.texts import line
from tasks.admin.trust import trust_word
from tasks.admin.words import EXECUTION_WORDS, STATUS_WORDS
from tasks.core.attribution import MAX_KEY_CHARS, Trust
from tasks.core.states import TERMINAL, TaskStatus
from tasks.selectors.site_tasks import (
    OPEN,
    TaskFilter,
    agents_seen,
    counts_of_day,
    filtered,
    task_page,
    tasks_of_site,
)
from workspace.admin.frame import render_page, site_page

if TYPE_CHECKING:
    from workspace.models import Site

TEXT_MAX = 200
_ANY = ("", "Any")


class TasksForm(forms.Form):
    """The filters, read from the address of the page."""

    q = forms.CharField(label="Search", required=False, max_length=TEXT_MAX)
    status = forms.ChoiceField(
        required=False,
        choices=[
            _ANY,
            (OPEN, "not ended"),
            *((status, words.word) for status, words in STATUS_WORDS.items()),
        ],
    )
    trust = forms.ChoiceField(
        required=False, choices=[_ANY, *((trust.value, trust_word(trust)) for trust in Trust)]
    )
    execution = forms.ChoiceField(required=False, choices=[_ANY, *EXECUTION_WORDS.items()])
    agent = forms.CharField(required=False, max_length=MAX_KEY_CHARS)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The days must be in order."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first.")
        return given

    def wanted(self) -> TaskFilter:
        """The filter; the form must be valid."""
        given = self.cleaned_data
        return TaskFilter(
            text=given["q"],
            status=given["status"],
            trust=given["trust"],
            agent=given["agent"],
            execution=given["execution"],
            since=given["since"],
            until=given["until"],
        )


@site_page()
@require_safe
def site_tasks(request: HttpRequest, site: "Site") -> HttpResponse:
    """The list, newest first."""
    now = timezone.now()
    form = TasksForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.wanted() if is_valid else TaskFilter()
    rows = tasks_of_site(site)
    found = task_page(
        filtered(rows, wanted) if is_valid else rows.none(),
        older_than=form.cleaned_data.get("before"),
        newer_than=form.cleaned_data.get("after"),
    )
    return render_page(
        request,
        "workspace/tasks/list.html",
        title="Tasks",
        section="site-tasks",
        site=site,
        status=200 if is_valid else 422,
        form=form,
        rows=rows_of(found.tasks, site, now=now),
        agents=[(key, line(name)) for key, name in agents_seen(site)],
        today=_today(counts_of_day(site, now=now), now.date().isoformat()),
        standing=shown_standing(site, now=now),
        is_filtered=not is_valid or not wanted.is_empty,
        is_paged=bool(form.cleaned_data.get("before") or form.cleaned_data.get("after")),
        newer=_query(request.GET, after=found.newer),
        older=_query(request.GET, before=found.older),
    )


def _today(counts: dict[str, int], day: str) -> list[tuple[str, int, str]]:
    """(what, how many, query that shows them) of the tasks made today."""
    of_today = QueryDict(f"since={day}&until={day}")
    gone = (TaskStatus.CANCELLED, TaskStatus.EXPIRED)
    shown = [
        ("started", sum(counts.values()), _query(of_today)),
        (
            "not ended",
            sum(n for status, n in counts.items() if status not in TERMINAL),
            _query(of_today, status=OPEN),
        ),
    ]
    for status in (TaskStatus.COMPLETED, TaskStatus.FAILED, *gone):
        n = counts.get(status, 0)
        if n or status not in gone:
            shown.append((STATUS_WORDS[status].word, n, _query(of_today, status=status.value)))
    return shown


def _query(given: QueryDict, **instead: str | UUID | None) -> str:
    """The query of a link to the same view with other values; '' when one of them is None. Pages begin anew,
    unless they are what changes."""
    if None in instead.values():
        return ""
    query = given.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    for name, value in instead.items():
        query[name] = str(value)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"?{query.urlencode()}"
