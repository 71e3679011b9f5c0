"""What apps above the workspace add to the pages of a site. They register here when they are imported; the
workspace knows none of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from workspace.models import Site
from workspace.selectors.overview import Attention

Page = tuple[str, Callable[..., Any], str]
"""Its route below /workspace/, the view, its name."""
SiteLink = tuple[str, str, str]
"""An entry of a site's side bar: section, text, name of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A part of a site's overview: a template, and what it finds as `content`."""

    template: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGroup:
    """Entries of a site's side bar under a heading of their own."""

    heading: str
    links: Sequence[SiteLink]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Pages of an app. `link` stands in the side bar behind the section `after`, a `group` behind the site's
    own entries; `card` makes the app's part of the overview, None for nothing to say, and `install` its part
    of the page of the installation; `attention` what of these sites needs their owners."""

    pages: Sequence[Page]
    link: SiteLink | None = None
    after: str = ""
    group: LinkGroup | None = None
    card: Callable[[HttpRequest, Site], Card | None] | None = None
    install: Callable[[HttpRequest, Site], Card] | None = None
    attention: Callable[[Sequence[Site]], Sequence[Attention]] | None = None


_contributions: list[Contribution] = []


def contribute(contribution: Contribution) -> None:
    """Add an app's pages; before the addresses of the server are first asked for."""
    _contributions.append(contribution)


def contributed_pages() -> list[Page]:
    """The pages of all apps."""
    return [page for each in _contributions for page in each.pages]


def with_contributed_links(links: Iterable[SiteLink]) -> list[SiteLink]:
    """`links`, each app's entry behind the one that it names."""
    return [
        shown
        for link in links
        for shown in (link, *(each.link for each in _contributions if each.link and each.after == link[0]))
    ]


def contributed_groups() -> list[LinkGroup]:
    """The groups of all apps."""
    return [each.group for each in _contributions if each.group is not None]


def contributed_cards(request: HttpRequest, site: Site) -> list[Card]:
    """What the apps say on the overview of this site."""
    made = (each.card(request, site) for each in _contributions if each.card is not None)
    return [card for card in made if card is not None]


def contributed_install_parts(request: HttpRequest, site: Site) -> list[Card]:
    """What the apps say on the page of this site's installation."""
    return [each.install(request, site) for each in _contributions if each.install is not None]


def contributed_attention(sites: Sequence[Site]) -> list[Attention]:
    """What the apps know of these sites that needs their owners."""
    return [item for each in _contributions if each.attention is not None for item in each.attention(sites)]
