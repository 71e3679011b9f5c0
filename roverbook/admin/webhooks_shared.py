"""What the pages of one webhook share."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import Http404

from roverbook.models import WebhookDelivery, WebhookEndpoint
from roverbook.selectors.webhooks import delivery_of, endpoint_of

if TYPE_CHECKING:
    from workspace.models import Site


def endpoint_or_404(site: "Site", endpoint_id: UUID) -> WebhookEndpoint:
    """The site's webhook."""
    endpoint = endpoint_of(site, endpoint_id)
    if endpoint is None:
        raise Http404("There is no such webhook.")
    return endpoint


def delivery_or_404(endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery:
    """The webhook's delivery."""
    delivery = delivery_of(endpoint, delivery_id)
    if delivery is None:
        raise Http404("There is no such delivery.")
    return delivery
