"""One-time links with which an owner signs in without a password. Nothing is stored.

The link carries the owner, the time of its end and a fingerprint of the owner's password and last sign-in,
all signed. A sign-in changes the fingerprint, so a used link is void, and so are all older ones.
"""

from datetime import UTC, datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare, salted_hmac

from workspace.core.errors import ErrorKind, RoverError
from workspace.io.transactions import write_transaction
from workspace.models import User

LIFETIME = timedelta(minutes=30)
SALT = "rover.sign-in"


class SignInLinkGone(RoverError):
    """The link was used, is too old, or was never made by this server; which of them is not told."""

    code = "sign_in_link_gone"
    kind = ErrorKind.NOT_FOUND


def sign_in_link_create(*, owner: User, now: datetime) -> str:
    """The path `/sign-in/<token>`, good for one sign-in within 30 minutes."""
    ends = int((now + LIFETIME).timestamp())
    token = Signer(salt=SALT).sign_object({"o": owner.pk, "e": ends, "f": _fingerprint(owner)})
    return f"/sign-in/{token}"


def sign_in_link_owner(*, token: str, now: datetime) -> User:
    """The owner whom this link would sign in; the link stays good.

    Raises:
        SignInLinkGone: it would not sign in anybody.
    """
    try:
        claims = Signer(salt=SALT).unsign_object(token)
    except (BadSignature, ValueError) as exc:
        raise SignInLinkGone("this sign-in link is not valid") from exc
    owner = User.objects.filter(pk=claims["o"], is_active=True).first()
    if owner is None or datetime.fromtimestamp(claims["e"], UTC) <= now:
        raise SignInLinkGone("this sign-in link is not valid any more")
    if not constant_time_compare(claims["f"], _fingerprint(owner)):
        raise SignInLinkGone("this sign-in link was used")
    return owner


def sign_in_link_use(*, token: str, now: datetime) -> User:
    """Use the link up and return its owner; of two that come together, one wins.

    Raises:
        SignInLinkGone: it does not sign in anybody.
    """
    with write_transaction():
        owner = sign_in_link_owner(token=token, now=now)
        before = owner.last_login
        if not User.objects.filter(pk=owner.pk, last_login=before).update(last_login=now):
            raise SignInLinkGone("this sign-in link was used")
        owner.last_login = now
    return owner


def _fingerprint(owner: User) -> str:
    last = owner.last_login.timestamp() if owner.last_login else 0
    return salted_hmac(SALT, f"{owner.pk}|{owner.password}|{last:.6f}", algorithm="sha256").hexdigest()[:32]
