"""What ends a key's value: rotation and its overlap, revoking; and the secret key for servers."""

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.keys_forms import EXTENSIONS, EndForm, ExtendForm, RotateForm, SecretForm
from workspace.admin.pages.keys_shared import USABLE, key_in, shown
from workspace.core.fields import InvalidFields
from workspace.core.refusals import KeyEnded, StaleEdit
from workspace.core.roles import Right
from workspace.models import Site, SiteKey
from workspace.selectors.keys import accepted_hosts, key_state
from workspace.services.keys import (
    key_end_now,
    key_extend_grace,
    key_rotate,
    secret_mint,
    secret_revoke,
)

RECENT_DAYS = 7


@site_page(view=Right.EDIT)
def rotate(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """GET shows the use of the present value and asks when it ends; POST makes the new one."""
    key = key_in(site, key_id)
    _check_usable(key)
    if request.method != "POST":
        return _page(request, site, key, "rotate", form=RotateForm(initial={"label": key.label}))
    form = RotateForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            heir = key_rotate(
                actor=actor_of(request),
                key=key,
                label=said["label"],
                grace_seconds=int(said["grace"]),
                note=said["note"],
                now=timezone.now(),
            ).key
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        else:
            say(request, "This is the new key. Put its value where the old one was.")
            return redirect("admin:site_key", site.public_id, heir.pk)
    return _page(request, site, key, "rotate", form=form, status=422)


@site_page()
def extend(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """Let a rotated key answer for longer, counted from now."""
    key = key_in(site, key_id)
    if request.method == "POST":
        form = ExtendForm(request.POST)
        if not form.is_valid():
            return _page(request, site, key, "extend", form=form, status=422)
        chosen: str = form.cleaned_data["grace"]
        key_extend_grace(actor=actor_of(request), key=key, grace_seconds=int(chosen), now=timezone.now())
        words = dict(EXTENSIONS)[chosen]
        say(request, f"The old key ends {words}.")
    return redirect("admin:site_key", site.public_id, _heir(key).pk)


@site_page(view=Right.EDIT)
def end(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """GET says what breaks, POST ends the key for good. One that was used lately asks for its label."""
    key = key_in(site, key_id)
    if key.revoked_at is not None:
        raise KeyEnded("This key was ended already.")
    label = key.label if accepted_hosts(key, now=timezone.now(), days=RECENT_DAYS) else ""
    if request.method != "POST":
        return _page(request, site, key, "end", form=EndForm(label=label))
    form = EndForm(request.POST, label=label)
    if not form.is_valid():
        return _page(request, site, key, "end", form=form, status=422)
    key_end_now(actor=actor_of(request), key=key, note=form.cleaned_data["note"], now=timezone.now())
    say(request, f"The key {key.label} has ended. Pages that still carry its value are refused.")
    return redirect("admin:site_key", site.public_id, _heir(key).pk)


@site_page(view=Right.EDIT)
def secret(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """GET says what a secret key is; the answer to POST shows a new one, this once."""
    key = key_in(site, key_id)
    _check_usable(key)
    if request.method != "POST":
        return _page(request, site, key, "secret", form=SecretForm(initial={"revision": key.revision}))
    form = SecretForm(request.POST)
    if not form.is_valid():
        return _page(request, site, key, "secret", form=form, status=422)
    value = ""
    with contextlib.suppress(StaleEdit):  # a reload of the answer, which would replace the secret
        value = secret_mint(
            actor=actor_of(request),
            key=key,
            revision=form.cleaned_data["revision"],
            note=form.cleaned_data["note"],
            now=timezone.now(),
        )
    response = _page(request, site, key, "secret_made", value=value, status=200 if value else 409)
    add_never_cache_headers(response)
    return response


@site_page(view=Right.EDIT)
def secret_end(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """GET says what breaks, POST ends the secret key."""
    key = key_in(site, key_id)
    if request.method == "POST":
        secret_revoke(actor=actor_of(request), key=key, now=timezone.now())
        say(request, "The secret key has ended. Servers that send it are refused.")
        return redirect("admin:site_key", site.public_id, key.pk)
    return _page(request, site, key, "secret_end")


def _check_usable(key: SiteKey) -> None:
    if key_state(key, timezone.now()) not in USABLE:
        raise KeyEnded("This key was rotated or ended; work with the key that took its place.")


def _heir(key: SiteKey) -> SiteKey:
    """Where to look next: the key that took the place of this one, else itself."""
    heir: SiteKey = getattr(key, "rotated_to", None) or key
    return heir


TITLES = {
    "rotate": "Rotate “{}”",
    "extend": "Extend the overlap of “{}”",
    "end": "End “{}”?",
    "secret": "Secret key of “{}”",
    "secret_made": "Secret key of “{}”",
    "secret_end": "End the secret key of “{}”?",
}


def _page(
    request: HttpRequest, site: Site, key: SiteKey, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    now: datetime = timezone.now()
    hosts = accepted_hosts(key, now=now, days=RECENT_DAYS)
    return render_page(
        request,
        f"workspace/keys/{name}.html",
        title=TITLES[name].format(key.label),
        section="keys",
        site=site,
        status=status,
        shown=shown(key, now),
        hosts=hosts,
        hosts_shown=10,
        uses=sum(row["n"] for row in hosts),
        **context,
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/keys/<uuid:key_id>/rotate/", rotate, "site_key_rotate"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/extend/", extend, "site_key_extend"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/end/", end, "site_key_end"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/secret/", secret, "site_key_secret"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/secret/end/", secret_end, "site_key_secret_end"),
]
