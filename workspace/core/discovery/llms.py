"""llms.txt: the same in Markdown, for readers of text."""

import json
import re
from collections.abc import Iterator

from workspace.core.discovery import reading
from workspace.core.discovery.capabilities import capabilities_of, pages_of
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.skills import skills_of

_EFFECTS = {
    "none": "neither reads nor changes anything",
    "read": "reads",
    "write": "changes something",
    "transactional": "orders, pays or sends something",
}
_MARKUP = re.compile(r"([\\`\[\]<>])")
LINE_MAX = 400


def llms_txt(offer: Offer) -> str:
    """Name, description, where tasks are made, skills and pages. Names are text in it, never markup."""
    body = json.dumps({"url": offer.site_url, "prompt": "…"}, ensure_ascii=False)
    return "\n".join(
        [
            f"# {_plain(offer.name)}",
            "",
            f"> {_plain(offer.description)}",
            "",
            f"- Tasks are made by `POST {offer.task_endpoint}` with `{body}` as JSON; no key is needed.",
            f"- [Agent card]({offer.served.agent_card}): skills and ways in, for programs",
            f"- [Site profile]({offer.served.rover_site}): capabilities, pages and policies, for programs",
            f"- [HTTP interface]({offer.base_url}/openapi.json): OpenAPI 3.1",
            f"- [Website]({offer.site_url})",
            *_section("Skills", _skills(offer)),
            *_section("Pages", _pages(offer)),
            "",
        ]
    )


def _section(title: str, lines: Iterator[str]) -> list[str]:
    listed = list(lines)
    return ["", f"## {title}", "", *listed] if listed else []


def _skills(offer: Offer) -> Iterator[str]:
    for skill in skills_of(offer):
        kind = "shortcut " if "shortcutId" in skill["rover"] else ""
        asks = ", asks a person first" if skill["requiresConfirmation"] else ""
        said = f": {_plain(skill['description'])}" if skill["description"] != skill["name"] else ""
        yield f"- {kind}`{skill['id']}` ({_EFFECTS[skill['sideEffect']]}{asks}) {_plain(skill['name'])}{said}"


def _pages(offer: Offer) -> Iterator[str]:
    for page in pages_of(offer, capabilities_of(offer, skills_of(offer))):
        ids = ", ".join(f"`{name}`" for name in page["capabilityIds"])
        where = f"{page.get('label', page['pageId'])} {page.get('route', '')}".strip()
        yield f"- {_plain(where)}{f': {ids}' if ids else ''}"


def _plain(text: str) -> str:
    """One line in which nothing makes a link, code or an HTML element."""
    return _MARKUP.sub(r"\\\1", reading.text(text, LINE_MAX))
