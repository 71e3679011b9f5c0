"""The people of a site: who can do what, invitations, and the page that an invitation leads to."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from workspace.admin.forms import CoreForm
from workspace.admin.frame import actor_of, caller, refusal, render_page, say, site_page
from workspace.core.credentials import Forbidden
from workspace.core.errors import RoverError
from workspace.core.fields import InvalidFields
from workspace.core.refusals import InvitationNotFound, LimitReached
from workspace.core.roles import Right, Role
from workspace.models import Invitation, Membership, Site
from workspace.services.members import (
    INVITATION_DAYS,
    invitation_accept,
    invitation_create,
    invitation_live,
    invitation_revoke,
    member_remove,
    member_set_role,
)

ROLES = (
    (Role.VIEWER.value, "Viewer: looks at everything"),
    (Role.ADMIN.value, "Admin: changes keys, policy and content"),
)


class InviteForm(CoreForm):
    """A role for somebody, and a word about whom it is for."""

    core_names = {"role": "role"}

    role = forms.ChoiceField(label="Role", choices=ROLES, initial=Role.VIEWER.value)
    note = forms.CharField(
        label="For whom",
        max_length=120,
        required=False,
        empty_value="",
        help_text="For your list and the audit log.",
    )


@site_page()
def members(request: HttpRequest, site: Site) -> HttpResponse:
    """Who can do what."""
    return _show(request, site, InviteForm())


@site_page(write=Right.OWN, view=Right.OWN)
def invite(request: HttpRequest, site: Site) -> HttpResponse:
    """Make an invitation. Its link is on the answer page and nowhere else, so the answer is no redirect."""
    if request.method != "POST":
        return redirect("admin:site_members", site.public_id)
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            said = form.cleaned_data
            secret = invitation_create(
                actor=actor_of(request), site=site, role=said["role"], note=said["note"], now=timezone.now()
            )
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        except LimitReached as reached:
            form.add_error(None, f"{reached.message} Withdraw one that is not needed.")
        else:
            link = settings.ROVER.base_url + reverse("admin:join", args=[secret])
            return _show(request, site, InviteForm(), link=link, invited=said)
    return _show(request, site, form, status=422)


@site_page(write=Right.OWN, view=Right.OWN)
def withdraw(request: HttpRequest, site: Site, invitation_id: str) -> HttpResponse:
    """End an open invitation."""
    if request.method == "POST":
        invitation = get_object_or_404(Invitation, site=site, pk=invitation_id)
        invitation_revoke(actor=actor_of(request), invitation=invitation, now=timezone.now())
        say(request, "The invitation is withdrawn; its link does not work any more.")
    return redirect("admin:site_members", site.public_id)


@site_page(write=Right.OWN, view=Right.OWN)
def role(request: HttpRequest, site: Site, member_id: int) -> HttpResponse:
    """Another role for a member."""
    if request.method == "POST":
        member = _member(site, member_id)
        try:
            member_set_role(
                actor=actor_of(request),
                site=site,
                user=member.user,
                role=request.POST.get("role", ""),
                now=timezone.now(),
            )
        except InvalidFields as invalid:
            return _show(request, site, InviteForm(), status=422, problem=invalid.errors[0].message)
        say(request, f"{member.user} is {request.POST['role']} now.")
    return redirect("admin:site_members", site.public_id)


@site_page(write=Right.OWN, view=Right.OWN)
def remove(request: HttpRequest, site: Site, member_id: int) -> HttpResponse:
    """GET says what ends, POST removes the member."""
    member = _member(site, member_id)
    if request.method == "POST":
        member_remove(actor=actor_of(request), site=site, user=member.user, now=timezone.now())
        say(request, f"{member.user} does not work on this site any more.")
        return redirect("admin:site_members", site.public_id)
    return render_page(
        request,
        "workspace/members/remove.html",
        title=f"Remove {member.user}?",
        section="members",
        site=site,
        member=member,
    )


@site_page(write=Right.VIEW)
def leave(request: HttpRequest, site: Site) -> HttpResponse:
    """A member leaves. The owner cannot: a site has one at all times."""
    user = caller(request)
    if not Membership.objects.filter(site=site, user=user).exists():
        raise Forbidden("Only members can leave a site.", next_action="An owner hands the site over first.")
    if request.method == "POST":
        member_remove(actor=actor_of(request), site=site, user=user, now=timezone.now())
        say(request, f"You do not work on {site.name} any more.")
        return redirect("admin:index")
    return render_page(
        request,
        "workspace/members/leave.html",
        title=f"Leave {site.name}?",
        section="members",
        site=site,
    )


def join(request: HttpRequest, secret: str) -> HttpResponse:
    """What an invitation leads to: GET says to which site, POST joins. 404 for every other secret.

    The page's address is a secret, so no request that the page makes carries it (`strict-origin`; with
    `no-referrer` browsers would send the form with the origin "null", which is refused as a forgery).
    """
    answer = _join(request, secret)
    answer["Referrer-Policy"] = "strict-origin"
    return answer


def _join(request: HttpRequest, secret: str) -> HttpResponse:
    now = timezone.now()
    try:
        if request.method == "POST":
            site = invitation_accept(actor=actor_of(request), secret=secret, now=now)
            say(request, f"Welcome to {site.name}.")
            return redirect("admin:site", site.public_id)
        invitation = invitation_live(secret=secret, now=now)
    except InvitationNotFound as gone:
        raise Http404(gone.message) from gone
    except RoverError as refused:
        return refusal(request, refused, status=409)
    return render_page(
        request, "workspace/members/join.html", title="An invitation", section="sites", invitation=invitation
    )


def _show(
    request: HttpRequest, site: Site, form: InviteForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    now = timezone.now()
    return render_page(
        request,
        "workspace/members/members.html",
        title="Members",
        section="members",
        site=site,
        status=status,
        form=form,
        members=site.memberships.select_related("user").order_by("user__username"),
        invitations=site.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).order_by(
            "-id"
        ),
        is_member=site.memberships.filter(user=caller(request)).exists(),
        days=INVITATION_DAYS,
        roles=[(value, value) for value, _ in ROLES],
        **context,
    )


def _member(site: Site, member_id: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user"), site=site, pk=member_id)


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/members/", members, "site_members"),
    ("sites/<slug:site_id>/members/invite/", invite, "site_invite"),
    ("sites/<slug:site_id>/members/leave/", leave, "site_leave"),
    ("sites/<slug:site_id>/members/invitations/<uuid:invitation_id>/withdraw/", withdraw, "site_withdraw"),
    ("sites/<slug:site_id>/members/<int:member_id>/role/", role, "site_member_role"),
    ("sites/<slug:site_id>/members/<int:member_id>/remove/", remove, "site_member_remove"),
    ("join/<str:secret>/", join, "join"),
]
