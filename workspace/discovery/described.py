"""The operations of discovery, for the document."""

from typing import Any

from workspace.api.operations import FAULT, Answer, Content, Operation, Parameter, Refused, Shape, Tag
from workspace.core.discovery.artefacts import AGENT_CARD, LLMS, ROVER_SITE, Artefact
from workspace.core.discovery.card import agent_card
from workspace.core.discovery.llms import llms_txt
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.profile import rover_site
from workspace.core.discovery.told import told_by
from workspace.core.site_config import ai_access_effective

DISCOVERY = Tag(
    "Discovery",
    "What a site offers to agents, for everybody and from every origin, without a token. A site is found "
    "while its owner lets agents in and shows them the way, and its main host is proved; every other site is "
    "the same 404. HEAD and OPTIONS work too. Answers may be kept for 5 minutes; `If-None-Match` saves "
    "asking for the content again.",
)
SITE_ID = "corner-bakery-a1B2c3"
OFFER = Offer(
    site_id=SITE_ID,
    site_name="Corner Bakery",
    host="bakery.example",
    base_url="https://rover.example",
    access=ai_access_effective({"enabled": True}),
    told=told_by({"description": "Fresh bread since 1962.", "pages": [{"route": "/", "label": "Home"}]}),
    shortcuts=[{"id": "opening-hours", "label": "Opening hours", "sideEffect": "read"}],
)
_TEXT = {"type": "string"}
_ADDRESS = {"type": "string", "format": "uri"}
_OBJECTS = {"type": "array", "items": {"type": "object"}}


def _object(described: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these members, and maybe others: new ones come with later versions."""
    required = [name for name in described if name not in optional]
    return {"type": "object", "required": required, "properties": described}


def _says(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "description": text}


_SKILL = _object(
    {
        "id": _TEXT,
        "name": _TEXT,
        "description": _TEXT,
        "tags": {"type": "array", "items": _TEXT},
        "examples": {"type": "array", "items": _TEXT},
        "inputSchema": {"type": "object"},
        "outputSchema": {"type": "object"},
        "sideEffect": {"enum": ["none", "read", "write", "transactional"]},
        "requiresConfirmation": {"type": "boolean"},
        "preferredInterface": {"enum": ["task", "shortcut", "client_tool", "webmcp"]},
        "category": {"enum": ["primary", "secondary"]},
        "rover": {"type": "object"},
    },
    optional=("inputSchema", "outputSchema"),
)
_CARD = _object(
    {
        "name": _says("The site's name, or its host.", _TEXT),
        "description": _TEXT,
        "url": _says("Where tasks are made.", _ADDRESS),
        "version": _TEXT,
        "defaultInputModes": {"type": "array", "items": _TEXT},
        "defaultOutputModes": {"type": "array", "items": _TEXT},
        "capabilities": _says("What tasks of the site can do, as its settings are.", {"type": "object"}),
        "skills": _says(
            "Published shortcuts, then further skills. `rover.task.payload` is the body of a task.",
            {"type": "array", "items": _SKILL},
        ),
        "interfaces": _says("The ways in: `type`, `url`, `description`, `available`.", _OBJECTS),
        "extensions": _says(
            "`rover` has the site's addresses, policies, capabilities and pages.", {"type": "object"}
        ),
    }
)
_PROFILE = _object(
    {
        "identity": _says("`siteId`, `name`, `description`, `siteUrl`.", {"type": "object"}),
        "actions": _says("What can be done, in detail.", _OBJECTS),
        "pages": _says("Where it can be done.", _OBJECTS),
        "policies": _says("What the owner lets agents do.", {"type": "object"}),
        "auth": _says("Where tasks are made, and which identities are read.", {"type": "object"}),
        "display": _says("How the signs look in a page.", {"type": "object"}),
        "artifacts": _says("Where card, profile and text are.", {"type": "object"}),
        "interfaces": _says("The same as in the card.", _OBJECTS),
    }
)
_KEPT = {
    "ETag": "A strong validator of the content.",
    "Cache-Control": "`public, max-age=300`",
    "Link": "`service-desc` is the card, `service-doc` the text.",
    "Access-Control-Allow-Origin": "`*`, on refusals too",
}


def _operation(
    artefact: Artefact, name: str, summary: str, says: str, shape: Shape, example: Any
) -> Operation:
    media_type = artefact.content_type.partition(";")[0]
    return Operation(
        name=name,
        method="get",
        path=f"/discovery/{{siteId}}/{artefact.name}",
        tag=DISCOVERY.name,
        summary=summary,
        description=says,
        parameters=[
            Parameter(name="siteId", place="path", description="The site.", schema=_TEXT, example=SITE_ID),
            Parameter(
                name="If-None-Match",
                place="header",
                description="Validators of what the caller has.",
                schema=_TEXT,
            ),
        ],
        answers=[
            Answer(
                description="As it is now.",
                contents=[Content(shape=shape, media_type=media_type, examples={"Corner Bakery": example})],
                headers=_KEPT,
            ),
            Answer(status=304, description="The caller has it.", headers=_KEPT),
        ],
        refused=[
            Refused(404, "not_found", "Nothing is published under this siteId, or nobody has it."),
            FAULT,
        ],
    )


OPERATIONS = (
    _operation(
        AGENT_CARD,
        "getAgentCard",
        "Read a site's agent card",
        "Its addresses are absolute, so that whoever has only the card can go on.",
        _CARD,
        agent_card(OFFER),
    ),
    _operation(
        ROVER_SITE,
        "getRoverSite",
        "Read a site's profile",
        "For agents that know Rover: capabilities and pages in detail.",
        _PROFILE,
        rover_site(OFFER),
    ),
    _operation(
        LLMS,
        "getLlmsTxt",
        "Read a site's llms.txt",
        "The same in Markdown.",
        _TEXT,
        llms_txt(OFFER),
    ),
)
