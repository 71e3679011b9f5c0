"""Proof of control: claims to hosts are opened, looked into and given up."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.install_hosts import METHOD_WORDS, OpenForm, check_listed, file_text
from workspace.admin.pages.install_shared import Asked, show_install
from workspace.core.fields import InvalidFields
from workspace.core.installation import HostNotListed
from workspace.core.refusals import HostClaimed, LimitReached
from workspace.core.roles import Right
from workspace.io.waiting import waits_for_others
from workspace.models import HostClaim, Site
from workspace.selectors.installations import installation_of
from workspace.services.claims import claim_check, claim_open, claim_withdraw

FILE_NAME = "rover-site-verification.txt"


@site_page()
def claim_new(request: HttpRequest, site: Site) -> HttpResponse:
    """POST `host`: the texts for its proof are there from now on. Nothing is asked of the host yet."""
    if request.method != "POST":
        return redirect("admin:site_install", site.public_id)
    form = OpenForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        try:
            check_listed(installation_of(site, now=now), form.cleaned_data["host"])
            claim = claim_open(actor=actor_of(request), site=site, host=form.cleaned_data["host"], now=now)
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        except HostNotListed as refused:
            form.add_error("host", f"{refused.message} {refused.next_action}")
        except LimitReached as reached:
            form.add_error("host", f"{reached.message} Release one that is not needed.")
        else:
            return redirect(_place(site, claim))
    return show_install(request, site, Asked(open_form=form), status=422)


@waits_for_others
@site_page()
def claim_look(request: HttpRequest, site: Site, claim_id: UUID) -> HttpResponse:
    """POST: look for the three signs now. What was found is shown in the answer when it is no proof."""
    claim = _claim(site, claim_id)
    if request.method != "POST":
        return redirect(_place(site, claim))
    try:
        check_listed(installation_of(site, now=timezone.now()), claim.host)
        result = claim_check(actor=actor_of(request), claim=claim, now=timezone.now())
    except (HostClaimed, HostNotListed) as refused:
        return show_install(request, site, Asked(claim=claim, refused=refused), status=409)
    if not result.is_found:
        return show_install(request, site, Asked(claim=result.claim, findings=result.findings))
    say(request, f"Proved: {claim.host}, by {METHOD_WORDS[result.method]}.")
    return redirect(_place(site, claim))


@site_page(view=Right.EDIT)
def claim_release(request: HttpRequest, site: Site, claim_id: UUID) -> HttpResponse:
    """GET says what stops, POST gives the claim up."""
    claim = _claim(site, claim_id)
    if request.method != "POST":
        return render_page(
            request,
            "workspace/install/release.html",
            title=f"Release {claim.host}",
            section="install",
            site=site,
            claim=claim,
        )
    claim_withdraw(actor=actor_of(request), claim=claim, now=timezone.now())
    say(request, f"Released: {claim.host}.")
    return redirect(f"{reverse('admin:site_install', args=[site.public_id])}#hosts")


@site_page()
def claim_file(request: HttpRequest, site: Site, claim_id: UUID) -> HttpResponse:
    """The file that proves the claim, as a download."""
    text = file_text(_claim(site, claim_id))
    disposition = f'attachment; filename="{FILE_NAME}"'
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def _claim(site: Site, claim_id: UUID) -> HostClaim:
    claim = get_object_or_404(site.claims.all(), pk=claim_id)
    claim.site = site
    return claim


def _place(site: Site, claim: HostClaim) -> str:
    """The page with this host's texts unfolded."""
    url = reverse("admin:site_install", args=[site.public_id])
    return f"{url}?{urlencode({'host': claim.host})}#host-{claim.pk}"


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/install/hosts/", claim_new, "site_install_claim"),
    ("sites/<slug:site_id>/install/hosts/<uuid:claim_id>/check/", claim_look, "site_install_look"),
    ("sites/<slug:site_id>/install/hosts/<uuid:claim_id>/release/", claim_release, "site_install_release"),
    (f"sites/<slug:site_id>/install/hosts/<uuid:claim_id>/{FILE_NAME}", claim_file, "site_install_proof"),
]
