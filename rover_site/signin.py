"""The page behind a one-time sign-in link."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from workspace.signin import SignInLinkGone, sign_in_link_owner, sign_in_link_use

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks for a click, POST signs in: mail and chat programs open links to preview them, and that must
    not use the link up. 410 when it is used, too old or unknown."""
    now = timezone.now()
    try:
        if request.method != "POST":
            owner = sign_in_link_owner(token=token, now=now)
            return render(request, "sign_in.html", {"owner": owner})
        owner = sign_in_link_use(token=token, now=now)
    except SignInLinkGone:
        return render(request, "sign_in_gone.html", status=410)
    login(request, owner, backend=BACKEND)
    return HttpResponseRedirect("/")
