"""The signs of a whole site: links for a page's head or the `Link` header, and the marker that says more."""

from html import escape
from typing import Any

from workspace.core.discovery.capabilities import capabilities_of
from workspace.core.discovery.marker import data_script
from workspace.core.discovery.offer import WELL_KNOWN, Offer, Places
from workspace.core.discovery.skills import skills_of
from workspace.core.discovery.told import page_id

MAX_NAMED = 24
_DESC, _DOC = ("service-desc", "application/json"), ("service-doc", "text/markdown")


def head_links(places: Places = WELL_KNOWN) -> str:
    """Elements for the head of a page."""
    return "\n".join(
        f'<link rel="{rel}" type="{kind}" href="{escape(url)}">' for url, (rel, kind) in _links(places)
    )


def link_header(places: Places = WELL_KNOWN) -> str:
    """The value of a `Link` header (RFC 8288) with the same links."""
    return ", ".join(f'<{url}>; rel="{rel}"; type="{kind}"' for url, (rel, kind) in _links(places))


def rich_marker(offer: Offer, *, path: str = "") -> str:
    """A marker with what the card says in short: at most 24 skills and 24 capabilities. `path`: the page's,
    of which the id is told then."""
    skills = skills_of(offer)
    return data_script(
        {
            "task": offer.task_endpoint,
            "card": offer.served.agent_card,
            "roverSite": offer.served.rover_site,
            "site": offer.site_url,
            "workflow": offer.workflow_endpoint,
            **({"page": _page_at(offer, path)} if path else {}),
            "preferExecution": offer.execution,
            **_looks(offer),
            "skills": [{"id": one["id"], "name": one["name"]} for one in skills[:MAX_NAMED]],
            "capabilities": [
                {"capabilityId": one["capabilityId"], "label": one["label"]}
                for one in capabilities_of(offer, skills)[:MAX_NAMED]
            ],
        }
    )


def _links(places: Places) -> list[tuple[str, tuple[str, str]]]:
    return [(places.agent_card, _DESC), (places.llms, _DOC)]


def _page_at(offer: Offer, path: str) -> str:
    described = (page["pageId"] for page in offer.told.pages if page.get("route") == path)
    return str(next(described, page_id(path)))


def _looks(offer: Offer) -> dict[str, Any]:
    shown = offer.told.surface
    label = {"beaconLabel": shown["beaconLabel"]} if shown["beaconLabel"] else {}
    return {
        "discoveryMode": shown["mode"],
        "hostSurface": shown["hostSurface"],
        "actionReveal": shown["actionReveal"],
        **label,
    }
