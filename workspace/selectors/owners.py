"""What other apps may read of the workspace."""

from datetime import datetime

from workspace.core.tokens import OWNER_TOKEN_PREFIX, digest
from workspace.models import OwnerToken, User


def owner_token_live(*, token: str, now: datetime) -> OwnerToken | None:
    """The stored token that this text is, with its owner, or None when it is unknown, ended or expired."""
    if not token.startswith(OWNER_TOKEN_PREFIX):
        return None
    # The conditions are looked at here, not in the query: building a longer one costs more than running it,
    # and this is asked at every call of the API.
    found = OwnerToken.objects.select_related("owner").filter(digest=digest(token))
    return next((row for row in found if _is_live(row, now)), None)


def _is_live(token: OwnerToken, now: datetime) -> bool:
    has_ended = token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now)
    return token.owner.is_active and not has_ended


def owner_by_name(*, username: str) -> User | None:
    """The owner with this name, or None."""
    return User.objects.filter(username=username).first()
