"""What a row of the audit log says has changed."""

import pytest

from workspace.selectors.audit_changes import Change, changes


def told(before: object, after: object) -> list[tuple[str, str | None, str | None]]:
    return [(change.field, change.old, change.new) for change in changes(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"label": "Old"}, {"label": "New"}, [("label", "Old", "New")]),
        ({}, {"label": "New"}, [("label", None, "New")]),
        ({"label": "Old"}, {}, [("label", "Old", None)]),
        ({"on": True}, {"on": False}, [("on", "true", "false")]),
        ({"on": True}, {"on": 1}, [("on", "true", "1")]),
        ({"n": None}, {"n": 3}, [("n", "null", "3")]),
        ({}, {"n": None}, [("n", None, "null")]),
        ({"p": {"x": {"y": 1}}}, {"p": {"x": {"y": 2}}}, [("p.x.y", "1", "2")]),
        ({"p": {"x": 1}}, {"p": {"z": 2}}, [("p.x", "1", None), ("p.z", None, "2")]),
        ({"p": {}}, {"p": {"x": 1}}, [("p.x", None, "1")]),
        ({"p": None}, {"p": {"x": 1}}, [("p", "null", '{"x": 1}')]),
        ({}, {"p": {}}, [("p", None, "{}")]),
        ({"d": ["a"]}, {"d": ["a", "b"]}, [("d", "a", "a, b")]),
        ({"d": []}, {"d": [1, 2]}, [("d", "[]", "[1, 2]")]),
        ({"note": ""}, {"note": "Grüße"}, [("note", "", "Grüße")]),
    ],
)
def test_members_that_differ_are_named_with_both_values(
    before: object, after: object, expected: list[tuple[str, str | None, str | None]]
) -> None:
    assert told(before, after) == expected


def test_a_list_of_things_with_ids_is_compared_thing_by_thing() -> None:
    before = {"shortcuts": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]}
    after = {"shortcuts": [{"id": "a", "label": "Å"}, {"id": "c", "label": "C"}]}
    assert told(before, after) == [
        ("shortcuts[a].label", "A", "Å"),
        ("shortcuts[b].id", "b", None),
        ("shortcuts[b].label", "B", None),
        ("shortcuts[c].id", None, "c"),
        ("shortcuts[c].label", None, "C"),
    ]


def test_another_order_of_the_same_things_is_a_change() -> None:
    a, b = {"id": "a"}, {"id": "b"}
    assert told({"s": [a, b]}, {"s": [b, a]}) == [("s in order", "a, b", "b, a")]


def test_a_list_in_which_an_id_comes_twice_is_shown_whole() -> None:
    [change] = changes({"s": [{"id": "a"}, {"id": "a"}]}, {"s": []})
    assert change == Change(field="s", old='[{"id": "a"}, {"id": "a"}]', new="[]")
