"""The keys of a site: the list, a new one, and the switch on each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.keys_forms import NewKeyForm, on_of, with_preset
from workspace.admin.pages.keys_shared import ShownKey, key_in, shown
from workspace.core.capabilities import capability_defaults
from workspace.core.environments import Environment
from workspace.core.fields import InvalidFields
from workspace.core.refusals import LimitReached
from workspace.core.roles import Right
from workspace.io.transactions import write_transaction
from workspace.models import Site, SiteKey
from workspace.selectors.keys import refused_today
from workspace.services.keys import key_create, key_update


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list: a key, and how often it was refused today (UTC)."""

    row: ShownKey
    refused: int


@site_page()
def keys(request: HttpRequest, site: Site) -> HttpResponse:
    """Every key; those that ended are folded away."""
    now = timezone.now()
    rows = [shown(key, now) for key in _keys_of(site)]
    refused = refused_today([row.key.pk for row in rows], now=now)
    table = [Entry(row=row, refused=refused.get(row.key.pk, 0)) for row in rows]
    return render_page(
        request,
        "workspace/keys/list.html",
        title="Keys",
        section="keys",
        site=site,
        live=[entry for entry in table if entry.row.state != "revoked"],
        ended=[entry for entry in table if entry.row.state == "revoked"],
        switched=_switched(request, site),
    )


def _keys_of(site: Site) -> list[SiteKey]:
    found = list(site.keys.order_by("-created_at", "-id"))
    for key in found:
        key.site = site
    return found


def _switched(request: HttpRequest, site: Site) -> SiteKey | None:
    """The key that was switched just now, to offer the way back."""
    try:
        wanted = UUID(request.GET.get("switched", ""))
    except ValueError:
        return None
    return site.keys.filter(pk=wanted, revoked_at=None, grace_until=None).first()


@site_page()
def switch(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """Turn a key on or off. The page that follows offers the way back."""
    key = key_in(site, key_id)
    place = "admin:site_key" if request.POST.get("from") == "key" else "admin:site_keys"
    args = [site.public_id, key.pk] if place == "admin:site_key" else [site.public_id]
    if request.method != "POST":
        return redirect("admin:site_key", site.public_id, key.pk)
    wanted = request.POST.get("active") == "1"
    if wanted != key.active:
        key_update(actor=actor_of(request), key=key, active=wanted, now=timezone.now())
    return redirect(f"{reverse(place, args=args)}?switched={key.pk}")


@site_page(view=Right.EDIT)
def new(request: HttpRequest, site: Site) -> HttpResponse:
    """The form of a new key; `?from=` fills it in with the rules of another key of the site."""
    if request.method != "POST":
        source = _source(site, request.GET.get("from", ""))
        return _form_page(request, site, NewKeyForm(initial=_beginning(source)), source=source)
    source = _source(site, request.POST.get("source", ""))
    preset = with_preset(NewKeyForm, request.POST)
    if preset is not None:
        return _form_page(request, site, NewKeyForm(initial=preset), source=source, is_preset=True)
    form = NewKeyForm(request.POST)
    if form.is_valid():
        try:
            key = _create(request, site, form, source)
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        except LimitReached as reached:
            form.add_error(None, f"{reached.message} {reached.next_action}")
        else:
            say(request, f"The key {key.label} is ready. Its value is below; the snippet carries it.")
            return redirect("admin:site_key", site.public_id, key.pk)
    return _form_page(request, site, form, source=source, status=422)


def _create(request: HttpRequest, site: Site, form: NewKeyForm, source: SiteKey | None) -> SiteKey:
    said, actor, now = form.cleaned_data, actor_of(request), timezone.now()
    with write_transaction():
        key = key_create(
            actor=actor,
            site=site,
            label=said["label"],
            allowed_domains=form.rules(),
            environment=said["environment"],
            ttl_days=form.ttl_days(),
            capabilities=form.powers(),
            policy=source.policy if source else None,
            allow_intranet=said["allow_intranet"],
            note=said["note"],
            now=now,
        ).key
        if source and (key.policy != source.policy or key.capabilities != form.powers()):
            # A copied policy with the cloud switch on counts as turning it on, which would turn on what the
            # switch stands for; in the source these may have been changed since.
            key_update(actor=actor, key=key, policy=source.policy, capabilities=form.powers(), now=now)
    return key


def _source(site: Site, key_id: str) -> SiteKey | None:
    """The key of this site that is to be copied, None when none is named; 404 for any other."""
    try:
        return key_in(site, UUID(key_id)) if key_id else None
    except ValueError:
        return None


def _beginning(source: SiteKey | None) -> dict[str, Any]:
    if source is None:
        return {
            "environment": Environment.PRODUCTION.value,
            "capabilities": on_of(capability_defaults()),
        }
    return {
        "label": f"{source.label[:90]} (copy)",
        "environment": source.environment,
        "domains": "\n".join(source.allowed_domains),
        "allow_intranet": source.allow_intranet,
        "capabilities": on_of(source.capabilities),
        "source": source.pk,
    }


def _form_page(
    request: HttpRequest,
    site: Site,
    form: NewKeyForm,
    *,
    source: SiteKey | None,
    status: int = 200,
    is_preset: bool = False,
) -> HttpResponse:
    return render_page(
        request,
        "workspace/keys/new.html",
        title="New key",
        section="keys",
        site=site,
        form=form,
        source=source,
        is_preset=is_preset,
        status=status,
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/keys/", keys, "site_keys"),
    ("sites/<slug:site_id>/keys/new/", new, "site_key_new"),
    ("sites/<slug:site_id>/keys/<uuid:key_id>/switch/", switch, "site_key_switch"),
]
