"""Keys, scrolling, waiting, asking a field: the tools beside clicks and text."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.embed.acting import Stage
from tests.browser.embed.conftest import Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
TALL = "<div style='height:5000px'>tall</div>"


def test_a_key_goes_to_what_has_the_focus_with_its_modifiers(stage: Open) -> None:
    on = stage(
        "<my-box></my-box>",
        script="""const root = document.querySelector('my-box').attachShadow({ mode: 'open' });
            root.innerHTML = '<button>Deep</button>';
            root.firstChild.focus();
            document.addEventListener('keydown', (event) => { window.keys = [event.composedPath()[0].textContent,
                event.key, event.code, event.ctrlKey, event.shiftKey, event.altKey, event.metaKey]; })""",
    )

    assert on.act("press_key", key="k", modifiers=["CTRL", "SHIFT"]) == {"success": True}
    assert on.page.evaluate("keys") == ["Deep", "k", "KeyK", True, True, False, False]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Escape", "Escape"),
        ("esc", "Escape"),
        ("arrowdown", "ArrowDown"),
        ("down", "ArrowDown"),
        ("F5", "F5"),
        ("x", "x"),
    ],
)
def test_keys_have_their_usual_names(name: str, key: str, stage: Open) -> None:
    on = stage("<p>page</p>")
    on.hear("keydown", "keyup")

    assert on.act("press_key", key=name)["success"]
    assert on.heard("type", "key") == [("keydown", key), ("keyup", key)]


@pytest.mark.parametrize(
    "args", [{"key": "Hyper"}, {"key": "constructor"}, {"key": "a", "modifiers": ["FN"]}, {"key": ""}]
)
def test_a_key_that_is_none_is_told(args: dict[str, Any], stage: Open) -> None:
    assert stage("").act("press_key", **args)["error"]["code"] == "INVALID_ARGUMENT"


def test_signs_are_added_and_taken_away(stage: Open) -> None:
    on = stage(
        "<input id=name aria-label=Name value=ab><div contenteditable role=textbox aria-label=Post>xy</div>"
    )

    on.on("press_key", "textbox", "Name", key="c")
    assert on.value("#name") == "abc"
    on.act("press_key", key="Backspace")
    assert on.value("#name") == "ab"

    on.on("press_key", "textbox", "Post", key="Delete")
    on.act("press_key", key="z")
    assert on.page.inner_text("[contenteditable]") == "zy"


def test_a_key_does_not_spoil_a_field_of_a_format_nor_one_that_can_only_be_read(stage: Open) -> None:
    on = stage(
        "<input id=day type=date aria-label=Day value=2026-01-02><input id=much type=number aria-label=Much value=12>"
        "<input id=fixed aria-label=Fixed readonly value=a>"
    )

    on.on("press_key", "textbox", "Day", key="1")
    on.on("press_key", "spinbutton", "Much", key="3")
    on.on("press_key", "textbox", "Fixed", key="b")

    assert (on.value("#day"), on.value("#fixed")) == ("2026-01-02", "a")
    assert sorted(on.value("#much")) == ["1", "2", "3"]


def test_a_key_reaches_a_field_in_a_shadow_root_and_one_in_a_frame(stage: Open, site: Origin) -> None:
    site.put("/inner", "<input aria-label=Inner>")
    on = stage(
        "<my-box></my-box><iframe src=/inner></iframe>",
        script="""document.querySelector('my-box').attachShadow({ mode: 'open' }).innerHTML =
            '<input aria-label=Deep>'""",
    )

    on.on("press_key", "textbox", "Deep", key="a")
    on.on("press_key", "textbox", "Inner", key="b")

    assert on.page.evaluate("""[document.querySelector('my-box').shadowRoot.querySelector('input').value,
        document.querySelector('iframe').contentDocument.querySelector('input').value]""") == ["a", "b"]


def test_space_and_enter_press_a_button_unless_the_page_keeps_them(stage: Open) -> None:
    on = stage("<button id=go onclick='window.count = (window.count ?? 0) + 1'>Go</button>")

    on.on("press_key", "button", "Go", key="Enter")
    on.on("press_key", "button", "Go", key="Space")
    assert on.page.evaluate("count") == 2

    on.page.evaluate("go.addEventListener('keydown', (event) => event.preventDefault())")
    on.on("press_key", "button", "Go", key="Enter")
    assert on.page.evaluate("count") == 2


def test_enter_on_a_link_is_asked_like_a_click(stage: Open, site: Origin) -> None:
    on = stage("<a href=/next>Next</a>")
    on.decisions = {site.url: {"decision": "block", "reason": "policy_blocked"}}

    assert on.code("press_key", "link", "Next", key="Enter") == "DOMAIN_SCOPE_BLOCKED"
    assert on.asked == [{"url": f"{site.url}/next", "newTab": False, "kind": "link"}]


def test_tab_moves_the_focus_in_order_and_back(stage: Open) -> None:
    on = stage(
        "<button id=one>1</button><button disabled>2</button><a href=# id=three>3</a><button hidden>4</button>"
        "<input id=five tabindex=-1><div tabindex=0 id=six>6</div>"
    )
    active = "document.activeElement.id"

    seen = []
    on.on("focus_element", "button", "1")
    for modifiers in ([], [], [], ["SHIFT"]):
        on.act("press_key", key="Tab", modifiers=modifiers)
        seen.append(on.page.evaluate(active))

    assert seen == ["three", "six", "one", "six"]


def test_escape_closes_the_topmost_dialog_unless_it_refuses(stage: Open) -> None:
    on = stage("<dialog id=box><p>Sure?</p></dialog>", script="box.showModal()")
    on.page.evaluate("() => { box.oncancel = (event) => event.preventDefault(); }")
    on.act("press_key", key="Escape")
    assert on.page.evaluate("box.open") is True

    on.page.evaluate("box.oncancel = null")
    on.act("press_key", key="Escape")
    assert on.page.evaluate("box.open") is False


def test_the_page_is_scrolled_by_most_of_what_is_visible_or_by_pixels(stage: Open) -> None:
    on = stage(TALL)

    assert on.act("scroll_page", direction="down")["output"] == {
        "moved": [0, 640],
        "at_top": False,
        "at_bottom": False,
    }
    assert on.act("scroll_page", direction="down", amount=100)["output"]["moved"] == [0, 100]
    assert on.page.evaluate("scrollY") == 740
    assert on.act("scroll_page", direction="bottom")["output"]["at_bottom"] is True
    assert on.act("scroll_page", direction="down")["output"]["moved"] == [0, 0]
    assert on.act("scroll_page", direction="top")["output"]["at_top"] is True


def test_scrolling_does_not_glide(stage: Open) -> None:
    on = stage(TALL, head="<style>html{scroll-behavior:smooth}</style>")

    assert on.act("scroll_page", direction="down", amount=1000)["output"]["moved"] == [0, 1000]


def test_what_scrolls_in_place_of_the_page_is_scrolled(stage: Open) -> None:
    on = stage(
        f"<main id=main style='height:100vh;overflow:auto'>{TALL}</main>",
        head="<style>html,body{height:100%;margin:0;overflow:hidden}</style>",
    )

    assert on.act("scroll_page", direction="down", amount=300)["output"]["moved"] == [0, 300]
    assert on.page.evaluate("main.scrollTop") == 300


@pytest.mark.parametrize(("position", "top"), [("start", 0), ("center", 390), ("end", 780)])
def test_an_element_is_brought_where_it_is_wanted(position: str, top: int, stage: Open) -> None:
    on = stage(f"{TALL}<button style='height:20px;display:block'>Here</button>{TALL}")

    assert on.on("scroll_to_element", "button", "Here", position=position)["success"]
    assert on.page.evaluate("Math.round(document.querySelector('button').getBoundingClientRect().top)") == top


def test_waiting_takes_as_long_as_it_is_told(stage: Open) -> None:
    on = stage("")

    assert on.act("wait_action", duration=300) == {"success": True}
    assert 290 < on.took < 600


@pytest.mark.parametrize(
    "args",
    [{"selector": "#late"}, {"selector": "my-box #late"}, {"text": "late   NEWS"}],
    ids=["id", "no", "text"],
)
def test_what_appears_is_waited_for(args: dict[str, Any], stage: Open) -> None:
    on = stage("<my-box></my-box>")
    on.page.evaluate("""() => { setTimeout(() => document.querySelector('my-box')
        .attachShadow({ mode: 'open' }).innerHTML = '<p id=late>Late news</p>', 300); }""")

    result = on.act("wait_for_element", timeout=1_500, **args)

    found = "my-box" not in args.get("selector", "")
    assert result["success"] is found
    if not found:
        assert result["error"]["code"] == "WAIT_TIMEOUT"
        assert result["error"]["retryable"] is True
        assert 1_450 < on.took < 2_000


def test_what_is_there_but_hidden_has_not_appeared(stage: Open) -> None:
    on = stage("<p hidden id=it>It</p>")

    assert on.act("wait_for_element", selector="#it", timeout=250)["error"]["code"] == "WAIT_TIMEOUT"
    assert on.act("wait_for_element", text="It", timeout=250)["error"]["code"] == "WAIT_TIMEOUT"


@pytest.mark.parametrize("args", [{}, {"selector": "p["}, {"text": ""}])
def test_a_wait_for_nothing_is_told(args: dict[str, Any], stage: Open) -> None:
    assert stage("<p>x</p>").act("wait_for_element", **args)["error"]["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("field", "problems"),
    [
        ("required", ["valueMissing"]),
        ("pattern='\\d+' value=abc", ["patternMismatch"]),
        ("type=email value=abc@", ["typeMismatch"]),
        ("value=ok", []),
        ("aria-invalid=true value=ok", ["ariaInvalid"]),
    ],
)
def test_a_field_says_what_is_wrong_with_it(field: str, problems: list[str], stage: Open) -> None:
    on = stage(f"<input aria-label=It {field}>")

    output = on.on("check_field_validity", "textbox", "It")["output"]

    assert output["problems"] == problems
    assert output["valid"] is not bool(problems)


def test_what_a_field_says_does_not_repeat_what_it_holds(stage: Open) -> None:
    on = stage(
        "<input id=one aria-label=One value=abc><input aria-label=Mail type=email value='x y@'><input aria-label=Two>",
        script="one.setCustomValidity('abc is taken'); document.querySelector('[aria-label=Two]')"
        ".setCustomValidity('Wrong year')",
    )

    said = [
        on.on("check_field_validity", "textbox", name)["output"]["message"] for name in ("One", "Mail", "Two")
    ]

    assert said == ["", "", "Wrong year"]


def test_what_is_no_field_has_no_validity(stage: Open) -> None:
    assert stage("<a href=#>It</a>").code("check_field_validity", "link", "It") == "ELEMENT_NOT_EDITABLE"


def test_text_is_selected_in_fields_and_in_the_page(stage: Open) -> None:
    on = stage("<input id=it aria-label=Name value='Ada Lovelace'><a href=#>Some <b>more</b> words</a>")
    said = "[it.value.slice(it.selectionStart, it.selectionEnd), `${getSelection()}`]"

    for text, there in ((None, "Ada Lovelace"), ("Love", "Love")):
        assert on.on("select_text", "textbox", "Name", text=text)["success"]
        assert on.page.evaluate(said)[0] == there
    for text, there in ((None, "Some more words"), ("me more wo", "me more wo"), ("words", "words")):
        assert on.on("select_text", "link", "Some more words", text=text)["success"]
        assert on.page.evaluate(said)[1] == there
    assert on.code("select_text", "textbox", "Name", text="Byron") == "TEXT_NOT_FOUND"
    assert on.code("select_text", "link", "Some more words", text="Byron") == "TEXT_NOT_FOUND"


def test_a_pointer_rests_where_it_hovers(stage: Open) -> None:
    on = stage("<button onmouseover=\"setTimeout(() => { this.textContent = 'Menu' }, 200)\">Go</button>")

    assert on.on("hover", "button", "Go", duration=300)["success"]
    assert on.took > 300
    assert on.page.inner_text("button") == "Menu"


def test_a_captcha_is_the_visitors(stage: Open) -> None:
    error = stage("").act("solve_captcha")["error"]

    assert error["code"] == "HUMAN_INTERVENTION_REQUIRED"
    assert error["retryable"] is False
    assert error["next_action"]
