"""Sign-ins, sign-outs and failed sign-ins are rows of the audit log.

Django tells of them by signals; `connect` makes them rows. Passwords are never looked at. What a guesser can
cause is bounded: a few rows a minute for one name from one address, and some for all guessers together.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from workspace.core.doors import Door
from workspace.io.transactions import write_transaction
from workspace.models import AuditEntry, User
from workspace.services.audit import Actor, Subject, record

NAME_MAX = 150
WINDOW = timedelta(minutes=1)
FAILURES_PER_NAME_AND_ADDRESS = 5
FAILURES_IN_ALL = 60
LINK_PATH = "/sign-in/"
FAILED = "owner.sign_in_failed"
LAST_ONE = "The last that is recorded in this minute; there may have been more."


def connect() -> None:
    """Listen to Django's signals; called once, when the apps are ready. A second time changes nothing."""
    user_logged_in.connect(_signed_in, dispatch_uid="rover.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="rover.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="rover.sign_in_failed")


def signed_in(*, user: User, by: str, now: datetime, ip: str = "", request_id: str = "") -> None:
    """`by`: password, or one-time link."""
    actor = Actor(user=user, door=Door.WORKSPACE, ip=ip, request_id=request_id)
    with write_transaction():
        record(actor=actor, action="owner.signed_in", subject=_subject(user), after={"by": by}, now=now)


def signed_out(*, user: User, now: datetime, ip: str = "", request_id: str = "") -> None:
    """The person ended their session."""
    actor = Actor(user=user, door=Door.WORKSPACE, ip=ip, request_id=request_id)
    with write_transaction():
        record(actor=actor, action="owner.signed_out", subject=_subject(user), now=now)


def sign_in_link_noted(*, actor: Actor, owner: User, now: datetime) -> None:
    """`actor` has made a link with which `owner`, or whoever has it, can sign in."""
    with write_transaction():
        record(actor=actor, action="owner.sign_in_link_created", subject=_subject(owner), now=now)


def sign_in_failed(*, name: str, now: datetime, ip: str = "", request_id: str = "") -> None:
    """Somebody tried to sign in as `name` and could not. The row is about the owner of that name, if there is
    one. Beyond the bounds nothing is written; the last row within them says so."""
    name = _printable(name)[:NAME_MAX]
    with write_transaction():
        recent = AuditEntry.objects.filter(action=FAILED, id__gt=_first_id_of(now - WINDOW))
        n_all = recent.count()
        n_same = recent.filter(subject_label=name, ip=ip).count()
        if n_all >= FAILURES_IN_ALL or n_same >= FAILURES_PER_NAME_AND_ADDRESS:
            return
        is_last = n_all + 1 == FAILURES_IN_ALL or n_same + 1 == FAILURES_PER_NAME_AND_ADDRESS
        owner = User.objects.filter(username=name).first()
        record(
            actor=Actor(door=Door.WORKSPACE, ip=ip, request_id=request_id),
            action=FAILED,
            subject=Subject(kind="owner", id=str(owner.pk) if owner else "", label=name),
            note=LAST_ONE if is_last else "",
            now=now,
        )


def _signed_in(sender: object, request: HttpRequest | None, user: User, **_: Any) -> None:
    by = "one-time link" if request is not None and request.path.startswith(LINK_PATH) else "password"
    signed_in(user=user, by=by, now=timezone.now(), **_origin(request))


def _signed_out(sender: object, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:  # a sign-out without a session
        signed_out(user=user, now=timezone.now(), **_origin(request))


def _failed(
    sender: object, credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    name = credentials.get("username")
    sign_in_failed(name=name if isinstance(name, str) else "", now=timezone.now(), **_origin(request))


def _origin(request: HttpRequest | None) -> dict[str, str]:
    if request is None:
        return {}
    return {
        "ip": (request.META.get("REMOTE_ADDR") or "")[:45],
        "request_id": request.headers.get("X-Request-Id", "")[:64],
    }


def _subject(user: User) -> Subject:
    return Subject(kind="owner", id=str(user.pk), label=user.username)


def _printable(text: str) -> str:
    """Without what PostgreSQL cannot store or what would mislead whoever reads the log."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _first_id_of(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment (RFC 9562, 5.7): rows since then are found by the primary key, however
    long the log is."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
