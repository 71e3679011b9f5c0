"""The people of a site: invited by a link, given a role, removed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import QuerySet

from workspace.core.credentials import Forbidden
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.refusals import InvitationNotFound, LimitReached, MemberNotFound
from workspace.core.roles import Role
from workspace.core.tokens import digest, mint
from workspace.io.transactions import write_transaction
from workspace.models import Invitation, Membership, Site, User
from workspace.services.audit import Actor, Subject, record

INVITATION_PREFIX = "inv_"
INVITATION_DAYS = 7
MAX_OPEN_INVITATIONS = 20
_GIVEN_ROLES = (Role.ADMIN.value, Role.VIEWER.value)


def invitation_create(*, actor: Actor, site: Site, role: str, now: datetime, note: str = "") -> str:
    """The secret of a link by which one signed-in person may join, valid for 7 days; returned this once.

    Raises:
        InvalidFields: a role that cannot be given.
        LimitReached: too many open invitations.
    """
    _check_role(role)
    secret = mint(INVITATION_PREFIX)
    with write_transaction():
        if _open(site, now).count() >= MAX_OPEN_INVITATIONS:
            raise LimitReached(f"This site has {MAX_OPEN_INVITATIONS} open invitations.")
        invitation = Invitation.objects.create(
            site=site,
            role=role,
            digest=digest(secret),
            note=note[:120],
            created_by=actor.user,
            created_at=now,
            expires_at=now + timedelta(days=INVITATION_DAYS),
        )
        _log(actor, "invitation.created", site, _invitation(invitation), {}, {"role": role}, now, note)
    return secret


def invitation_accept(*, actor: Actor, secret: str, now: datetime) -> Site:
    """The caller joins the site. A link works once.

    Raises:
        InvitationNotFound: unknown, used, withdrawn or expired.
        Forbidden: the caller works on the site already.
    """
    user = actor.user
    if user is None:
        raise Forbidden("Sign in to accept an invitation.")
    with write_transaction():
        invitation = invitation_live(secret=secret, now=now)
        site = invitation.site
        if site.owner_id == user.pk or Membership.objects.filter(site=site, user=user).exists():
            raise Forbidden("You work on this site already.")
        taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if not taken.update(accepted_by=user, accepted_at=now):
            raise InvitationNotFound("This invitation was used in between.")
        Membership.objects.create(site=site, user=user, role=invitation.role, created_at=now)
        _log(actor, "member.joined", site, _member(user), {}, {"role": invitation.role}, now, "")
    return site


def invitation_live(*, secret: str, now: datetime) -> Invitation:
    """The open invitation of this secret.

    Raises:
        InvitationNotFound.
    """
    found = (
        Invitation.objects.select_related("site", "site__owner")
        .filter(digest=digest(secret), accepted_at=None, revoked_at=None, expires_at__gt=now)
        .filter(site__archived_at=None)
        .first()
    )
    if found is None:
        raise InvitationNotFound("This invitation is unknown, used, withdrawn or expired.")
    return found


def invitation_revoke(*, actor: Actor, invitation: Invitation, now: datetime) -> None:
    """Withdraw an open invitation. A second time changes nothing."""
    with write_transaction():
        rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if rows.update(revoked_at=now):
            _log(
                actor,
                "invitation.revoked",
                invitation.site,
                _invitation(invitation),
                {"role": invitation.role},
                {},
                now,
                "",
            )


def member_set_role(*, actor: Actor, site: Site, user: User, role: str, now: datetime) -> None:
    """Another role for a member.

    Raises:
        InvalidFields; MemberNotFound.
    """
    _check_role(role)
    with write_transaction():
        member = Membership.objects.filter(site=site, user=user).first()
        if member is None:
            raise MemberNotFound("That person does not work on this site.")
        before = {"role": member.role}
        Membership.objects.filter(pk=member.pk).update(role=role)
        _log(actor, "member.role_changed", site, _member(user), before, {"role": role}, now, "")


def member_remove(*, actor: Actor, site: Site, user: User, now: datetime) -> None:
    """End a membership; also how somebody leaves.

    Raises:
        MemberNotFound.
    """
    with write_transaction():
        member = Membership.objects.filter(site=site, user=user).first()
        if member is None:
            raise MemberNotFound("That person does not work on this site.")
        member.delete()
        what = "member.left" if actor.user == user else "member.removed"
        _log(actor, what, site, _member(user), {"role": member.role}, {}, now, "")


def _check_role(role: str) -> None:
    if role not in _GIVEN_ROLES:
        raise InvalidFields([FieldError("role", "Choose admin or viewer.", "not_allowed")])


def _open(site: Site, now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(site=site, accepted_at=None, revoked_at=None, expires_at__gt=now)


def _invitation(invitation: Invitation) -> Subject:
    return Subject(kind="invitation", id=str(invitation.pk), label=invitation.note)


def _member(user: User) -> Subject:
    return Subject(kind="member", id=str(user.pk), label=user.username)


def _log(
    actor: Actor,
    action: str,
    site: Site,
    subject: Subject,
    before: Mapping[str, object],
    after: Mapping[str, object],
    now: datetime,
    note: str,
) -> None:
    record(
        actor=actor, action=action, subject=subject, site=site, before=before, after=after, note=note, now=now
    )
