"""The page at /docs: what /openapi.json says, for people. No script is needed to read it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from rover_site.openapi import OPERATIONS, TAGS, document
from workspace.admin.site import site
from workspace.api.operations import Answer, Content, Operation, Refused

_REF = "#/components/schemas/"
_NULL = {"type": "null"}
_PROSE = ("{}", "<code>{}</code>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field or parameter. `type` is text, `link` the schema that it leads to, '' for none."""

    name: str
    place: str = ""
    type: str
    link: str = ""
    is_required: bool
    says: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A body as it is on the wire."""

    words: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One form of a body: its fields, or in a word what it is."""

    media_type: str
    type: str
    link: str
    rows: list[Row]
    examples: list[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """What comes back with one status."""

    status: int
    says: SafeString
    headers: list[tuple[str, str]]
    bodies: list[Body]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An operation as the page needs it."""

    operation: Operation
    says: SafeString
    parameters: list[Row]
    body: Body | None
    curl: str
    answers: list[ShownAnswer]
    refused: list[Refused] = field(default_factory=list)


@require_safe
def apidocs(request: HttpRequest) -> HttpResponse:
    """The page: in the workspace's frame for who is signed in, without the side bar for everybody else."""
    operations, schemas = _page()
    context = site.each_context(request) | {
        "title": "API",
        "is_nav_sidebar_enabled": request.user.is_authenticated,
        "section": "api",
        "base_url": settings.ROVER.base_url,
        "groups": [
            {
                "name": tag.name,
                "says": prose(tag.description),
                "operations": [one for one in operations if one.operation.tag == tag.name],
            }
            for tag in TAGS
        ],
        "schemas": schemas,
    }
    return TemplateResponse(request, "apidocs.html", context)


@cache
def _page() -> tuple[list[Shown], list[dict[str, Any]]]:
    """The operations and the schemas; they change with the version alone."""
    components = document()["components"]["schemas"]
    sent = set(_sent(components))
    schemas = [
        {
            "name": name,
            "says": prose(schema.get("description", "")),
            "rows": list(_rows(schema)),
            "is_sent": name in sent,
        }
        for name, schema in components.items()
        if schema.get("properties")
    ]
    return [_shown(operation) for operation in OPERATIONS], schemas


def _sent(components: Mapping[str, Any]) -> Iterator[str]:
    """The names of the schemas that bodies of requests are made of; of others nobody needs to know what is
    required."""
    paths = document()["paths"].values()
    waiting: list[Any] = [one.get("requestBody") for methods in paths for one in methods.values()]
    seen: set[str] = set()
    while waiting:
        names = set(re.findall(f'"{_REF}([^"]+)"', json.dumps(waiting.pop()))) - seen
        seen |= names
        waiting += [components[name] for name in names]
        yield from names


def prose(text: str) -> SafeString:
    """Text with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return format_html_join("", "{}", ([format_html(_PROSE[index % 2], part)] for index, part in parts))


def _shown(operation: Operation) -> Shown:
    described = document()["paths"][operation.path][operation.method]
    return Shown(
        operation=operation,
        says=prose(described["description"]),
        parameters=[_parameter_row(one) for one in described.get("parameters", ())],
        body=_body(operation.body, described["requestBody"]["content"]) if operation.body else None,
        curl=_curl(operation),
        answers=[_shown_answer(answer, described["responses"]) for answer in operation.answers],
        refused=sorted(operation.refused, key=lambda one: one.status),
    )


def _shown_answer(answer: Answer, responses: Mapping[str, Any]) -> ShownAnswer:
    content = responses[str(answer.status)].get("content", {})
    return ShownAnswer(
        status=answer.status,
        says=prose(answer.description),
        headers=list(answer.headers.items()),
        bodies=[_body(one, content) for one in answer.contents],
    )


def _body(content: Content, described: Mapping[str, Any]) -> Body:
    """One form, as the document has it under its media type."""
    told = described[content.media_type]
    type_, link = _type(told["schema"])
    return Body(
        media_type=content.media_type,
        type=type_,
        link=link,
        rows=list(_rows(_resolved(told["schema"]))),
        examples=[
            Example(words=one["summary"], text=_text(one["value"]))
            for one in told.get("examples", {}).values()
        ],
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document()["components"]["schemas"][schema["$ref"].removeprefix(_REF)]
    return found


def _rows(schema: Mapping[str, Any]) -> Iterator[Row]:
    required = schema.get("required", ())
    for name, described in schema.get("properties", {}).items():
        type_, link = _type(described)
        if name not in required:  # what may be left out may be null: said once, at the top of the group
            type_ = type_.removesuffix(" or null")
        yield Row(
            name=name, type=type_, link=link, is_required=name in required, says=prose(_says(described))
        )


def _parameter_row(parameter: Mapping[str, Any]) -> Row:
    type_, link = _type(parameter["schema"])
    return Row(
        name=parameter["name"],
        place=parameter["in"],
        type=type_,
        link=link,
        is_required=parameter["required"],
        says=prose(parameter["description"] + _default(parameter["schema"])),
    )


def _says(schema: Mapping[str, Any]) -> str:
    return f"{schema.get('description', '')}{_default(schema)}".strip()


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return "" if default is None else f" Default: `{json.dumps(default)}`."


def _type(schema: Mapping[str, Any]) -> tuple[str, str]:
    """What a value is, in a few words, and the schema that says more."""
    match schema:
        case {"$ref": str(ref)} if _resolved(schema).get("properties"):
            told = ref.removeprefix(_REF), ref.removeprefix(_REF)
        case {"$ref": str()}:  # a choice, or a list of words: it has no place of its own
            told = _type(_resolved(schema))
        case {"const": value}:
            told = json.dumps(value), ""
        case {"enum": values}:
            told = " | ".join(json.dumps(value) for value in values), ""
        case {"anyOf": options}:
            told = _any_of(options)
        case {"type": "array"}:
            inner, link = _type(schema.get("items", {}))
            told = f"list of {inner}{_range(schema, 'Items', ' entries')}", link
        case {"type": "object", "properties": {"success": _, "data": data}}:
            inner, link = _type(data)
            told = f"data: {inner}", link
        case {"type": "string"}:
            told = schema.get("format", "string") + _range(schema, "Length", " characters"), ""
        case _:
            told = schema.get("type", "any") + _range(schema, "imum", ""), ""
    return told


def _any_of(options: list[dict[str, Any]]) -> tuple[str, str]:
    told = [_type(option) for option in options if option != _NULL]
    text = " or ".join(text for text, _ in told)
    link = next((link for _, link in told if link), "")
    return (f"{text} or null" if _NULL in options else text), link


def _range(schema: Mapping[str, Any], what: str, unit: str) -> str:
    """`min…` and `max…` of a schema in brackets: (1 … 50 entries)."""
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if least is None and most is None:
        return ""
    if most is None:
        return f" ({least} or more{unit})"
    return f" (up to {most}{unit})" if least is None else f" ({least} … {most}{unit})"


def _curl(operation: Operation) -> str:
    """A line for the shell, with the first example as the body."""
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter.name + "}", str(parameter.example))
    words = ["curl"]
    if operation.method == "head":
        words.append("--head")
    elif operation.method not in ("get", "post"):
        words += ["-X", operation.method.upper()]
    lines = [" ".join([*words, shlex.quote(settings.ROVER.base_url + path)])]
    if operation.scopes or operation.opened_by:
        token = "$TOKEN" if operation.scopes else "$ACCESS"
        lines.append(f'-H "Authorization: Bearer {token}"')
    if operation.body:
        example = next(iter(operation.body.examples.values()))
        lines.append(f"-H 'Content-Type: {operation.body.media_type}'")
        lines.append(f"-d {shlex.quote(json.dumps(example, ensure_ascii=False))}")
    return " \\\n  ".join(lines)
