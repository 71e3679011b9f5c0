"""Which owner a subject of an OpenID Connect issuer is."""

from datetime import datetime
from shlex import quote

from django.db import IntegrityError

from workspace.core.doors import Door
from workspace.core.oidc import (
    MAX_ISSUER,
    Claimed,
    IdentityTaken,
    InvalidIdentity,
    UnknownOwner,
    is_subject,
    usernames,
)
from workspace.io.transactions import write_transaction
from workspace.models import OidcIdentity, User
from workspace.services.audit import Actor, Subject, record
from workspace.services.owners import USED_PRECISION_SECONDS


def identity_claimed(*, claimed: Claimed, signup: bool, now: datetime) -> OidcIdentity:
    """The stored identity, with its owner, of whom a verified JWT names. With `signup` a subject that comes
    for the first time becomes a new owner: without a password, named as `usernames` says.

    Two that come together make one owner: the second finds what the first has made.

    Raises:
        UnknownOwner: nobody is linked to the subject, and there is no sign-up.
    """
    for is_last in (False, False, True):
        if known := _known(claimed.issuer, claimed.subject):
            return known
        if not signup:
            raise UnknownOwner(
                "The token is good, but its subject is not linked to an owner of this server.",
                next_action="Ask whoever runs the server for: "
                f"rover owner identity NAME {quote(claimed.subject)}",
            )
        try:
            with write_transaction():
                return _signed_up(claimed, now)
        except IntegrityError:  # somebody else took the subject, or the name, in this moment
            if is_last:
                raise
    raise AssertionError("the last round returns or raises")


def identity_used(*, identity: OidcIdentity, now: datetime) -> None:
    """Remember that an identity is in use, to the minute, as with owner tokens."""
    last = identity.last_used_at
    if last is None or (now - last).total_seconds() > USED_PRECISION_SECONDS:
        OidcIdentity.objects.filter(pk=identity.pk).update(last_used_at=now)


def identity_link(
    *, actor: Actor, owner: User, issuer: str, subject: str, now: datetime, move: bool = False
) -> OidcIdentity:
    """Let the issuer's `subject` be `owner` from now on. Linking it to the same owner again changes nothing;
    with `move` it is taken from the owner it had.

    Raises:
        InvalidIdentity: no token could carry this subject or issuer.
        IdentityTaken: it is another owner's.
    """
    if not is_subject(subject):
        raise InvalidIdentity("a subject has 1 to 255 printable characters.")
    if not 0 < len(issuer) <= MAX_ISSUER:
        raise InvalidIdentity(f"an issuer has 1 to {MAX_ISSUER} characters.")
    with write_transaction():
        known = _known(issuer, subject)
        if known is None:
            return _linked(actor, owner, issuer, subject, now)
        if known.owner != owner:
            if not move:
                raise IdentityTaken(
                    f"the subject is linked to the owner {known.owner.username} already.",
                    next_action="Use --move to take it from there.",
                )
            _move(actor, known, owner, now)
        return known


def _known(issuer: str, subject: str) -> OidcIdentity | None:
    return OidcIdentity.objects.select_related("owner").filter(issuer=issuer, subject=subject).first()


def _signed_up(claimed: Claimed, now: datetime) -> OidcIdentity:
    names = usernames(claimed)
    # whatever the case of its letters: a name must not pass for another's
    username = next((n for n in names if not User.objects.filter(username__iexact=n).exists()), names[-1])
    owner = User.objects.create_user(username=username, email=claimed.email, password=None, is_staff=True)
    actor = Actor(user=owner, door=Door.API)
    record(
        actor=actor,
        action="owner.created",
        subject=Subject(kind="owner", id=str(owner.pk), label=username),
        after={"username": username, "is_superuser": False},
        now=now,
        note="first use of an OIDC token",
    )
    return _linked(actor, owner, claimed.issuer, claimed.subject, now)


def _linked(actor: Actor, owner: User, issuer: str, subject: str, now: datetime) -> OidcIdentity:
    identity = OidcIdentity.objects.create(owner=owner, issuer=issuer, subject=subject, created_at=now)
    record(
        actor=actor,
        action="oidc_identity.linked",
        subject=_audited(identity),
        after={"owner": owner.username, "issuer": issuer, "subject": subject},
        now=now,
    )
    return identity


def _move(actor: Actor, identity: OidcIdentity, owner: User, now: datetime) -> None:
    before = identity.owner.username
    identity.owner = owner
    identity.save(update_fields=["owner"])
    record(
        actor=actor,
        action="oidc_identity.moved",
        subject=_audited(identity),
        before={"owner": before},
        after={"owner": owner.username},
        now=now,
    )


def _audited(identity: OidcIdentity) -> Subject:
    return Subject(kind="oidc_identity", id=str(identity.pk), label=str(identity))
