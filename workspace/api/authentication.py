"""Who calls the API: an owner's script with its token, or an owner by a JWT of the configured issuer."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from workspace.bearer import Bearer, bearer_token
from workspace.core.credentials import InvalidToken, Unauthenticated
from workspace.models import User

_CHALLENGE = "rover.challenge"
"""Where a request keeps the challenge of its refusal: the framework asks another object for it."""


class OwnerTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`. `request.user` is the owner, `request.auth` the `Bearer`."""

    def authenticate(self, request: Request) -> tuple[User, Bearer] | None:
        """The owner and the token; None without a credential.

        Raises:
            AuthenticationFailed: the credential is not good. The framework's own error, because it adds the
                challenge to no other.
            UnknownOwner, IssuerUnavailable: as `bearer_token` does.
        """
        authorization = get_authorization_header(request).decode("latin-1")
        if not authorization:
            return None
        try:
            bearer = bearer_token(authorization, now=timezone.now())
        except Unauthenticated as refused:
            request.META[_CHALLENGE] = refused.challenge
            raise AuthenticationFailed(refused.message) from refused
        return bearer.owner, bearer

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401; one that answers a credential says that it is not good."""
        default = InvalidToken if get_authorization_header(request) else Unauthenticated
        challenge: str = request.META.get(_CHALLENGE, default.challenge)
        return challenge
