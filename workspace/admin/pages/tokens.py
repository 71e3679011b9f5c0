"""Owner tokens: made, shown once, ended.

The value is in the answer to the form and nowhere else: not in a session, a message or an address. The form
carries a signed id for the token it will make, so that a reload of the answer cannot make a second one.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core import signing
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from workspace.admin.frame import actor_of, caller, render_page, say
from workspace.core.ids import new_id
from workspace.core.tokens import Scope
from workspace.models import OwnerToken, User
from workspace.services.owners import owner_token_create, owner_token_revoke

SALT = "rover.new-token"
FORM_SECONDS = 24 * 3600
LISTED = 200
SCOPE_TEXTS = {
    Scope.FETCH: "Fetch pages: start batches and read what came of them",
    Scope.READ: "Read your sites, keys and their use",
    Scope.MANAGE: "Manage: make and change your sites, keys and policies",
}
SHORT_SCOPES = {Scope.FETCH: "fetch pages", Scope.READ: "read sites", Scope.MANAGE: "manage sites"}
EXPIRIES = {"7": "in 7 days", "30": "in 30 days", "90": "in 90 days", "365": "in a year", "0": "never"}


class TokenForm(forms.Form):
    """A new token. `ticket` is the signed id that it will have."""

    name = forms.CharField(
        max_length=100, help_text="What the token is for, so that you know later what you would break."
    )
    scopes = forms.MultipleChoiceField(
        label="The token may",
        choices=[(scope.value, text) for scope, text in SCOPE_TEXTS.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.FETCH.value, Scope.READ.value],
        error_messages={"required": "Choose at least one; a token without any opens nothing."},
    )
    expiry = forms.ChoiceField(label="It ends", choices=list(EXPIRIES.items()), initial="90")
    ticket = forms.CharField(widget=forms.HiddenInput, max_length=300)

    def clean_name(self) -> str:
        """One line."""
        name: str = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise forms.ValidationError("Use characters that can be shown.")
        return name

    def expires_at(self, now: datetime) -> datetime | None:
        """The end of the token; None is never."""
        days = int(self.cleaned_data["expiry"])
        return now + timedelta(days=days) if days else None


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's own tokens, newest first."""
    now = timezone.now()
    rows = OwnerToken.objects.filter(owner=caller(request)).order_by("-created_at", "-pk")[:LISTED]
    return render_page(
        request,
        "workspace/tokens/list.html",
        title="API tokens",
        section="tokens",
        rows=[{"token": row, "state": token_state(row, now), "may": scopes_in_words(row)} for row in rows],
        base_url=settings.ROVER.base_url,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """The form, and as the answer to it the value, this once."""
    if request.method != "POST":
        return _form_page(request, TokenForm(initial={"ticket": _ticket(caller(request))}))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    token_id = _id_of(form.cleaned_data["ticket"], caller(request))
    if token_id is None:
        form = TokenForm({**_typed(request), "ticket": _ticket(caller(request))})
        form.add_error(None, "This form was open for more than a day. Send it again.")
        return _form_page(request, form, status=422)
    return _made(request, form, token_id)


@require_http_methods(["GET", "HEAD", "POST"])
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """GET says what will break, POST ends the token. Administrators of the server may end anybody's."""
    rows = OwnerToken.objects.select_related("owner").filter(pk=token_id)
    token = (rows if caller(request).is_superuser else rows.filter(owner=caller(request))).first()
    if token is None:
        raise Http404("There is no such token.")
    is_own = token.owner_id == caller(request).pk
    back = reverse("admin:tokens" if is_own else "admin:workspace_ownertoken_changelist")
    if request.method == "POST":
        owner_token_revoke(token=token, now=timezone.now(), actor=actor_of(request))
        say(request, f"The token {token.name} has ended. Scripts that send it are refused from now on.")
        return HttpResponseRedirect(back)
    return render_page(
        request,
        "workspace/tokens/revoke.html",
        title="End a token",
        section="tokens",
        token=token,
        state=token_state(token, timezone.now()),
        may=scopes_in_words(token),
        is_own=is_own,
        back=back,
    )


def token_state(token: OwnerToken, now: datetime) -> str:
    """active, revoked or expired; the first end counts."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "active"


def scopes_in_words(token: OwnerToken) -> str:
    """What it may do; a scope that this version does not know is named as it is."""
    known = set(Scope)
    return ", ".join(SHORT_SCOPES[Scope(name)] if name in known else str(name) for name in token.scopes)


def _form_page(request: HttpRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    return render_page(
        request, "workspace/tokens/new.html", title="New token", section="tokens", form=form, status=status
    )


def _made(request: HttpRequest, form: TokenForm, token_id: UUID) -> HttpResponse:
    now = timezone.now()
    scopes = [Scope(name) for name in form.cleaned_data["scopes"]]
    try:
        value = owner_token_create(
            owner=caller(request),
            name=form.cleaned_data["name"],
            scopes=scopes,
            now=now,
            expires_at=form.expires_at(now),
            actor=actor_of(request),
            token_id=token_id,
        )
    except IntegrityError:  # the same form came before: a reload, or a second click
        value = ""
    response = render_page(
        request,
        "workspace/tokens/made.html",
        title="Your new token" if value else "Shown already",
        section="tokens",
        value=value,
        name=form.cleaned_data["name"],
        expires_at=form.expires_at(now),
        line=_try_line(value, scopes),
        status=200 if value else 409,
    )
    add_never_cache_headers(response)
    return response


def _try_line(value: str, scopes: list[Scope]) -> str:
    """A command that shows at once that the token works."""
    path, body = "api/v1/listRoverSiteKeys", {}
    if Scope.FETCH in scopes:
        path, body = "v1/batches", {"urls": ["https://example.com/"]}
    return (
        f"curl -s {settings.ROVER.base_url}/{path} -H 'Authorization: Bearer {value}'"
        f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )


def _ticket(user: User) -> str:
    return signing.dumps([str(new_id()), user.pk], salt=SALT)


def _id_of(ticket: str, user: User) -> UUID | None:
    """The id in a ticket of this person, at most a day old."""
    try:
        token_id, owner_pk = signing.loads(ticket, salt=SALT, max_age=FORM_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return UUID(token_id) if owner_pk == user.pk else None


def _typed(request: HttpRequest) -> dict[str, Any]:
    given = request.POST
    return {
        "name": given.get("name", ""),
        "expiry": given.get("expiry", ""),
        "scopes": given.getlist("scopes"),
    }


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("tokens/", tokens, "tokens"),
    ("tokens/new/", token_new, "token_new"),
    ("tokens/<uuid:token_id>/revoke/", token_revoke, "token_revoke"),
]
