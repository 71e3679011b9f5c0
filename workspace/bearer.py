"""Who calls with `Authorization: Bearer …` (RFC 6750 §2.1). The one place that reads this header.

It carries an owner token, `rvo_…`, or, when the server has an OpenID Connect issuer, one of its JWTs.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from workspace.core.credentials import Forbidden, InvalidToken, Unauthenticated
from workspace.core.oidc import Flaw, InvalidJwt, looks_like_jwt
from workspace.core.tokens import OWNER_TOKEN_PREFIX, Scope
from workspace.models import User
from workspace.selectors.owners import owner_token_live
from workspace.services.identities import identity_claimed, identity_used
from workspace.services.owners import owner_token_used

_ASK = "use Authorization: Bearer with an owner token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A good credential and its owner. `scopes` as stored: a name unknown to this version opens nothing.

    `token_id` is that of the owner token; None for a JWT, whose `identity_id` says at the issuer who it is.
    """

    token_id: UUID | None
    owner: User
    scopes: frozenset[str]
    identity_id: int | None = None

    @property
    def owner_id(self) -> int:
        """Whose token it is."""
        owner_id: int = self.owner.pk
        return owner_id

    @property
    def holder(self) -> str:
        """By what a caller is counted: the owner token, or the subject of however many JWTs."""
        return f"token {self.token_id}" if self.token_id else f"identity {self.identity_id}"

    def require(self, *scopes: Scope) -> None:
        """Pass when the token carries one of `scopes`; `manage` does not imply the others.

        Raises:
            Forbidden: it carries none of them.
        """
        if self.scopes.isdisjoint(scopes):
            needed = " or ".join(sorted(scopes))
            raise Forbidden(f"the token lacks the scope for this: {needed}")


def bearer_token(authorization: str, *, now: datetime) -> Bearer:
    """The credential of an Authorization header, '' when there was none. Notes that it is in use.

    Raises:
        Unauthenticated: there is no credential.
        InvalidToken: it is of another scheme, unknown, revoked or expired.
        UnknownOwner: it is a good JWT of nobody who is known here, and there is no sign-up.
        IssuerUnavailable: it is a JWT, and the issuer's keys cannot be read just now.
    """
    scheme, _, value = authorization.partition(" ")
    if not scheme:
        raise Unauthenticated(_ASK)
    if scheme.lower() != "bearer":
        raise InvalidToken(_ASK)
    value = value.strip()
    if not value.startswith(OWNER_TOKEN_PREFIX) and looks_like_jwt(value) and settings.ROVER.oidc_issuer:
        return _by_jwt(value, now=now)
    return _by_owner_token(value, now=now)


def _by_owner_token(value: str, *, now: datetime) -> Bearer:
    token = owner_token_live(token=value, now=now)
    if token is None:
        raise InvalidToken("the token is unknown, revoked or expired")
    owner_token_used(token=token, now=now)
    return Bearer(token_id=token.pk, owner=token.owner, scopes=frozenset(token.scopes))


def _by_jwt(value: str, *, now: datetime) -> Bearer:
    """A JWT has every scope: the issuer vouches for the person, not for one script of theirs."""
    from workspace.io.oidc import configured_issuer  # servers without an issuer need no cryptography

    conf = settings.ROVER
    issuer = configured_issuer(issuer=conf.oidc_issuer, audience=conf.oidc_audience, jwks=conf.oidc_jwks)
    claimed = issuer.verified(value, now=now)
    identity = identity_claimed(claimed=claimed, signup=conf.oidc_signup, now=now)
    if not identity.owner.is_active:
        raise InvalidJwt(Flaw.OWNER)
    identity_used(identity=identity, now=now)
    return Bearer(
        token_id=None, identity_id=identity.pk, owner=identity.owner, scopes=frozenset(map(str, Scope))
    )
