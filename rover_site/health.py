"""`/healthz`: the process answers. `/readyz`: the server can do its work. Neither asks for a token."""

from collections.abc import Callable, Mapping
from functools import cache

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from rover_site import __version__
from tasks.services.workers import workers_alive


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 without a look at the database: for whoever restarts a process that hangs."""
    return JsonResponse({"status": "ok", "version": __version__})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, its tables are this version's and a worker was seen in the last 15 s,
    else 503: for whoever decides where to send requests. It says which check failed, not why."""
    checks = {name: "ok" if passes() else "failed" for name, passes in CHECKS.items()}
    is_ready = set(checks.values()) == {"ok"}
    response = JsonResponse(
        {"status": "ready" if is_ready else "not_ready", "version": __version__, "checks": checks},
        status=200 if is_ready else 503,
    )
    # Django would log each 503 as an error, several a second while a server starts
    response._has_been_logged = True  # type: ignore[attr-defined]  # how Django marks it
    return response


def database_answers() -> bool:
    """True when a query comes back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def migrations_applied() -> bool:
    """True when no migration of this version is missing."""
    try:
        return _remember_applied()
    except (Error, _MigrationsMissing):
        return False


def worker_seen() -> bool:
    """True when a worker gave a sign of life in the last 15 s."""
    try:
        return workers_alive(now=timezone.now()) > 0
    except Error:
        return False


CHECKS: Mapping[str, Callable[[], bool]] = {
    "database": database_answers,
    "migrations": migrations_applied,
    "worker": worker_seen,
}


class _MigrationsMissing(Exception):
    """Not cached, unlike an answer: they may be applied at any time, but never go away."""


@cache
def _remember_applied() -> bool:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _MigrationsMissing
    return True
