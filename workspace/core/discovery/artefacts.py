"""The three files for agents, by the last part of their address."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workspace.core.discovery.card import agent_card
from workspace.core.discovery.llms import llms_txt
from workspace.core.discovery.offer import AGENT_CARD_PATH, LLMS_PATH, ROVER_SITE_PATH, Offer
from workspace.core.discovery.profile import rover_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """`path`: on the site's own host. `content_type`: with the charset where one belongs."""

    path: str
    content_type: str
    write: Callable[[Offer], str]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


AGENT_CARD = Artefact(
    path=AGENT_CARD_PATH,
    content_type="application/json",
    write=lambda offer: _json(agent_card(offer)),
)
ROVER_SITE = Artefact(
    path=ROVER_SITE_PATH,
    content_type="application/json",
    write=lambda offer: _json(rover_site(offer)),
)
LLMS = Artefact(path=LLMS_PATH, content_type="text/markdown; charset=utf-8", write=llms_txt)
ARTEFACTS: Mapping[str, Artefact] = {each.name: each for each in (AGENT_CARD, ROVER_SITE, LLMS)}
