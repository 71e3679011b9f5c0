"""Who may read which tasks as streams."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, parse_cookie
from django.utils import timezone

from tasks.core.public_errors import InvalidRequest, PublicTaskNotFound
from tasks.core.states import TaskKind
from tasks.selectors.agents import task_id_of_token
from tasks.streaming.log import TaskHead
from tasks.streaming.request import StreamRequest
from workspace.bearer import bearer_token
from workspace.core.credentials import Forbidden
from workspace.core.tokens import Scope, digest
from workspace.selectors.access import sites_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a credential opens: the tasks of one owner, or of all; of one kind, or of all; or just one. Tasks
    that are about a site are read by those who work on it, `sites`, whoever owned it when they were made.
    Open streams are counted by `holder`, which is the same however the credential was spelled."""

    holder: str
    owner_id: int | None
    kind: TaskKind | None
    task_id: UUID | None = None
    sites: frozenset[UUID] = frozenset()

    def may_read(self, head: TaskHead) -> bool:
        """True when the task is one of those."""
        if self.kind not in (None, head.kind) or self.task_id not in (None, head.task_id):
            return False
        if self.owner_id is None:
            return True
        if head.kind == TaskKind.WORKFLOW:  # other owners' sites may have tasks in it
            return False
        return head.owner_id == self.owner_id if head.site_id is None else head.site_id in self.sites


class Access(Protocol):
    """A kind of credential."""

    def credential(self, request: StreamRequest) -> str:
        """What the request says about its sender; empty when it says nothing. Nothing is checked here."""

    def reader(self, credential: str) -> Reader:
        """Whom that is. Called in a database thread.

        Raises:
            Unauthenticated: it says nothing.
            InvalidToken: it is unknown, ended or malformed.
            Forbidden: it is good, but not for this.
        """


class OwnerTokenAccess:
    """An owner's script reads the owner's tasks of one kind, by a bearer token with one of `scopes`."""

    def __init__(self, *, kind: TaskKind, scopes: Collection[Scope]) -> None:
        self._kind = kind
        self._scopes = frozenset(scopes)

    def credential(self, request: StreamRequest) -> str:
        """The Authorization header."""
        return request.headers.get("authorization", "")

    def reader(self, credential: str) -> Reader:
        """See `Access`."""
        bearer = bearer_token(credential, now=timezone.now())
        bearer.require(*self._scopes)
        return Reader(holder=bearer.holder, owner_id=bearer.owner_id, kind=self._kind)


class StaffSessionAccess:
    """A signed-in member of staff, by Django's session: a superuser reads any task, others their own."""

    def credential(self, request: StreamRequest) -> str:
        """The session's key."""
        cookies = parse_cookie(request.headers.get("cookie", ""))
        return cookies.get(settings.SESSION_COOKIE_NAME, "")

    def reader(self, credential: str) -> Reader:
        """See `Access`. Without a session it is Forbidden: a 401 would have to name a way to sign in that a
        header can carry (RFC 9110 §15.5.2)."""
        carrier = HttpRequest()  # what Django's own check of a session asks for
        carrier.session = SessionStore(credential or None)
        user = get_user(carrier)
        if isinstance(user, AnonymousUser):
            raise Forbidden("sign in to the workspace")
        if not user.is_staff:
            raise Forbidden("only owners may see the workspace")
        if user.is_superuser:
            return Reader(holder=f"owner {user.pk}", owner_id=None, kind=None)
        sites = frozenset(sites_of(user).values_list("pk", flat=True))
        return Reader(holder=f"owner {user.pk}", owner_id=user.pk, kind=None, sites=sites)


class TaskTokenAccess:
    """Whoever shows the token of a task, or of a workflow, reads that one. The token stands in the
    Authorization header or in `?access=`, not in both (RFC 6750 §2)."""

    def __init__(self, *, kind: TaskKind) -> None:
        self._kind = kind

    def credential(self, request: StreamRequest) -> str:
        """The token.

        Raises:
            InvalidRequest: there are two, or it is none.
        """
        scheme, _, header = request.headers.get("authorization", "").strip().partition(" ")
        in_header = header.strip() if scheme.lower() == "bearer" else ""
        in_query = request.query.get("access", "")
        if in_header and in_query:
            raise InvalidRequest("Send the access token once: as a header or as ?access=.", errors=[])
        token = in_header or in_query
        if token and not _TOKEN.fullmatch(token):
            raise InvalidRequest("The access token is malformed.", errors=[])
        return token

    def reader(self, credential: str) -> Reader:
        """See `Access`. To a stranger there is no such task."""
        task_id = task_id_of_token(digest(credential), self._kind) if credential else None
        if task_id is None:
            raise PublicTaskNotFound("There is no such task, or not with this token.")
        return Reader(holder=f"{self._kind} {task_id}", owner_id=None, kind=self._kind, task_id=task_id)


_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,200}")
