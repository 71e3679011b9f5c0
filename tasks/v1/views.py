"""Batches over HTTP. `GET /v1/batches/{id}` is served in front of Django, because it may be a stream."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tasks.core.errors import InvalidArgs
from tasks.core.states import TaskKind, TaskStatus
from tasks.selectors.background import batch_items, task_get, task_snapshot, tasks_recent
from tasks.services.batches import batch_create
from tasks.services.tasks import task_cancel
from workspace.api.permissions import HasScope
from workspace.core.tokens import Scope

MOST_LISTED = 100
MOST_ITEMS = 1000


class FetchView(APIView):
    """A view for owner tokens with scope `fetch`."""

    permission_classes = [IsAuthenticated, HasScope]
    required_scope = Scope.FETCH


class BatchesView(FetchView):
    """`/v1/batches`"""

    def post(self, request: Request) -> Response:
        """Start a batch: 202 with its handle, once every URL has passed and the task is stored."""
        if not isinstance(request.data, dict):
            raise InvalidArgs("the body must be a JSON object", errors=[])
        created = batch_create(owner_id=request.user.pk, arguments=request.data, now=timezone.now())
        location = f"/v1/batches/{created['task_id']}"
        return Response(created, status=202, headers={"Location": location})

    def get(self, request: Request) -> Response:
        """The caller's batches, newest first: `?limit=`, `?status=`, `?before=` the last id seen."""
        limit = _integer(request, "limit", default=20, most=MOST_LISTED)
        rows = tasks_recent(
            owner_id=request.user.pk,
            kind=TaskKind.BATCH_FETCH,
            status=_status(request),
            before=_uuid(request, "before"),
            limit=limit + 1,
        )
        next_before = rows[limit - 1]["task_id"] if len(rows) > limit else None
        return Response({"batches": rows[:limit], "next_before": next_before})


class BatchView(FetchView):
    """`/v1/batches/{id}`"""

    def delete(self, request: Request, task_id: UUID) -> Response:
        """Ask for a cooperative cancel: 202 while the batch still runs, 200 when it had ended."""
        task_get(task_id=task_id, owner_id=request.user.pk, kind=TaskKind.BATCH_FETCH)
        outcome = task_cancel(task_id=task_id, now=timezone.now())
        snapshot = task_snapshot(task_id=task_id, now=timezone.now())
        return Response(snapshot | {"cancel": outcome}, status=200 if outcome == "ended" else 202)


class BatchItemsView(FetchView):
    """`/v1/batches/{id}/items`"""

    def get(self, request: Request, task_id: UUID) -> Response:
        """What became of each URL, in the order of the list: `?after=` an index, `?limit=`."""
        task_get(task_id=task_id, owner_id=request.user.pk, kind=TaskKind.BATCH_FETCH)
        after = _integer(request, "after", default=-1, least=-1)
        limit = _integer(request, "limit", default=MOST_ITEMS, most=MOST_ITEMS)
        return Response({"items": batch_items(task_id=task_id, after=after, limit=limit)})


def _integer(request: Request, name: str, *, default: int, least: int = 1, most: int = 10**9) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise _invalid(name, f"must be an integer from {least} to {most}")
    return value


def _status(request: Request) -> TaskStatus | None:
    text = request.query_params.get("status")
    if not text:
        return None
    if text not in set(TaskStatus):
        raise _invalid("status", f"must be one of {', '.join(TaskStatus)}")
    return TaskStatus(text)


def _uuid(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    try:
        return UUID(text) if text else None
    except ValueError as exc:
        raise _invalid(name, "must be a task id") from exc


def _invalid(name: str, message: str) -> InvalidArgs:
    errors: list[dict[str, Any]] = [{"field": name, "message": message}]
    return InvalidArgs(f"{name} {message}", errors=errors)
