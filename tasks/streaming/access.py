"""Who may read which tasks as streams."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, parse_cookie
from django.utils import timezone

from tasks.core.states import TaskKind
from tasks.streaming.log import TaskHead
from tasks.streaming.request import StreamRequest
from workspace.bearer import bearer_token
from workspace.core.credentials import Forbidden
from workspace.core.tokens import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a credential opens: the tasks of one owner, or of all; of one kind, or of all. Open streams
    are counted by `holder`, which is the same however the credential was spelled."""

    holder: str
    owner_id: int | None
    kind: TaskKind | None

    def may_read(self, head: TaskHead) -> bool:
        """True when the task is one of those."""
        return self.owner_id in (None, head.owner_id) and self.kind in (None, head.kind)


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
        owner_id = None if user.is_superuser else user.pk
        return Reader(holder=f"owner {user.pk}", owner_id=owner_id, kind=None)
