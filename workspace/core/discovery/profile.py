"""rover-site.json: the site's profile, for agents that know Rover."""

from typing import Any

from workspace.core.discovery.capabilities import capabilities_of, pages_of
from workspace.core.discovery.card import interfaces, policies, surface
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.skills import skills_of


def rover_site(offer: Offer) -> dict[str, Any]:
    """The profile. Its addresses are absolute and lead to this server, wherever a copy of it lies."""
    capabilities = capabilities_of(offer, skills_of(offer))
    return {
        "identity": {
            "siteId": offer.site_id,
            "name": offer.name,
            "description": offer.description,
            "siteUrl": offer.site_url,
        },
        "actions": capabilities,
        "pages": pages_of(offer, capabilities),
        "policies": policies(offer),
        "auth": {
            "taskEndpoint": offer.task_endpoint,
            "workflowEndpoint": offer.workflow_endpoint,
            "acceptsHttpMessageSignatures": True,
            "supportsUnsignedSelfReportedIdentity": True,
        },
        "display": surface(offer),
        "artifacts": {**offer.served.as_fields(), "siteUrl": offer.site_url},
        "interfaces": interfaces(offer),
    }
