"""Rover clicks as a person does: where it can be seen, in the order of events that a page knows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.embed.acting import Stage
from tests.browser.embed.conftest import Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
SAY = "<p id=said></p>"
BUTTON = "<button id=go onclick=\"said.textContent += 'clicked '\">Go</button><p id=said></p>"
SEQUENCE = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]


def test_a_click_is_the_whole_sequence_of_the_pointer(stage: Open) -> None:
    on = stage(BUTTON)
    on.hear("pointerover", "mouseover", "pointermove", "mousemove", *SEQUENCE)

    result = on.on("click_element", "button", "Go")

    assert result == {"success": True}
    assert on.heard() == ["pointerover", "mouseover", "pointermove", "mousemove", *SEQUENCE]
    assert on.text() == "clicked"
    assert on.page.evaluate("document.activeElement.id") == "go"


def test_the_events_of_a_click_tell_where_it_was(stage: Open) -> None:
    on = stage(
        BUTTON,
        script="""document.addEventListener('click', ({ clientX, clientY, view, composed, detail }) => {
            const box = go.getBoundingClientRect();
            window.place = [clientX > box.left && clientX < box.right, clientY > box.top && clientY < box.bottom,
                view === window, composed, detail];
        })""",
    )

    on.on("click_element", "button", "Go")

    assert on.page.evaluate("window.place") == [True, True, True, True, 1]


def test_what_is_out_of_view_is_brought_into_view_and_what_is_in_view_stays(stage: Open) -> None:
    on = stage(f"<button id=top>Top</button><div style='height:3000px'></div>{BUTTON}")

    on.on("click_element", "button", "Top")
    assert on.page.evaluate("scrollY") == 0

    on.on("click_element", "button", "Go")
    assert on.text() == "clicked"
    assert on.page.evaluate("scrollY") > 1000


def test_what_a_scrolled_box_hides_is_brought_into_view(stage: Open) -> None:
    box = "<div style='height:80px;overflow:auto'><div style='height:600px'>Above</div>{0}</div>"
    on = stage(box.format(BUTTON))

    assert on.on("click_element", "button", "Go")["success"]
    assert on.text() == "clicked"


def test_a_checkbox_a_label_and_a_summary_do_what_they_do_for_a_person(stage: Open) -> None:
    on = stage(
        """<label><input type=checkbox id=box> Terms</label>
        <input type=radio id=hidden style='display:none'><label for=hidden>Express</label>
        <details><summary>More</summary><p>inside</p></details>"""
    )

    on.on("click_element", "checkbox", "Terms")
    on.on("click_element", "radio", "Express")
    on.on("click_element", "button", "More")

    assert (
        on.page.evaluate("[box.checked, hidden.checked, document.querySelector('details').open]")
        == [True] * 3
    )


def test_a_page_that_hears_clicks_at_its_root_hears_this_one(stage: Open) -> None:
    on = stage(
        f"<div id=app><div role=button tabindex=0 id=one><span>One</span></div></div>{SAY}",
        script="""document.addEventListener('click', (event) => {
            said.textContent = event.target.closest('[role=button]')?.id ?? 'elsewhere';
        })""",
    )

    on.on("click_element", "button", "One")

    assert on.text() == "one"


def test_a_card_is_clicked_beside_the_button_inside_it(stage: Open) -> None:
    on = stage(
        f"""<div id=card tabindex=0 style='cursor:pointer;width:300px;height:100px;position:relative'
              onclick="said.textContent += 'card '">Card
              <button style='position:absolute;left:100px;top:30px;width:100px;height:40px'
                onclick="said.textContent += 'delete '">Delete</button></div>{SAY}"""
    )
    (card,) = [
        node["id"]
        for node in on.handle.evaluate("({ capture }) => Object.values(capture.nodes)")
        if node["role"] == "generic" and "id" in node
    ]

    assert on.act("click_element", element_id=card)["success"]

    assert on.text() == "card"


def test_a_link_that_only_wraps_what_is_placed_freely_is_clicked_there(stage: Open) -> None:
    on = stage(
        f"""<a href="#there" id=link onclick="said.textContent = 'followed'"><span
            style='position:absolute;left:200px;top:200px;width:80px;height:30px'>Offer</span></a>{SAY}"""
    )

    assert on.on("click_element", "link", "Offer")["success"]
    assert on.text() == "followed"


def test_a_button_in_open_shadow_roots_is_clicked_with_events_that_leave_them(stage: Open) -> None:
    on = stage(
        f"<my-box></my-box>{SAY}",
        script="""const outer = document.querySelector('my-box').attachShadow({ mode: 'open' });
            outer.innerHTML = '<my-inner></my-inner>';
            const inner = outer.firstChild.attachShadow({ mode: 'open' });
            inner.innerHTML = '<button>Deep</button>';
            document.addEventListener('click', (event) => {
                said.textContent = event.composedPath()[0].textContent;
            });""",
    )

    assert on.on("click_element", "button", "Deep")["success"]
    assert on.text() == "Deep"


def test_a_button_in_frames_gets_events_of_the_frames_own_world(stage: Open, site: Origin) -> None:
    site.put(
        "/outer", "<style>body{margin:30px}</style><iframe src=/inner style='border:5px solid'></iframe>"
    )
    site.put(
        "/inner",
        """<style>body{margin:40px}</style><button id=inner>Inner</button><script>
        document.addEventListener('click', (event) => {
            top.document.getElementById('said').textContent = [event instanceof PointerEvent,
                event.view === window, document.elementFromPoint(event.clientX, event.clientY).id];
        })</script>""",
    )
    on = stage(f"<div style='height:900px'></div><iframe src=/outer height=400></iframe>{SAY}")

    assert on.on("click_element", "button", "Inner")["success"]
    assert on.text() == "true,true,inner"


def test_a_frame_that_goes_while_it_is_pressed_ends_nothing_else(stage: Open, site: Origin) -> None:
    site.put("/inner", "<button onmousedown='frameElement.remove()'>Close</button>")
    on = stage("<iframe src=/inner></iframe>")

    assert on.on("click_element", "button", "Close") == {"success": True}


def test_a_frame_of_another_site_cannot_be_entered(stage: Open, rover: Origin) -> None:
    on = stage(f"<iframe src='{rover.url}/observe/page.js' title=Map></iframe>")

    assert on.code("click_element", "iframe", "Map") == "IFRAME_CONTEXT_UNAVAILABLE"


def test_what_left_the_page_is_not_found_and_may_be_tried_again(stage: Open) -> None:
    on = stage(BUTTON)
    number = on.id("button", "Go")
    on.page.evaluate("go.remove()")

    gone = on.act("click_element", element_id=number)
    never = on.act("click_element", element_id=99_999)

    for result, why in ((gone, "has left the page"), (never, "was not seen")):
        assert result["success"] is False
        assert result["error"]["code"] == "ELEMENT_NOT_FOUND"
        assert result["error"]["retryable"] is True
        assert why in result["error"]["message"]
        assert result["error"]["next_action"]


@pytest.mark.parametrize(
    "how",
    [
        "<button disabled>Go</button>",
        "<fieldset disabled><button>Go</button></fieldset>",
        "<div aria-disabled=true><button>Go</button></div>",
    ],
)
def test_what_is_disabled_is_not_clicked(how: str, stage: Open) -> None:
    on = stage(how)
    on.hear("click", "mousedown")

    result = on.on("click_element", "button", "Go")

    assert result["error"]["code"] == "ELEMENT_DISABLED"
    assert result["error"]["retryable"] is False
    assert on.heard() == []


def test_what_is_covered_is_not_clicked_and_the_cover_is_told_by_what_can_be_done_with_it(
    stage: Open,
) -> None:
    cover = (
        "<div style='position:fixed;inset:0;background:#0008'><p>Cookies?</p><button>Accept</button></div>"
    )
    on = stage(BUTTON + cover)
    accept = on.id("button", "Accept")

    result = on.on("click_element", "button", "Go")

    assert result["error"]["code"] == "ELEMENT_COVERED"
    assert result["error"]["retryable"] is True
    assert f'button "Accept" [id={accept}]' in result["error"]["message"]
    assert on.text() == ""


def test_a_cover_that_goes_away_is_waited_for(stage: Open) -> None:
    on = stage(BUTTON + "<div id=cover style='position:fixed;inset:0'></div>")
    on.page.evaluate("() => { setTimeout(() => cover.remove(), 300); }")

    assert on.on("click_element", "button", "Go")["success"]
    assert on.text() == "clicked"


def test_a_corner_that_is_free_is_enough(stage: Open) -> None:
    on = stage(
        f"""<button style='width:300px;height:100px' onclick="said.textContent = 'clicked'">Go</button>{SAY}
        <div style='position:absolute;left:100px;top:0;width:60px;height:200px'></div>"""
    )

    assert on.on("click_element", "button", "Go")["success"]
    assert on.text() == "clicked"


@pytest.mark.parametrize("how", ["display:none", "width:0;height:0;overflow:hidden;padding:0;border:0"])
def test_what_is_hidden_since_is_not_clicked(how: str, stage: Open) -> None:
    on = stage(BUTTON)
    on.page.evaluate("(how) => { go.textContent = ''; go.style.cssText = how; }", how)

    assert on.code("click_element", "button", "Go") == "ELEMENT_NOT_VISIBLE"


def test_what_takes_no_clicks_is_told(stage: Open) -> None:
    on = stage(BUTTON)
    on.page.evaluate("go.style.pointerEvents = 'none'")

    assert on.code("click_element", "button", "Go") == "ELEMENT_NOT_VISIBLE"
    assert on.text() == ""


def test_our_own_widget_covers_nothing(stage: Open) -> None:
    on = stage(
        BUTTON,
        script="""const root = document.createElement('div');
            root.id = 'rover-widget-root';
            root.style.cssText = 'position:fixed;inset:0;z-index:9';
            root.attachShadow({ mode: 'closed' }).innerHTML = '<div>panel</div>';
            document.body.append(root)""",
    )

    assert on.on("click_element", "button", "Go")["success"]
    assert on.text() == "clicked"


def test_what_moves_is_clicked_when_it_rests(stage: Open) -> None:
    on = stage(BUTTON, head="<style>#go{position:relative;transition:left .3s linear;left:0}</style>")
    on.page.evaluate("go.style.left = '300px'")

    assert on.on("click_element", "button", "Go")["success"]
    assert on.text() == "clicked"
    assert on.page.evaluate("getComputedStyle(go).left") == "300px"


def test_what_leaves_under_the_pointer_was_pressed_but_not_clicked(stage: Open) -> None:
    on = stage("<button id=go onmousedown='this.remove()'>Go</button>")
    on.hear("click", "mousedown")

    assert on.on("click_element", "button", "Go")["success"]
    assert on.heard() == ["mousedown"]


def test_a_page_that_keeps_the_pointer_for_itself_hears_no_mouse(stage: Open) -> None:
    on = stage(BUTTON, script="go.addEventListener('pointerdown', (event) => event.preventDefault())")
    on.hear(*SEQUENCE)

    on.on("click_element", "button", "Go")

    assert on.heard() == ["pointerdown", "pointerup", "click"]


def test_the_pointer_leaves_what_it_was_on(stage: Open) -> None:
    menu = "<div id={0} onmouseenter='log.push(`+{0}`)' onmouseleave='log.push(`-{0}`)'><button>{0}</button></div>"
    on = stage(menu.format("one") + menu.format("two"), script="window.log = []")

    on.on("hover", "button", "one")
    on.on("hover", "button", "one")
    on.on("click_element", "button", "two")

    assert on.page.evaluate("log") == ["+one", "-one", "+two"]


def test_a_double_click_is_two_clicks_and_its_own_event(stage: Open) -> None:
    on = stage(BUTTON)
    on.hear("mousedown", "click", "dblclick")

    assert on.on("double_click", "button", "Go")["success"]
    assert on.heard("type", "detail") == [
        ("mousedown", 1),
        ("click", 1),
        ("mousedown", 2),
        ("click", 2),
        ("dblclick", 2),
    ]


def test_a_right_click_opens_the_pages_menu_and_clicks_nothing(stage: Open) -> None:
    on = stage(BUTTON + "<a href=/away>Away</a>")
    on.hear("mousedown", "click", "auxclick", "contextmenu")

    assert on.on("right_click", "button", "Go") == {"success": True}
    assert on.heard("type", "button") == [("mousedown", 2), ("contextmenu", 2), ("auxclick", 2)]
    assert on.on("right_click", "link", "Away") == {"success": True}
    assert on.asked == []


def test_a_long_press_holds_as_long_as_it_is_told(stage: Open) -> None:
    on = stage(
        f"<button id=go>Go</button>{SAY}",
        script="""let start;
            go.addEventListener('pointerdown', () => { start = performance.now(); });
            go.addEventListener('pointerup', () => { said.textContent = performance.now() - start >= 290; })""",
    )

    assert on.on("long_press", "button", "Go", duration=300)["success"]
    assert on.text() == "true"


def test_a_long_press_that_is_stopped_lets_go(stage: Open) -> None:
    on = stage(BUTTON)
    on.hear("pointerdown", "pointerup", "click")

    result = on.on("long_press", "button", "Go", duration=5_000, abort_after=200)

    assert result["error"]["code"] == "ABORTED"
    assert on.heard() == ["pointerdown", "pointerup"]


def test_a_touch_screen_gets_a_touch(stage: Open, page: Page) -> None:
    on = stage(BUTTON, script="window.matchMedia = () => ({ matches: true })")
    on.hear("click", "contextmenu", "pointerup")

    on.on("long_press", "button", "Go", duration=50)

    assert on.heard() == ["pointerup", "contextmenu"]
