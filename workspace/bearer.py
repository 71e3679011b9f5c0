"""Who calls with `Authorization: Bearer rvo_…` (RFC 6750 §2.1). The one place that reads this header."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from workspace.core.credentials import Forbidden, InvalidToken, Unauthenticated
from workspace.core.tokens import Scope
from workspace.models import User
from workspace.selectors import owner_token_live
from workspace.services import owner_token_used

_ASK = "use Authorization: Bearer with an owner token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A live token and its owner. `scopes` as stored: a name unknown to this version opens nothing."""

    token_id: UUID
    owner: User
    scopes: frozenset[str]

    @property
    def owner_id(self) -> int:
        """Whose token it is."""
        owner_id: int = self.owner.pk
        return owner_id

    def require(self, *scopes: Scope) -> None:
        """Pass when the token carries one of `scopes`; `manage` does not imply the others.

        Raises:
            Forbidden: it carries none of them.
        """
        if self.scopes.isdisjoint(scopes):
            needed = " or ".join(sorted(scopes))
            raise Forbidden(f"the token lacks the scope for this: {needed}")


def bearer_token(authorization: str, *, now: datetime) -> Bearer:
    """The token of an Authorization header, '' when there was none. Notes that the token is in use.

    Raises:
        Unauthenticated: there is no credential.
        InvalidToken: it is of another scheme, unknown, revoked or expired.
    """
    scheme, _, value = authorization.partition(" ")
    if not scheme:
        raise Unauthenticated(_ASK)
    if scheme.lower() != "bearer":
        raise InvalidToken(_ASK)
    token = owner_token_live(token=value.strip(), now=now)
    if token is None:
        raise InvalidToken("the token is unknown, revoked or expired")
    owner_token_used(token=token, now=now)
    return Bearer(token_id=token.pk, owner=token.owner, scopes=frozenset(token.scopes))
