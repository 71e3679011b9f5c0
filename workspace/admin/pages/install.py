"""Install: the snippet and what goes with it, a check of what is out there, and the proof of control."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from workspace.admin.frame import actor_of, site_page
from workspace.admin.pages import install_claims
from workspace.admin.pages.install_shared import Asked, CheckForm, show_install, shown_files, wanted_key
from workspace.core.fields import InvalidFields
from workspace.core.installation import HostNotListed
from workspace.io.waiting import waits_for_others
from workspace.models import Site
from workspace.selectors.installations import installation_of
from workspace.services.installs import install_check


@site_page()
def install(request: HttpRequest, site: Site) -> HttpResponse:
    """What to put on the website and where; `?key=` chooses the key, `?host=` unfolds one host's proof."""
    if request.method == "POST":
        return redirect("admin:site_install", site.public_id)
    return show_install(request, site)


@waits_for_others
@site_page()
def check(request: HttpRequest, site: Site) -> HttpResponse:
    """POST `url`: read the page and judge it. The answer shows the report, which is kept nowhere."""
    if request.method != "POST":
        return redirect("admin:site_install", site.public_id)
    form = CheckForm(request.POST)
    if form.is_valid():
        try:
            report = install_check(
                actor=actor_of(request), site=site, url=form.cleaned_data["url"], now=timezone.now()
            )
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        except HostNotListed as refused:
            form.add_error("url", f"{refused.message} {refused.next_action or ''}".strip())
        else:
            return show_install(request, site, Asked(check=form, report=report))
    return show_install(request, site, Asked(check=form), status=422)


@site_page()
def file(request: HttpRequest, site: Site, file_name: str) -> HttpResponse:
    """A file for agents as a download; 404 while discovery is off."""
    installation = installation_of(site, now=timezone.now())
    files = shown_files(installation, wanted_key(request, site, installation))
    if file_name not in files:
        raise Http404("There is no such file, or discovery is off.")
    shown, text = files[file_name]
    kind = "application/json" if shown.name.endswith(".json") else "text/markdown"
    disposition = f'attachment; filename="{shown.name}"'
    return HttpResponse(
        text, content_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": disposition}
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/install/", install, "site_install"),
    ("sites/<slug:site_id>/install/check/", check, "site_install_check"),
    ("sites/<slug:site_id>/install/files/<str:file_name>", file, "site_file"),
    *install_claims.PAGES,
]
