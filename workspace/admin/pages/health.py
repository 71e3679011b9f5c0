"""Health: is this installation in order? For administrators of the server."""

import functools
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workspace.admin.frame import caller, refusal, render_page
from workspace.core.credentials import Forbidden
from workspace.core.health import HealthReporter

VERDICT_WORDS = {"ok": "in order", "warn": "look at it", "fail": "broken"}
VERDICT_CLASSES = {"ok": "pass", "warn": "warn", "fail": "fail"}
View = Callable[[HttpRequest], HttpResponse]


def administrators_only(view: View) -> View:
    """A page of the server's administrators; others get a 403."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if not caller(request).is_superuser:
            return refusal(request, Forbidden("This page is for administrators of the server."), status=403)
        return view(request)

    return wrapped


@administrators_only
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The checks, the workers, the tasks, and those that failed."""
    reporter = cast(HealthReporter, import_string(settings.HEALTH_REPORT))
    report = reporter(now=timezone.now())
    worst = next((v for v in ("fail", "warn") if any(c.verdict == v for c in report.checks)), "ok")
    return render_page(
        request,
        "workspace/health/health.html",
        title="Health",
        section="health",
        report=report,
        worst=worst,
        checks=[
            (check, VERDICT_WORDS.get(check.verdict, check.verdict), VERDICT_CLASSES.get(check.verdict, ""))
            for check in report.checks
        ],
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [("health/", health, "health")]
