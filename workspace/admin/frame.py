"""What the owners' pages share: who may open them, the frame around them, and who acts."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from workspace.admin.navigation import site_navigation
from workspace.admin.site import site as admin_site
from workspace.core.credentials import Forbidden
from workspace.core.doors import Door
from workspace.core.errors import ErrorKind, RoverError
from workspace.core.refusals import SiteNotFound
from workspace.core.roles import Right, allows
from workspace.models import Site, User
from workspace.selectors.access import require, role_of, site_of
from workspace.services.audit import Actor

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Args = ParamSpec("Args")
SiteView = Callable[Concatenate[HttpRequest, Site, Args], HttpResponse]
RoutedView = Callable[Concatenate[HttpRequest, str, Args], HttpResponse]


def caller(request: HttpRequest) -> User:
    """The signed-in person; the admin site lets nobody else in."""
    return cast(User, request.user)


def actor_of(request: HttpRequest) -> Actor:
    """The person as the audit log names them."""
    return Actor(
        user=caller(request),
        door=Door.WORKSPACE,
        ip=(request.META.get("REMOTE_ADDR") or "")[:45],
        request_id=request.headers.get("X-Request-Id", "")[:64],
    )


def site_page(
    *, write: Right = Right.EDIT, view: Right = Right.VIEW
) -> Callable[[SiteView[Args]], RoutedView[Args]]:
    """A page of one site: the URL's `site_id` becomes the `Site`. Reading asks for the right `view`, any
    other method for `write`. Strangers get a 404, too little right a 403; other refusals get a page of their
    own with status 409."""

    def decorated(page: SiteView[Args]) -> RoutedView[Args]:
        @functools.wraps(page)
        def wrapped(
            request: HttpRequest, site_id: str, *args: Args.args, **kwargs: Args.kwargs
        ) -> HttpResponse:
            found = _site_or_404(request, site_id)
            try:
                require(caller(request), found, view if request.method in SAFE else write)
                return page(request, found, *args, **kwargs)
            except Forbidden as refused:
                return refusal(request, refused, status=403, site=found)
            except RoverError as refused:
                if refused.kind is ErrorKind.NOT_FOUND:
                    raise Http404(refused.message) from refused
                return refusal(request, refused, status=409, site=found)

        return cast(RoutedView[Args], wrapped)  # Django passes the URL's values by name

    return decorated


def _site_or_404(request: HttpRequest, site_id: str) -> Site:
    try:
        return site_of(caller(request), site_id)
    except SiteNotFound as exc:
        raise Http404(exc.message) from exc


def render_page(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    section: str,
    site: Site | None = None,
    status: int = 200,
    **context: Any,
) -> TemplateResponse:
    """A page in the workspace's frame. `section` is its entry in the side bar. With a `site`, templates find
    `site`, `role`, `may_edit`, `may_own` and `foreign` (an administrator looks at somebody else's site)."""
    shared = admin_site.each_context(request)
    if site is not None:
        role = role_of(caller(request), site)
        shared["navigation"] = [
            *shared["navigation"][:1],
            *site_navigation(site.name, site.public_id),
            *shared["navigation"][1:],
        ]
        shared |= {
            "site": site,
            "role": role,
            "may_edit": role is not None and allows(role, Right.EDIT),
            "may_own": role is not None and allows(role, Right.OWN),
            "foreign": caller(request).is_superuser and site.owner_id != caller(request).pk,
        }
    return TemplateResponse(
        request,
        template,
        {**shared, "title": title, "section": section, "now": timezone.now(), **context},
        status=status,
    )


def refusal(
    request: HttpRequest, refused: RoverError, *, status: int, site: Site | None = None
) -> HttpResponse:
    """A page that says what was refused and what can be done."""
    return render_page(
        request,
        "workspace/refusal.html",
        title="Not possible",
        section="",
        site=site,
        status=status,
        refused=refused,
    )


def say(request: HttpRequest, text: str) -> None:
    """Tell the person, on the next page, that something was done."""
    messages.success(request, text)
