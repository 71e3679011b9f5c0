"""Shortcuts: what one may hold, how a list is checked, in which order they come."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.settings_support import json_objects_about, json_values, only_refusal, refused
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.shortcuts import (
    SCHEMA_MAX_BYTES,
    Shortcut,
    ordered_shortcuts,
    published_shortcuts,
    rendered_shortcuts,
    validated_shortcuts,
)

PREFIX = "siteConfig.shortcuts"
LEAST = {"id": "track-order", "label": "Track my order", "prompt": "Find where my order is."}
FULL = LEAST | {
    "description": "Shows where a parcel is.",
    "icon": "📦",
    "enabled": False,
    "order": 3,
    "routing": "act",
    "tags": ["orders", "help"],
    "examples": ["Where is order 17?"],
    "inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
    "outputSchema": {"type": "object"},
    "sideEffect": "read",
    "requiresConfirmation": True,
    "preferredInterface": "webmcp",
    "runKind": "task",
    "visibility": "private",
}
CHOICES = {
    "routing": ["auto", "act", "planner"],
    "sideEffect": ["none", "read", "write", "transactional"],
    "preferredInterface": ["task", "shortcut", "client_tool", "webmcp"],
    "runKind": ["guide", "task"],
    "visibility": ["public", "private"],
}
TEXT_LIMITS = {"id": 80, "label": 80, "prompt": 2_000, "description": 200, "icon": 8}
SCHEMAS = ["inputSchema", "outputSchema"]
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def stored(**changes: Any) -> dict[str, Any]:
    """One shortcut as it is stored."""
    (shortcut,) = validated_shortcuts([LEAST | changes], max_stored=100)
    return shortcut


def refusal(**changes: Any) -> tuple[str, str]:
    """Field (below the shortcut) and code of the one error of one shortcut."""
    field, code = only_refusal(lambda: stored(**changes))
    return field.removeprefix(f"{PREFIX}[0]."), code


def refusal_errors(entries: list[Any], *, max_stored: int = 100) -> tuple[FieldError, ...]:
    return refused(lambda: validated_shortcuts(entries, max_stored=max_stored))


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def test_a_shortcut_needs_an_id_a_label_and_a_prompt() -> None:
    assert stored() == LEAST | {"enabled": True}


def test_every_field_is_kept() -> None:
    assert stored(**FULL) == FULL


@pytest.mark.parametrize("name", ["id", "label", "prompt"])
@pytest.mark.parametrize("missing", ["absent", "null"])
def test_a_missing_part_is_named(name: str, missing: str) -> None:
    entry: dict[str, Any] = LEAST | {name: None}
    if missing == "absent":
        del entry[name]

    assert only_refusal(lambda: validated_shortcuts([entry], max_stored=1)) == (
        f"{PREFIX}[0].{name}",
        "required",
    )


@pytest.mark.parametrize("name", [name for name in FULL if name not in {"id", "label", "prompt"}])
def test_null_is_the_same_as_absent(name: str) -> None:
    assert stored(**{name: None}) == stored()


@pytest.mark.parametrize(("name", "limit"), TEXT_LIMITS.items())
def test_a_text_may_be_as_long_as_its_limit(name: str, limit: int) -> None:
    assert stored(**{name: "x" * limit})[name] == "x" * limit


@pytest.mark.parametrize(("name", "limit"), TEXT_LIMITS.items())
def test_a_text_may_not_be_longer(name: str, limit: int) -> None:
    (error,) = refused(lambda: stored(**{name: "x" * (limit + 1)}))

    assert (error.field, error.code) == (f"{PREFIX}[0].{name}", "too_long")
    assert error.message == f"Must be at most {limit} characters long."


@pytest.mark.parametrize("name", TEXT_LIMITS)
@pytest.mark.parametrize("value", [7, True, ["x"], {}])
def test_a_text_is_text(name: str, value: object) -> None:
    assert refusal(**{name: value}) == (name, "wrong_type")


@pytest.mark.parametrize("name", ["label", "prompt"])
@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_a_label_and_a_prompt_say_something(name: str, value: str) -> None:
    assert refusal(**{name: value}) == (name, "required")


@pytest.mark.parametrize("name", TEXT_LIMITS)
@pytest.mark.parametrize("value", ["a\0b", "a\x1bb", "a\x9fb", "a\udc00b"])
def test_a_text_holds_no_control_characters(name: str, value: str) -> None:
    assert refusal(**{name: value}) == (name, "not_allowed")


@pytest.mark.parametrize("name", ["label", "description", "icon"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\tb"])
def test_only_a_prompt_has_several_lines(name: str, value: str) -> None:
    assert refusal(**{name: value}) == (name, "not_allowed")


def test_a_prompts_lines_end_in_newlines_whoever_sent_them() -> None:
    assert stored(prompt="one\r\ntwo\rthree\n\tfour")["prompt"] == "one\ntwo\nthree\n\tfour"


def test_a_forms_line_breaks_count_as_one_character() -> None:
    assert len(stored(prompt="x\r\n" * 999 + "xx")["prompt"]) == 2_000


@pytest.mark.parametrize("value", ["a", "A1", "0", "track-order_2.b", "x" * 80])
def test_an_id_is_made_of_letters_digits_and_a_few_marks(value: str) -> None:
    assert stored(id=value)["id"] == value


@pytest.mark.parametrize("value", ["-a", ".a", "_a", "a b", " a", "a ", "a/b", "ä", "a\n", "١", "a:b", "a²"])
def test_an_id_holds_nothing_else(value: str) -> None:
    assert refusal(id=value) == ("id", "not_allowed")


def test_an_id_is_not_empty() -> None:
    assert refusal(id="") == ("id", "required")


@pytest.mark.parametrize("icon", ["👩‍👩‍👧‍👦", "🇩🇪", "AB"])
def test_an_icon_may_be_an_emoji_of_several_characters(icon: str) -> None:
    assert stored(icon=icon)["icon"] == icon


@pytest.mark.parametrize("order", [-1_000_000, 0, 1_000_000])
def test_an_order_is_a_whole_number(order: int) -> None:
    assert stored(order=order)["order"] == order


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (1_000_001, "out_of_range"),
        (-1_000_001, "out_of_range"),
        ("1", "wrong_type"),
        (1.0, "wrong_type"),
        (True, "wrong_type"),
    ],
)
def test_an_order_is_nothing_else(order: object, code: str) -> None:
    assert refusal(order=order) == ("order", code)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in CHOICES.items() for v in values])
def test_a_choice_takes_each_of_its_values(name: str, value: str) -> None:
    assert stored(**{name: value})[name] == value


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", ["", "other", 7, [], True])
def test_a_choice_takes_no_other_value(name: str, value: object) -> None:
    assert refusal(**{name: value}) == (name, "not_allowed")


@pytest.mark.parametrize("name", ["enabled", "requiresConfirmation"])
@pytest.mark.parametrize("value", [True, False])
def test_a_switch_can_be_turned(name: str, value: bool) -> None:
    assert stored(**{name: value})[name] is value


@pytest.mark.parametrize("name", ["enabled", "requiresConfirmation"])
@pytest.mark.parametrize("value", ["true", 1, []])
def test_a_switch_takes_only_true_and_false(name: str, value: object) -> None:
    assert refusal(**{name: value}) == (name, "wrong_type")


@pytest.mark.parametrize(("name", "count", "length"), [("tags", 16, 40), ("examples", 6, 220)])
def test_a_list_of_texts_may_be_full(name: str, count: int, length: int) -> None:
    entries = [f"{number:02}" + "x" * (length - 2) for number in range(count)]

    assert stored(**{name: entries})[name] == entries


@pytest.mark.parametrize(("name", "count"), [("tags", 16), ("examples", 6)])
def test_a_list_of_texts_may_not_be_longer(name: str, count: int) -> None:
    assert refusal(**{name: [f"t{number}" for number in range(count + 1)]}) == (name, "too_long")


@pytest.mark.parametrize(("name", "length"), [("tags", 40), ("examples", 220)])
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda length: "x" * (length + 1), "too_long"),
        (lambda length: "", "required"),
        (lambda length: "a\0", "not_allowed"),
        (lambda length: 7, "wrong_type"),
    ],
    ids=["too-long", "empty", "nul", "number"],
)
def test_a_text_of_a_list_is_named_by_its_place(name: str, length: int, make: Any, code: str) -> None:
    assert refusal(**{name: ["fine", make(length)]}) == (f"{name}[1]", code)


@pytest.mark.parametrize("name", ["tags", "examples"])
def test_a_text_is_no_list_of_texts(name: str) -> None:
    assert refusal(**{name: "orders"}) == (name, "wrong_type")


def test_tags_that_differ_in_case_are_one() -> None:
    assert stored(tags=["Sale", "sale", "STRASSE", "straße", "new"])["tags"] == ["Sale", "STRASSE", "new"]


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": {"enum": [1, None, "x"]}}, "additionalProperties": False},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "string"}]},
        {"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#"},
        {"$schema": DRAFT_7, "items": [{"type": "string"}]},
        {"$ref": "https://example.com/never-fetched.json"},
        {"pattern": "^\\p{L}+$"},
        {"x-own": {"anything": [1]}},
        nested(30),
    ],
    ids=str,
)
def test_a_schema_of_a_known_draft_is_kept(name: str, schema: dict[str, Any]) -> None:
    assert stored(**{name: schema})[name] == schema


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": "strnig"}, "not_allowed"),
        ({"type": 3}, "not_allowed"),
        ({"properties": []}, "not_allowed"),
        ({"required": "a"}, "not_allowed"),
        ({"minLength": -1}, "not_allowed"),
        ({"properties": {"a": {"items": 7}}}, "not_allowed"),
        ({"$schema": "https://example.com/mine"}, "not_allowed"),
        ({"$schema": ["https://json-schema.org/draft/2020-12/schema"]}, "not_allowed"),
        ({"title": "a\0b"}, "not_allowed"),
        ({"default": "\ud800"}, "not_allowed"),
        ({"maximum": float("inf")}, "out_of_range"),
        ({"maximum": 2**53}, "out_of_range"),
        (nested(33), "not_allowed"),
        ([], "wrong_type"),
        (True, "wrong_type"),
        ("object", "wrong_type"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_storable_schema_is_refused(name: str, schema: object, code: str) -> None:
    assert refusal(**{name: schema}) == (name, code)


def test_a_schema_too_deep_to_be_read_is_refused_before_its_entry_is() -> None:
    assert refusal(inputSchema=nested(5_000)) == (PREFIX, "too_long")


def test_the_place_of_a_schemas_error_is_said() -> None:
    (error,) = refused(lambda: stored(inputSchema={"properties": {"size": {"type": "larg"}}}))

    assert error.message == "Must be a valid JSON Schema; the error is at /properties/size/type."


def schema_of_bytes(size: int) -> dict[str, Any]:
    """A schema that is `size` bytes of compact JSON."""
    return {"title": "x" * (size - len('{"title":""}'))}


def test_a_schema_may_be_16_kib() -> None:
    assert stored(inputSchema=schema_of_bytes(SCHEMA_MAX_BYTES))["inputSchema"]


def test_a_schema_may_not_be_larger() -> None:
    assert refusal(inputSchema=schema_of_bytes(SCHEMA_MAX_BYTES + 1)) == ("inputSchema", "too_long")


def test_a_schema_may_have_1000_parts() -> None:
    assert stored(inputSchema={"enum": list(range(998))})["inputSchema"]


def test_a_schema_may_not_have_more_parts() -> None:
    assert refusal(inputSchema={"enum": list(range(999))}) == ("inputSchema", "too_long")


def test_all_schemas_together_have_a_limit() -> None:
    entries = [LEAST | {"id": f"s{n}", "inputSchema": {"enum": list(range(990))}} for n in range(6)]

    assert [(error.field, error.code) for error in refusal_errors(entries)] == [(PREFIX, "too_long")]


@pytest.mark.parametrize("name", ["input_schema", "sideeffect", "bogus", ""])
def test_an_unknown_field_is_refused(name: str) -> None:
    assert refusal(**{name: 1}) == (name, "unknown_field")


@pytest.mark.parametrize("value", [None, {}, "[]", 7, ({},)])
def test_shortcuts_are_a_list(value: object) -> None:
    assert only_refusal(lambda: validated_shortcuts(value, max_stored=100)) == (PREFIX, "wrong_type")


@pytest.mark.parametrize("entry", [None, "x", [], 7])
def test_an_entry_is_an_object(entry: object) -> None:
    assert [(e.field, e.code) for e in refusal_errors([LEAST, entry])] == [(f"{PREFIX}[1]", "wrong_type")]


def test_a_site_may_keep_as_many_as_its_policy_says() -> None:
    assert len(validated_shortcuts([LEAST | {"id": f"s{n}"} for n in range(5)], max_stored=5)) == 5


def test_a_site_may_not_keep_more() -> None:
    entries = [LEAST | {"id": f"s{n}"} for n in range(6)]

    (error,) = refusal_errors(entries, max_stored=5)

    assert (error.field, error.code, error.message) == (PREFIX, "too_long", "Must have at most 5 entries.")


def test_what_is_beyond_the_limit_is_not_looked_at() -> None:
    assert [error.code for error in refusal_errors([LEAST, {"bogus": 1}], max_stored=1)] == ["too_long"]


def test_an_id_that_came_before_is_refused_where_it_comes_again() -> None:
    entries = [LEAST, LEAST | {"id": "other"}, LEAST]

    assert [(e.field, e.code) for e in refusal_errors(entries)] == [(f"{PREFIX}[2].id", "duplicate")]


def test_ids_that_differ_in_case_are_two() -> None:
    assert len(validated_shortcuts([LEAST | {"id": "a"}, LEAST | {"id": "A"}], max_stored=2)) == 2


def test_every_wrong_field_of_every_entry_is_named_at_once() -> None:
    entries = [LEAST | {"label": ""}, LEAST | {"order": "1", "bogus": 1}]

    assert {(error.field, error.code) for error in refusal_errors(entries)} == {
        (f"{PREFIX}[0].label", "required"),
        (f"{PREFIX}[1].order", "wrong_type"),
        (f"{PREFIX}[1].bogus", "unknown_field"),
        (f"{PREFIX}[1].id", "duplicate"),
    }


def test_what_is_stored_shares_nothing_with_what_was_sent() -> None:
    schema: dict[str, Any] = {"properties": {}}

    kept = stored(inputSchema=schema)
    schema["properties"]["late"] = {}

    assert kept["inputSchema"] == {"properties": {}}


def test_those_with_an_order_come_first_then_the_others_as_they_were_given() -> None:
    entries: list[dict[str, Any]] = [
        {"id": "a"},
        {"id": "b", "order": 2},
        {"id": "c", "order": -1},
        {"id": "d"},
        {"id": "e", "order": 2},
    ]

    assert [one["id"] for one in ordered_shortcuts(entries)] == ["c", "b", "e", "a", "d"]


def test_an_order_of_zero_is_an_order() -> None:
    assert [one["id"] for one in ordered_shortcuts([{"id": "a"}, {"id": "b", "order": 0}])] == ["b", "a"]


def test_visitors_see_the_first_that_are_enabled() -> None:
    entries: list[dict[str, Any]] = [
        {"id": "a"},
        {"id": "x", "enabled": False, "order": 0},
        {"id": "b", "enabled": True, "order": 1},
        {"id": "d"},
    ]

    assert [one["id"] for one in rendered_shortcuts(entries, 2)] == ["b", "a"]


def test_agents_may_know_of_those_that_are_enabled_and_not_private() -> None:
    entries: list[dict[str, Any]] = [
        {"id": "a", "visibility": "public"},
        {"id": "x", "enabled": False},
        {"id": "y", "visibility": "private"},
        {"id": "b", "order": 1},
    ]

    assert [one["id"] for one in published_shortcuts(entries)] == ["b", "a"]


@given(st.lists(json_objects_about([*FULL]) | json_values, max_size=3) | json_values)
def test_any_list_is_refused_or_can_be_stored_again(value: object) -> None:
    try:
        once = validated_shortcuts(value, max_stored=2)
    except InvalidFields as refusal_:
        str(refusal_.data).encode()
    else:
        assert validated_shortcuts(once, max_stored=2) == once


@given(json_objects_about([name for name in FULL if name not in LEAST]))
def test_any_field_beside_the_required_ones_is_refused_or_can_be_stored_again(
    changes: dict[str, Any],
) -> None:
    try:
        once = stored(**{**changes, **LEAST})
    except InvalidFields:
        return

    assert validated_shortcuts([once], max_stored=1) == [once]
    Shortcut.model_validate(once)
