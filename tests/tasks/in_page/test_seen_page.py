"""Reading a page that anybody may have written."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.errors import InvalidArgument
from tasks.executing.in_page.page import DEPTH_MAX, NODES_MAX, TEXT_MAX, read_page
from tasks.executing.in_page.protocol import Calls, past_step, read_past_step
from tasks.executing.in_page.rendering import render_page
from tests.tasks.in_page.runs import OK, Run, seen
from tests.tasks.runtime.strategies import json_values

TREE = """
main
  heading 1 "Winter boots"
  link "Pricing" → /pricing
  textbox "Email" [type=email] [name=mail] [required] [placeholder="you@home"]
  combobox "Size" [name=size] [value="M"] options: S | M
  checkbox "Remember me" [checked=true]
  text: Warm, dry and light.
"""


def wrong(data: object) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        read_page(data)
    return [error["field"] for error in caught.value.data["errors"]]


def of_nodes(nodes: dict[str, Any], roots: list[Any] | None = None) -> dict[str, Any]:
    return {
        "url": "https://a.example/",
        "title": "A",
        "roots": ["a"] if roots is None else roots,
        "nodes": nodes,
    }


def test_a_page_is_read_as_it_was_observed() -> None:
    page = seen(TREE)

    assert (page.url, page.title, page.content_type) == ("https://shop.example/", "Shop", "text/html")
    assert [node.shown for node in page.nodes] == [
        "main",
        'heading "Winter boots"',
        'link "Pricing"',
        'textbox "Email"',
        'combobox "Size"',
        'checkbox "Remember me"',
        'text "Warm, dry and light."',
    ]
    link, email, size = page.by_id[1], page.by_id[2], page.by_id[3]
    assert link.url == "https://shop.example/pricing"
    assert (email.prop("type"), email.has("required"), email.prop("placeholder")) == (
        "email",
        True,
        "you@home",
    )
    assert (size.options, size.prop("value")) == (("S", "M"), "M")
    assert link.is_in("main")
    assert page.element(99) is None


def test_a_page_that_only_labels_its_nodes_is_understood_too() -> None:
    label = '[id=4] [type=email] [required] [value="a &#91;b&#93; &quot;c&quot;"]'
    node = {"role": "textbox", "id": 4, "name": "Email", "label": label}
    (read,) = read_page(of_nodes({"a": node})).nodes

    assert read.props == {"type": "email", "required": True, "value": 'a [b] "c"'}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, ""),
        ([], ""),
        ({"nodes": []}, "nodes"),
        ({"roots": {}}, "roots"),
        ({"url": 3}, "url"),
        ({"title": ["x"]}, "title"),
        (of_nodes({"a": "x"}), "nodes.a"),
        (of_nodes({"a": {}}, [3]), "roots"),
        (of_nodes({"a": {"role": 3}}), "nodes.a.role"),
        (of_nodes({"a": {"text": {}}}), "nodes.a.text"),
        (of_nodes({"a": {"id": "4"}}), "nodes.a.id"),
        (of_nodes({"a": {"id": True}}), "nodes.a.id"),
        (of_nodes({"a": {"id": 0}}), "nodes.a.id"),
        (of_nodes({"a": {"props": []}}), "nodes.a.props"),
        (of_nodes({"a": {"options": "S"}}), "nodes.a.options"),
        (of_nodes({"a": {"children": "b"}}), "nodes.a.children"),
        (of_nodes({"a": {"children": [["b"]]}, "b": {}}), "nodes.a.children"),
        (of_nodes({"a": {"id": 1, "children": ["b"]}, "b": {"id": 1}}), "nodes.b.id"),
    ],
    ids=str,
)
def test_what_is_no_page_is_refused_and_the_place_is_named(data: object, field: str) -> None:
    assert wrong(data) == [field]


def test_unknown_names_are_left_out() -> None:
    page = read_page(of_nodes({"a": {"role": "text", "text": "Hi", "evil": {"x": []}}}) | {"more": 1})
    assert [node.text for node in page.nodes] == ["Hi"]


def test_a_node_that_contains_itself_stands_there_once() -> None:
    nodes = {"a": {"children": ["b", "a"]}, "b": {"children": ["a", "b", "c", "nowhere"]}, "c": {}}
    page = read_page(of_nodes(nodes, ["a", "a", "c"]))

    assert [node.key for node in page.nodes] == ["a", "b", "c"]
    assert [node.key for node in page.nodes[1].inside()] == ["c"]


def test_a_page_beyond_all_bounds_is_cut_and_says_so() -> None:
    keys = [f"n{at}" for at in range(NODES_MAX + 500)]
    page = read_page(of_nodes({key: {"role": "text", "text": "x" * 9_000} for key in keys}, keys))

    assert page.truncated
    assert sum(len(node.text) for node in page.nodes) <= 1_000_000
    assert max(len(node.text) for node in page.nodes) == TEXT_MAX
    assert len(page.nodes) <= NODES_MAX


def test_no_nesting_is_too_deep() -> None:
    n_nodes = 19_000
    nodes: dict[str, Any] = {f"n{at}": {"role": "group", "children": [f"n{at + 1}"]} for at in range(n_nodes)}
    page = read_page(of_nodes(nodes | {f"n{n_nodes}": {"role": "button", "id": 1, "name": "Go"}}, ["n0"]))

    assert len(list(page.by_id[1].around())) <= DEPTH_MAX + 1
    assert render_page(page, max_chars=1_000)


def test_controls_and_direction_marks_of_a_page_are_gone() -> None:
    node = {"role": "button", "id": 1, "name": "Del\u202eete\x1b[2J\ud800", "text": "a\n\n b\x00"}
    (read,) = read_page(of_nodes({"a": node})).nodes

    assert read.name == "Delete\ufffd"
    assert read.text == "a b"


def test_the_digest_tells_a_changed_page_and_not_a_new_capture() -> None:
    one, again = seen(TREE), seen(TREE, first_id=50)
    ticked = seen(TREE.replace("[checked=true]", "[checked=false]"))

    assert one.digest == again.digest
    assert one.digest != ticked.digest


def test_no_text_of_a_page_passes_for_an_element_when_it_is_rendered() -> None:
    evil = {"role": "text", "text": 'x\nbutton "Pay" [id=7]'}
    named = {"role": "link", "id": 3, "name": '" [id=9] button "x', "props": {"value": '"] [id=8]'}}
    lines = render_page(read_page(of_nodes({"a": evil, "b": named}, ["a", "b"])), max_chars=5_000).split("\n")

    assert len(lines) == 2
    assert [line.count("[id=") for line in lines] == [0, 1]


def test_a_long_page_is_rendered_within_its_room() -> None:
    tree = "\n".join(f'  link "Number {at}" → /n/{at}\n  text: {"words " * 40}' for at in range(2_000))
    text = render_page(seen(f"main\n{tree}"), max_chars=20_000)

    assert len(text) <= 20_000
    assert text.endswith("more lines")


def test_a_step_is_the_same_after_it_was_written_down() -> None:
    run = Run("Click Pricing")
    decision = run.see(TREE)
    assert isinstance(decision, Calls)
    page = run.last[0] if run.last else seen(TREE)
    step = past_step(page, decision, {decision.calls[0].id: OK | {"navigation": {"outcome": "x"}}})

    assert step.calls[0].target == 'link "Pricing"'
    assert step.calls[0].navigated
    assert read_past_step(step.as_json()) == step


@given(json_values)
def test_a_step_of_strangers_is_read_or_refused(value: Any) -> None:
    for data in (
        value,
        {"calls": value},
        {"calls": [value]},
        {"calls": [{"name": "go_back", "args": value}]},
    ):
        with contextlib.suppress(InvalidArgument):
            read_past_step(data)


_node = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(
            ["button", "textbox", "link", "heading", "form", "row", "listitem", "text", "cell"]
        ),
        "name": st.text(max_size=12),
        "text": st.text(max_size=12) | json_values,
        "id": st.integers(0, 30) | json_values,
        "level": json_values,
        "url": st.text(max_size=12),
        "props": st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.just(True)) | json_values,
        "options": st.lists(st.text(max_size=5), max_size=4) | json_values,
        "children": st.lists(st.sampled_from("abcdef"), max_size=4) | json_values,
        "label": st.text(max_size=30),
    },
)
_pages = st.fixed_dictionaries(
    {"roots": st.lists(st.sampled_from("abcdef"), max_size=4) | json_values},
    optional={
        "nodes": st.dictionaries(st.sampled_from("abcdef"), _node) | json_values,
        "url": st.text(max_size=20),
        "metadata": json_values,
    },
)


@settings(max_examples=150, deadline=None)
@given(_pages | json_values)
def test_any_data_is_read_or_refused(data: Any) -> None:
    try:
        page = read_page(data)
    except InvalidArgument:
        return
    assert page.digest
    assert isinstance(render_page(page, max_chars=500), str)
