"""RoverBook in the workspace: how agents fare on a site, among the site's pages.

Each module of pages lists its `PAGES` (route, view, name) and its `LINKS` (section, text, name of the page).
All stand in one group of the side bar, in the order of `SECTIONS`.
"""

from collections.abc import Iterable

from roverbook.admin import people_pages, view_pages, webhooks_pages
from workspace.admin.contributions import Contribution, LinkGroup, SiteLink, contribute

HEADING = "RoverBook"
SECTIONS = (
    "roverbook",
    "roverbook-visits",
    "roverbook-analytics",
    "roverbook-agents",
    "roverbook-reviews",
    "roverbook-interviews",
    "roverbook-board",
    "roverbook-memory",
    "roverbook-webhooks",
    "roverbook-privacy",
)


def _in_order(links: Iterable[SiteLink]) -> list[SiteLink]:
    return sorted(links, key=lambda link: SECTIONS.index(link[0]))


contribute(
    Contribution(
        pages=[*view_pages.PAGES, *people_pages.PAGES, *webhooks_pages.PAGES],
        group=LinkGroup(
            heading=HEADING,
            links=_in_order([*view_pages.LINKS, *people_pages.LINKS, *webhooks_pages.LINKS]),
        ),
        card=view_pages.card,
        attention=webhooks_pages.attention,
    )
)
