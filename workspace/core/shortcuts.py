"""Shortcuts: prompts an owner saved, which visitors start with a click and agents by their id.

Stored sparse (what was not said is absent) but for `enabled`, in the order they were given.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from workspace.core.field_types import (
    Settings,
    json_object,
    newlines,
    refusal,
    several_lines,
    single_line,
)
from workspace.core.fields import FieldError, InvalidFields, not_an_object, shown, validated

PROMPT_MAX = 2_000
ORDER_MAX = 1_000_000
SCHEMA_MAX_BYTES = 16 * 1024
# Checking a JSON Schema costs up to half a millisecond for each of its parts, so parts are counted.
SCHEMA_MAX_PARTS = 1_000
SCHEMAS_MAX_PARTS = 5_000
_SCHEMA_FIELDS = ("inputSchema", "outputSchema")
_DRAFTS: Mapping[str, str] = {
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": "Draft202012Validator",
}


def json_schema(value: object) -> dict[str, Any]:
    """A copy of a JSON Schema object, checked against the meta-schema of the draft that its `$schema` names
    (07, 2019-09 or 2020-12; without one 2020-12).

    At most 16 KiB of JSON and 1,000 parts. `pattern` values are not compiled: they are ECMA expressions, and
    what Python thinks of them says nothing. References are not followed. Raises PydanticCustomError.
    """
    import jsonschema  # type: ignore[import-untyped]  # a tenth of a second, and few requests bring a schema

    schema = json_object(value, max_bytes=SCHEMA_MAX_BYTES)
    if _parts(schema) > SCHEMA_MAX_PARTS:
        raise refusal("too_long", f"Must have at most {SCHEMA_MAX_PARTS} parts.")
    named = schema.get("$schema", "https://json-schema.org/draft/2020-12/schema")
    draft = _DRAFTS.get(named.removesuffix("#")) if isinstance(named, str) else None
    if draft is None:
        raise refusal("not_allowed", "$schema must name draft 07, 2019-09 or 2020-12 of JSON Schema.")
    try:
        getattr(jsonschema, draft).check_schema(schema, format_checker=None)
    except jsonschema.SchemaError as exc:
        place = "/".join(str(step) for step in exc.absolute_path)
        raise refusal(
            "not_allowed", f"Must be a valid JSON Schema; the error is at /{shown(place)}."
        ) from None
    except RecursionError:
        raise refusal("not_allowed", "The schema is nested too deeply to be checked.") from None
    return schema


def _parts(value: object) -> int:
    """How many values a JSON value is made of, itself included."""
    if isinstance(value, dict):
        return 1 + sum(_parts(item) for item in value.values())
    return 1 + sum(_parts(item) for item in value) if isinstance(value, list) else 1


def _distinct_tags(tags: list[str]) -> list[str]:
    """The first spelling of each tag; "Sale" and "sale" are one."""
    seen: dict[str, str] = {}
    for tag in tags:
        seen.setdefault(tag.casefold(), tag)
    return list(seen.values())


def is_shortcut_id(text: str) -> bool:
    """Whether the characters are those of an id; its length is another question."""
    return text[:1].isalnum() and all(char.isalnum() or char in "_.-" for char in text) and text.isascii()


def _shortcut_id(text: str) -> str:
    if not is_shortcut_id(text):
        raise refusal(
            "not_allowed",
            "Must be letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
        )
    return text


ShortcutId = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_shortcut_id)]
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(single_line),
]
Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PROMPT_MAX),
    AfterValidator(several_lines),
    BeforeValidator(newlines),
]
Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(single_line)
]
Icon = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8), AfterValidator(single_line)]
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(single_line),
]
Example = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=220),
    AfterValidator(single_line),
]
JsonSchema = Annotated[dict[str, Any], BeforeValidator(json_schema)]


class Shortcut(Settings):
    """One shortcut. Lengths count code points, so an emoji of several code points fits into `icon`'s 8.

    `order`: those that have one come first, ascending. `sideEffect` and `requiresConfirmation` tell agents
    what starting it can do. `runKind`: whether it shows the visitor how, or does it. `visibility`: of a
    private one visitors see the button, but agents are not told that it exists.
    """

    id: ShortcutId
    label: Label
    prompt: Prompt
    description: Description | None = None
    icon: Icon | None = None
    enabled: bool = True
    order: int | None = Field(default=None, ge=-ORDER_MAX, le=ORDER_MAX)
    routing: Literal["auto", "act", "planner"] | None = None
    tags: Annotated[list[Tag], Field(max_length=16), AfterValidator(_distinct_tags)] | None = None
    examples: Annotated[list[Example], Field(max_length=6)] | None = None
    input_schema: JsonSchema | None = None
    output_schema: JsonSchema | None = None
    side_effect: Literal["none", "read", "write", "transactional"] | None = None
    requires_confirmation: bool | None = None
    preferred_interface: Literal["task", "shortcut", "client_tool", "webmcp"] | None = None
    run_kind: Literal["guide", "task"] | None = None
    visibility: Literal["public", "private"] | None = None


def validated_shortcuts(
    value: object, *, max_stored: int, prefix: str = "siteConfig.shortcuts"
) -> list[dict[str, Any]]:
    """The list as it is stored. Raises InvalidFields with every error of the first `max_stored` entries.

    An id that came before is a `duplicate` (ids are case-sensitive, deep links carry them); a list longer
    than `max_stored` is `too_long`, and what is beyond is not looked at.
    """
    if not isinstance(value, list):
        raise InvalidFields([FieldError(prefix, "Must be a list; [] removes all.", "wrong_type")])
    errors = []
    if len(value) > max_stored:
        errors.append(FieldError(prefix, f"Must have at most {max_stored} entries.", "too_long"))
    entries = value[:max_stored]
    if sum(_parts_of_schemas(entry) for entry in entries) > SCHEMAS_MAX_PARTS:
        raise InvalidFields(
            [
                *errors,
                FieldError(prefix, f"All schemas together may have {SCHEMAS_MAX_PARTS} parts.", "too_long"),
            ]
        )
    stored: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        try:
            stored.append(_stored(entry, f"{prefix}[{index}]"))
        except InvalidFields as exc:
            errors.extend(exc.errors)
    errors.extend(_duplicates(entries, prefix))
    if errors:
        raise InvalidFields(errors)
    return stored


def ordered_shortcuts(shortcuts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those with an `order` first, ascending; then the rest; equals in the order they were given."""
    return [
        dict(shortcut)
        for shortcut in sorted(shortcuts, key=lambda one: (one.get("order") is None, one.get("order") or 0))
    ]


def published_shortcuts(shortcuts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What agents may know of: those that are switched on and not private, in order."""
    return [
        one
        for one in ordered_shortcuts(shortcuts)
        if one.get("enabled", True) is not False and one.get("visibility") != "private"
    ]


def rendered_shortcuts(shortcuts: Iterable[Mapping[str, Any]], max_rendered: int) -> list[dict[str, Any]]:
    """What visitors see: the first `max_rendered` that are enabled, in order."""
    shown_ones = [one for one in ordered_shortcuts(shortcuts) if one.get("enabled", True)]
    return shown_ones[:max_rendered]


def _stored(entry: object, path: str) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise InvalidFields([not_an_object(path)])
    shortcut = validated(Shortcut, entry, prefix=path)
    return shortcut.sparse() | {"enabled": shortcut.enabled}


def _duplicates(entries: list[Any], prefix: str) -> list[FieldError]:
    seen: set[str] = set()
    errors = []
    for index, entry in enumerate(entries):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            errors.append(FieldError(f"{prefix}[{index}].id", "Another shortcut has this id.", "duplicate"))
        seen.add(name)
    return errors


def _parts_of_schemas(entry: object) -> int:
    """Parts of an entry's schemas, before anything is known of them; too deep counts as too many."""
    if not isinstance(entry, Mapping):
        return 0
    try:
        return sum(_parts(entry.get(name)) for name in _SCHEMA_FIELDS if entry.get(name) is not None)
    except RecursionError:
        return SCHEMAS_MAX_PARTS + 1
