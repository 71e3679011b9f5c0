"""The operations of RoverBook's collections, for the document; made of the collections themselves."""

from collections.abc import Mapping
from typing import Any

from pydantic import RootModel, create_model

from roverbook.api import collections_records as told
from roverbook.selectors.collections.reading import COLLECTIONS, Collection
from roverbook.selectors.collections.wanted import FORMATS, LIMIT, VALUE_MAX, Filter, InvalidCursor
from workspace.api.operations import (
    FAULT,
    WITH_TOKEN,
    Answer,
    Content,
    Operation,
    Parameter,
    Record,
    Refused,
    Tag,
    with_code,
)
from workspace.core.fields import InvalidFields
from workspace.core.refusals import SiteNotFound
from workspace.core.tokens import Scope

ROVERBOOK = Tag(
    "RoverBook",
    "How agents fare on your sites, for your own scripts. Errors are problems (RFC 9457) that also have "
    "`code`, `retryable` and `error`.",
)
RECORDS: Mapping[str, type[Record]] = {
    "agents": told.VisitingAgentRecord,
    "exposures": told.ExposureRecord,
    "roverbook_interviews": told.AnswerRecord,
    "roverbook_notes": told.NoteRecord,
    "roverbook_posts": told.PostRecord,
    "roverbook_questions": told.QuestionRecord,
    "roverbook_reviews": told.ReviewRecord,
    "roverbook_scores": told.ScoreRecord,
    "roverbook_sites": told.SiteRecord,
    "roverbook_visits": told.VisitRecord,
    "trajectories": told.TrajectoryRecord,
}
_CSV, _NDJSON = "text/csv", "application/x-ndjson"
_MOMENT = "A day, a time (ISO 8601), or milliseconds since 1970; without a zone it is UTC."
_WHAT = (
    "A page of records, newest first, and the cursor of the next one; what comes in meanwhile moves nothing. "
    "With `format` everything that is filtered, as a download. All text is as agents and pages wrote it."
)


def _text(name: str, description: str, **schema: Any) -> Parameter:
    return Parameter(name=name, place="query", description=description, schema={"type": "string", **schema})


_TIMES = (
    _text("since", f"Nothing before. {_MOMENT}", maxLength=40),
    _text("until", f"Nothing from then on; a day counts with all of it. {_MOMENT}", maxLength=40),
)
_WORDS = (_text("q", "Only where these words stand in one of the texts.", maxLength=VALUE_MAX),)


def _filter(one: Filter) -> Parameter:
    schema: dict[str, Any] = {"enum": list(one.choices)} if one.choices else {"maxLength": one.most}
    if one.default:
        schema["default"] = one.default
    return _text(one.name, one.help, **schema)


def _parameters(collection: Collection) -> list[Parameter]:
    return [
        *map(_filter, collection.filters),
        *(_TIMES if collection.has_times else ()),
        *(_WORDS if collection.has_words else ()),
        Parameter(
            name="limit",
            place="query",
            description="How many records at most; not for a download.",
            schema={
                "type": "integer",
                "minimum": 1,
                "maximum": collection.most,
                "default": min(LIMIT, collection.most),
            },
        ),
        _text("cursor", "`nextCursor` of the page before, with its other parameters.", maxLength=1_000),
        _text("format", "As a download of all that is filtered.", enum=list(FORMATS)),
    ]


def _page_or_file(name: str, record: Any) -> Any:
    """The model of a JSON answer: a page, or with `format` all records."""
    page: Any = create_model(
        f"{name}Page",
        __base__=Record,
        __doc__="A page of the collection.",
        data=(list[record], ...),
        next_cursor=(str | None, ...),
    )
    either: Any = RootModel[page | list[record]]
    return create_model(f"{name}Answer", __base__=either, __doc__="A page, or with `format` all of it.")


def _operation(collection: Collection) -> Operation:
    record = RECORDS[collection.name]
    name = "".join(part.capitalize() for part in collection.name.split("_"))
    return Operation(
        name=f"list{name}",
        method="get",
        path=f"/v1/roverbook/collections/{collection.name}",
        tag=ROVERBOOK.name,
        summary=collection.summary,
        description=_WHAT,
        scopes=[Scope.MANAGE, Scope.READ],
        parameters=_parameters(collection),
        answers=[
            Answer(
                description="The page, or the file.",
                contents=[
                    Content(
                        shape=_page_or_file(name, record),
                        examples={"The end of the list": {"data": [], "nextCursor": None}},
                    ),
                    Content(shape={"type": "string"}, media_type=_CSV, examples={"A file": "siteId\r\n"}),
                    Content(shape={"type": "string"}, media_type=_NDJSON, examples={"A file": "{}\n"}),
                ],
            )
        ],
        refused=[
            Refused(400, InvalidFields.code, "A parameter is not known here; errors says which."),
            with_code(InvalidCursor, 400, "The cursor is none of ours, or of another question."),
            with_code(SiteNotFound, 404, "There is no site with this siteId."),
            Refused(422, InvalidFields.code, "A parameter's value is not accepted; errors says which."),
            *WITH_TOKEN,
            FAULT,
        ],
    )


OPERATIONS = tuple(map(_operation, COLLECTIONS.values()))
