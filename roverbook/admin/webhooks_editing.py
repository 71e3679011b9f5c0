"""Making a webhook, changing, pausing and removing it, and a new secret for it.

A secret is in the answer to the form and nowhere else. The form carries a signed id for the webhook that it
will make, or the end of the secret that it will replace, so that a reload of the answer does nothing.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST

from roverbook.admin.webhooks import SECTION, row_of
from roverbook.admin.webhooks_forms import WebhookForm
from roverbook.admin.webhooks_shared import endpoint_or_404
from roverbook.core.webhooks.verifying import SNIPPETS
from roverbook.models import WebhookEndpoint
from roverbook.selectors.settings import settings_of
from roverbook.selectors.webhooks import shares
from roverbook.services.webhooks.endpoints import webhook_remove, webhook_save, webhook_secret_rotate
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields
from workspace.core.ids import new_id
from workspace.core.roles import Right

if TYPE_CHECKING:
    from workspace.models import Site

SALT = "rover.new-webhook"
FORM_SECONDS = 24 * 3600
asks_first = require_http_methods(["GET", "HEAD", "POST"])


@site_page(view=Right.EDIT)
@asks_first
def webhook_new(request: HttpRequest, site: "Site") -> HttpResponse:
    """The form, and as the answer to it the secret, this once."""
    if request.method != "POST":
        return _form(request, site, WebhookForm(initial={"every": True, "ticket": _ticket(site)}))
    form = WebhookForm(request.POST)
    made = _id_of(request.POST.get("ticket", ""), site)
    if made is None:
        form = WebhookForm(
            {**request.POST.dict(), "events": request.POST.getlist("events"), "ticket": _ticket(site)}
        )
        form.add_error(None, "This form was open for more than a day. Send it again.")
    elif form.is_valid():
        try:
            endpoint, secret = webhook_save(
                actor=actor_of(request),
                site=site,
                fields=form.contract(),
                now=timezone.now(),
                note=form.cleaned_data["note"],
                endpoint_id=made,
            )
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        else:
            return _secret_page(request, site, endpoint, secret)
    return _form(request, site, form, status=422)


@site_page(view=Right.EDIT)
@asks_first
def webhook_edit(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """Its address, events, headers and description."""
    endpoint = endpoint_or_404(site, endpoint_id)
    if request.method != "POST":
        return _form(request, site, WebhookForm.of(endpoint), endpoint=endpoint)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            webhook_save(
                actor=actor_of(request),
                site=site,
                fields={"id": str(endpoint.pk), **form.contract()},
                now=timezone.now(),
                note=form.cleaned_data["note"],
            )
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        else:
            say(request, "The webhook is saved.")
            return redirect("admin:roverbook_webhook", site.public_id, endpoint.pk)
    return _form(request, site, form, endpoint=endpoint, status=422)


@site_page()
@require_POST
def webhook_active(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """Pause it, or go on."""
    endpoint = endpoint_or_404(site, endpoint_id)
    on = request.POST.get("active") == "on"
    fields = {"id": str(endpoint.pk), "active": on}
    webhook_save(actor=actor_of(request), site=site, fields=fields, now=timezone.now())
    say(
        request,
        "Events are sent to it again." if on else "It is paused. Events of this time are not sent later.",
    )
    return redirect("admin:roverbook_webhook", site.public_id, endpoint.pk)


@site_page(view=Right.EDIT)
@asks_first
def webhook_rotate(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """GET says what happens, POST makes a new secret and shows it, this once."""
    endpoint = endpoint_or_404(site, endpoint_id)
    if request.method == "POST":
        is_as_shown = request.POST.get("hint", "") == endpoint.secret_hint
        secret = (
            webhook_secret_rotate(actor=actor_of(request), endpoint=endpoint, now=timezone.now())
            if is_as_shown
            else ""
        )
        return _secret_page(request, site, endpoint, secret)
    return _about(request, site, endpoint, "rotate", "A new secret")


@site_page(view=Right.EDIT)
@asks_first
def webhook_removal(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """GET says what happens, POST removes it with its log."""
    endpoint = endpoint_or_404(site, endpoint_id)
    if request.method == "POST":
        webhook_remove(actor=actor_of(request), endpoint=endpoint, now=timezone.now())
        say(request, "The webhook is removed, and its log with it.")
        return redirect("admin:roverbook_webhooks", site.public_id)
    return _about(request, site, endpoint, "remove", "Remove the webhook")


def _form(
    request: HttpRequest,
    site: "Site",
    form: WebhookForm,
    *,
    endpoint: WebhookEndpoint | None = None,
    status: int = 200,
) -> HttpResponse:
    return render_page(
        request,
        "workspace/roverbook/webhooks/form.html",
        title="Change the webhook" if endpoint else "New webhook",
        section=SECTION,
        site=site,
        status=status,
        form=form,
        endpoint=endpoint,
    )


def _about(
    request: HttpRequest, site: "Site", endpoint: WebhookEndpoint, template: str, title: str
) -> HttpResponse:
    [share] = shares([endpoint], now=timezone.now()).values()
    return render_page(
        request,
        f"workspace/roverbook/webhooks/{template}.html",
        title=title,
        section=SECTION,
        site=site,
        row=row_of(endpoint, share),
    )


def _secret_page(request: HttpRequest, site: "Site", endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
    context: dict[str, Any] = {"endpoint": endpoint, "secret": secret, "enabled": settings_of(site).enabled}
    response = render_page(
        request,
        "workspace/roverbook/webhooks/secret.html",
        title="The secret of the webhook" if secret else "Shown already",
        section=SECTION,
        site=site,
        status=200 if secret else 409,
        snippets=SNIPPETS.items(),
        **context,
    )
    add_never_cache_headers(response)
    return response


def _ticket(site: "Site") -> str:
    return signing.dumps([str(new_id()), str(site.pk)], salt=SALT)


def _id_of(ticket: str, site: "Site") -> UUID | None:
    """The id in a ticket of this site, at most a day old."""
    try:
        endpoint_id, site_id = signing.loads(ticket, salt=SALT, max_age=FORM_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return UUID(endpoint_id) if site_id == str(site.pk) else None
