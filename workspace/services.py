"""What may change in the workspace: owners and their tokens."""

from collections.abc import Collection
from datetime import datetime

from workspace.core.tokens import OWNER_TOKEN_PREFIX, Scope, digest, hint, mint
from workspace.io.transactions import write_transaction
from workspace.models import OwnerToken, User


def owner_create(*, username: str, password: str | None, is_superuser: bool = False) -> User:
    """A person who may sign in to the workspace; without a password only by a one-time link.

    Raises:
        django.db.IntegrityError: the name is taken.
    """
    with write_transaction():
        return User.objects.create_user(
            username=username, password=password, is_staff=True, is_superuser=is_superuser
        )


def owner_token_create(
    *, owner: User, name: str, scopes: Collection[Scope], now: datetime, expires_at: datetime | None = None
) -> str:
    """A new token of `owner`, returned this once; the database keeps its digest."""
    token = mint(OWNER_TOKEN_PREFIX)
    with write_transaction():
        OwnerToken.objects.create(
            owner=owner,
            name=name,
            digest=digest(token),
            hint=hint(token),
            scopes=sorted(scopes),
            created_at=now,
            expires_at=expires_at,
        )
    return token


def owner_token_revoke(*, token: OwnerToken, now: datetime) -> None:
    """End a token; it stays listed with the time of its end."""
    with write_transaction():
        OwnerToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def owner_token_used(*, token: OwnerToken, now: datetime) -> None:
    """Remember that a token is in use, to the minute: a busy token must not cost a write per request."""
    if token.last_used_at is None or (now - token.last_used_at).total_seconds() > USED_PRECISION_SECONDS:
        OwnerToken.objects.filter(pk=token.pk).update(last_used_at=now)


USED_PRECISION_SECONDS = 60
