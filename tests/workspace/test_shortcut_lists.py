"""Edits of a list of shortcuts, files of shortcuts, and suggestions: the rules without pages."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.core.json_lines import UnreadableJson
from workspace.core.refusals import ShortcutNotFound
from workspace.core.shortcut_files import FILE_MAX_BYTES, read_shortcuts_file, shortcuts_file
from workspace.core.shortcut_lists import (
    compared,
    duplicated,
    inserted,
    merged,
    moved,
    proposed_id,
    replaced,
    without,
)
from workspace.core.shortcut_suggestions import SUGGESTED, suggestions
from workspace.core.shortcuts import ordered_shortcuts, validated_shortcuts
from workspace.core.site_config import BUSINESS_TYPES

Stored = list[dict[str, Any]]


def shortcut(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": name.title(), "prompt": f"Do {name}.", "enabled": True, **more}


def listed(names: str) -> Stored:
    return [shortcut(name) for name in names]


def seen(shortcuts: Stored) -> str:
    """The ids in the order that people see."""
    return "".join(one["id"] for one in ordered_shortcuts(shortcuts))


lists = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(-3, 3)),
    min_size=1,
    unique_by=lambda entry: entry[0],
).map(
    lambda entries: [shortcut(name, **({} if order is None else {"order": order})) for name, order in entries]
)


@pytest.mark.parametrize(
    ("name", "position", "expected"),
    [
        ("a", 1, "abcd"),
        ("a", 2, "bacd"),
        ("a", 4, "bcda"),
        ("d", 1, "dabc"),
        ("c", 2, "acbd"),
        ("b", 99, "acdb"),
        ("b", -5, "bacd"),
    ],
)
def test_a_shortcut_moves_to_a_position(name: str, position: int, expected: str) -> None:
    assert seen(moved(listed("abcd"), name, position)) == expected


def test_a_move_counts_in_the_order_that_people_see() -> None:
    stored = [shortcut("a"), shortcut("b", order=2), shortcut("c", order=1)]

    assert seen(moved(stored, "a", 1)) == "acb"


def test_a_move_to_where_it_is_keeps_every_order() -> None:
    stored = [shortcut("a"), shortcut("b", order=2)]

    assert moved(stored, "b", 1) == stored


@given(lists, st.data())
def test_a_moved_shortcut_is_where_it_was_put_and_the_others_keep_their_order(
    stored: Stored, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(seen(stored)))
    position = data.draw(st.integers(1, len(stored)))
    others = seen(stored).replace(name, "")

    after = seen(moved(stored, name, position))

    assert after[position - 1] == name
    assert after.replace(name, "") == others


def test_an_edit_keeps_the_place() -> None:
    assert replaced(listed("abc"), "b", shortcut("x")) == [shortcut("a"), shortcut("x"), shortcut("c")]


def test_a_deleted_shortcut_comes_back_where_it_was() -> None:
    stored = listed("abc")

    assert inserted(without(stored, "b"), 1, shortcut("b")) == stored


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: moved(s, "x", 1),
        lambda s: replaced(s, "x", {}),
        lambda s: without(s, "x"),
        lambda s: duplicated(s, "x"),
    ],
)
def test_an_unknown_shortcut_is_named(edit: Any) -> None:
    with pytest.raises(ShortcutNotFound):
        edit(listed("ab"))


def test_a_copy_stands_behind_its_original_and_is_off() -> None:
    after, copy = duplicated([shortcut("a", order=1), shortcut("b", order=1), shortcut("c")], "a")

    assert copy == "a-2"
    assert [one["id"] for one in ordered_shortcuts(after)] == ["a", "a-2", "b", "c"]
    assert (after[1]["label"], after[1]["enabled"], after[1]["prompt"]) == ("A (copy)", False, "Do a.")


def test_copies_of_copies_have_ids_of_their_own() -> None:
    once, first = duplicated(listed("a"), "a")
    twice, second = duplicated(once, first)

    assert (first, second) == ("a-2", "a-3")
    assert len({one["id"] for one in twice}) == 3


def test_a_copy_of_the_longest_names_can_be_stored() -> None:
    after, _ = duplicated([shortcut("x" * 80, label="y" * 80)], "x" * 80)

    assert len(validated_shortcuts(after, max_stored=2)) == 2


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Track my order", "track-my-order"),
        ("  Café – menu!  ", "cafe-menu"),
        ("日本語", "shortcut"),
        ("🚀", "shortcut"),
        ("order", "order-2"),
        ("Order", "order-2"),
    ],
)
def test_an_id_is_proposed_from_the_label(label: str, expected: str) -> None:
    assert proposed_id(label, {"order"}) == expected


@given(st.text(max_size=200), st.sets(st.sampled_from(["shortcut", "shortcut-2", "a", "a-2"])))
def test_a_proposed_id_can_be_stored_and_is_free(label: str, taken: set[str]) -> None:
    proposed = proposed_id(label, taken)

    assert proposed not in taken
    assert validated_shortcuts([shortcut(proposed, label="x")], max_stored=1)[0]["id"] == proposed


def test_a_comparison_names_what_is_added_changed_and_removed() -> None:
    changes = compared(listed("abc"), [shortcut("a"), shortcut("b", icon="🍞", enabled=False), shortcut("d")])

    assert [one["id"] for one in changes.added] == ["d"]
    assert [(one.id, one.fields) for one in changes.changed] == [("b", ("enabled", "icon"))]
    assert [one["id"] for one in changes.removed] == ["c"]
    assert not changes.reordered


def test_a_comparison_sees_another_order() -> None:
    assert compared(listed("abc"), listed("acb")).reordered
    assert not compared(listed("abc"), listed("axbc")).reordered


@given(lists)
def test_a_list_differs_in_nothing_from_itself(stored: Stored) -> None:
    assert compared(stored, stored).is_empty


def test_a_merge_replaces_in_place_and_appends() -> None:
    after = merged(listed("abc"), [shortcut("d"), shortcut("b", icon="🍞")])

    assert after == [shortcut("a"), shortcut("b", icon="🍞"), shortcut("c"), shortcut("d")]


@given(lists)
def test_an_exported_file_is_read_as_it_was(stored: Stored) -> None:
    assert read_shortcuts_file(shortcuts_file(stored).encode()) == stored


@pytest.mark.parametrize(
    "wrapped", ["{}", '{{"shortcuts": {}}}', '{{"format": 1, "siteConfig": {{"shortcuts": {}}}}}']
)
def test_the_list_is_found_in_every_form(wrapped: str) -> None:
    text = wrapped.format(json.dumps(listed("a"))) if wrapped != "{}" else json.dumps(listed("a"))

    assert read_shortcuts_file(text.encode("utf-8-sig")) == listed("a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1, character 1"),
        (b'{"shortcuts": [\n  {"id" "a"}\n]}', "line 2, character 9"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe", "no UTF-8"),
        (b"[NaN]", "number that cannot be read"),
        (b"[" + b"9" * 5_000 + b"]", "number that cannot be read"),
        (b'[{"id": "a", "id": "b"}]', "id twice"),
        (b'"shortcuts"', "no list"),
        (b"null", "no list"),
        (b"{}", "no list"),
        (b'{"shortcuts": {}}', "no list"),
        (b'{"siteConfig": []}', "no list"),
        (b" " * (FILE_MAX_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableJson, match=message):
        read_shortcuts_file(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read = read_shortcuts_file(content)
    except UnreadableJson:
        return
    assert isinstance(read, list)


@pytest.mark.parametrize("kind", BUSINESS_TYPES)
def test_every_kind_of_business_has_suggestions_that_can_be_stored(kind: str) -> None:
    offered = suggestions(kind, ())

    assert len(offered) == SUGGESTED
    assert len(validated_shortcuts(offered, max_stored=SUGGESTED)) == SUGGESTED


def test_a_suggestion_that_was_taken_is_not_offered_again() -> None:
    first = suggestions("restaurant", ())[0]["id"]

    assert first not in [one["id"] for one in suggestions("restaurant", {first})]
