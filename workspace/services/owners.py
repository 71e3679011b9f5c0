"""Owners and the tokens of their scripts."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from workspace.core.ids import new_id
from workspace.core.tokens import OWNER_TOKEN_PREFIX, Scope, digest, hint, mint
from workspace.io.transactions import write_transaction
from workspace.models import OwnerToken, User
from workspace.services.audit import SYSTEM, Actor, Subject, record

USED_PRECISION_SECONDS = 60


def owner_create(
    *,
    username: str,
    password: str | None,
    is_superuser: bool = False,
    actor: Actor = SYSTEM,
    now: datetime | None = None,
) -> User:
    """A person who may sign in to the workspace; without a password only by a one-time link.

    Raises:
        django.db.IntegrityError: the name is taken.
    """
    with write_transaction():
        owner = User.objects.create_user(
            username=username, password=password, is_staff=True, is_superuser=is_superuser
        )
        record(
            actor=actor,
            action="owner.created",
            subject=Subject(kind="owner", id=str(owner.pk), label=username),
            after={"username": username, "is_superuser": is_superuser},
            now=now or timezone.now(),
        )
    return owner


def owner_token_create(
    *,
    owner: User,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None = None,
    actor: Actor = SYSTEM,
    token_id: UUID | None = None,
) -> str:
    """A new token of `owner`, returned this once; the database keeps its digest.

    `token_id`: the id it shall have, for callers whose request may come twice.

    Raises:
        django.db.IntegrityError: there is a token with this id.
    """
    token = mint(OWNER_TOKEN_PREFIX)
    with write_transaction():
        row = OwnerToken.objects.create(
            id=token_id or new_id(),
            owner=owner,
            name=name,
            digest=digest(token),
            hint=hint(token),
            scopes=sorted(scopes),
            created_at=now,
            expires_at=expires_at,
        )
        record(
            actor=actor,
            action="owner_token.created",
            subject=_token_subject(row),
            after={
                "name": name,
                "scopes": row.scopes,
                "owner": owner.username,
                "expires_at": expires_at.isoformat() if expires_at else None,
            },
            now=now,
        )
    return token


def owner_token_revoke(*, token: OwnerToken, now: datetime, actor: Actor = SYSTEM) -> None:
    """End a token; it stays listed with the time of its end. Ending it twice changes nothing."""
    with write_transaction():
        if OwnerToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            record(
                actor=actor,
                action="owner_token.revoked",
                subject=_token_subject(token),
                before={"revoked_at": None},
                after={"revoked_at": now.isoformat()},
                now=now,
            )


def owner_token_used(*, token: OwnerToken, now: datetime) -> None:
    """Remember that a token is in use, to the minute: a busy token must not cost a write per request."""
    if token.last_used_at is None or (now - token.last_used_at).total_seconds() > USED_PRECISION_SECONDS:
        OwnerToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _token_subject(token: OwnerToken) -> Subject:
    return Subject(kind="owner_token", id=str(token.pk), label=str(token))
