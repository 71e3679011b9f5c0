"""Rover types as a person does, and makes sure that the field has kept it."""

from collections.abc import Callable

import pytest

from tests.browser.embed.acting import Stage
from tests.browser.embed.conftest import Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
SAY = "<p id=said></p>"
# a controlled field as React 18 has it: a watch on the element's own property, one listener at the root that
# ignores what the watch has seen, and the state written back after each event
CONTROLLED = """(normal) => {
    const root = document.getElementById('root');
    const field = root.querySelector('input,textarea');
    const { get, set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value');
    let seen = '';
    let state = '';
    Object.defineProperty(field, 'value', {
        configurable: true,
        get() { return get.call(this); },
        set(value) { seen = `${value}`; set.call(this, value); },
    });
    window.changes = [];
    const onEvent = ({ target }) => {
        if (target !== field || field.value === seen) return;
        seen = field.value;
        state = normal(field.value);
        window.changes.push(state);
        if (field.value !== state) field.value = state;
    };
    for (const type of ['input', 'change']) root.addEventListener(type, onEvent, true);
    // a render at any time shows the state
    window.render = () => { field.value = state; };
}"""


def controlled(normal: str = "(value) => value") -> str:
    return f"({CONTROLLED})({normal})"


def test_a_short_text_is_typed_key_by_key(stage: Open) -> None:
    on = stage("<input id=name aria-label=Name>")
    on.hear("focus", "keydown", "keypress", "beforeinput", "input", "keyup", "change")

    assert on.on("type_into_element", "textbox", "Name", text="Hi") == {"success": True}

    assert on.value("#name") == "Hi"
    key = ["keydown", "keypress", "beforeinput", "input", "keyup"]
    assert on.heard() == ["focus", *key, *key, "change"]
    assert [data for kind, data in on.heard("type", "data") if kind == "input"] == ["H", "i"]
    assert {kind for kind in on.heard("inputType") if kind} == {"insertText"}


def test_keys_have_their_codes(stage: Open) -> None:
    on = stage(
        "<input id=name aria-label=Name>",
        script="""window.keys = [];
            for (const type of ['keydown', 'keypress']) document.addEventListener(type, (event) => {
                keys.push([event.key, event.code, event.keyCode, event.charCode]); })""",
    )

    on.on("type_into_element", "textbox", "Name", text="a7 é")

    assert on.page.evaluate("keys") == [
        ["a", "KeyA", 65, 0],
        ["a", "KeyA", 97, 97],
        ["7", "Digit7", 55, 0],
        ["7", "Digit7", 55, 55],
        [" ", "Space", 32, 0],
        [" ", "Space", 32, 32],
        ["é", "", 0, 0],
        ["é", "", 233, 233],
    ]


def test_a_long_text_is_entered_at_once(stage: Open) -> None:
    on = stage("<textarea id=text aria-label=Text></textarea>")
    on.hear("keydown", "beforeinput", "input", "change")
    text = "word " * 40 + "\nend 😀"

    assert on.on("type_into_element", "textbox", "Text", text=text)["success"]

    assert on.value("#text") == text
    assert on.heard() == ["beforeinput", "input", "change"]


def test_what_the_field_held_is_replaced(stage: Open) -> None:
    on = stage("<input id=name aria-label=Name value=Old>")

    on.on("type_into_element", "textbox", "Name", text="New")

    assert on.value("#name") == "New"


def test_a_controlled_field_takes_the_text_into_its_state(stage: Open) -> None:
    on = stage("<div id=root><input id=name aria-label=Name></div>", script=controlled())

    assert on.on("type_into_element", "textbox", "Name", text="Ada")["success"]

    assert on.page.evaluate("changes") == ["A", "Ad", "Ada"]
    on.page.evaluate("render()")
    assert on.value("#name") == "Ada"


def test_the_imitation_loses_what_is_only_assigned(stage: Open) -> None:
    on = stage("<div id=root><input id=name aria-label=Name></div>", script=controlled())

    on.page.evaluate("""() => {
        const field = document.querySelector('input');
        field.value = 'Ada';
        field.dispatchEvent(new Event('input', { bubbles: true }));
        render();
    }""")

    assert on.value("#name") == ""


def test_a_long_text_reaches_a_controlled_field_too(stage: Open) -> None:
    on = stage("<div id=root><textarea id=name aria-label=Name></textarea></div>", script=controlled())

    on.on("type_into_element", "textbox", "Name", text="x" * 300)

    on.page.evaluate("render()")
    assert on.value("#name") == "x" * 300


def test_a_controlled_checkbox_and_a_controlled_list_follow_their_state(stage: Open) -> None:
    on = stage(
        "<div id=root><input type=checkbox id=box aria-label=Box><select id=size aria-label=Size><option>S<option>M"
        "</select></div>",
        script="""const { get, set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'checked');
            let seen = false;
            const state = { box: false, size: 'S' };
            Object.defineProperty(box, 'checked', {
                configurable: true, get() { return get.call(this); },
                set(value) { seen = value; set.call(this, value); },
            });
            root.addEventListener('click', () => {
                if (get.call(box) === seen) return;
                seen = state.box = get.call(box);
            }, true);
            root.addEventListener('change', ({ target }) => {
                if (target === size) state.size = size.value;
                size.value = state.size;
            }, true);
            window.render = () => { box.checked = state.box; size.value = state.size; }""",
    )

    assert on.on("click_element", "checkbox", "Box")["success"]
    assert on.on("select_dropdown_value", "combobox", "Size", value="M")["success"]

    on.page.evaluate("render()")
    assert on.page.evaluate("[box.checked, size.value]") == [True, "M"]


def test_a_field_that_writes_it_in_its_own_way_has_kept_it(stage: Open) -> None:
    phone = "(value) => value.replace(/\\D/g, '').replace(/^(\\d{3})(\\d{1,3})/, '($1) $2').replace(/(\\) \\d{3})(\\d+)/, '$1-$2')"
    on = stage("<div id=root><input id=tel type=tel aria-label=Phone></div>", script=controlled(phone))

    assert on.on("type_into_element", "textbox", "Phone", text="5551234567")["success"]
    assert on.value("#tel") == "(555) 123-4567"


def test_a_field_that_keeps_something_else_is_told(stage: Open) -> None:
    on = stage("<div id=root><input id=name aria-label=Name></div>", script=controlled("() => ''"))

    result = on.on("type_into_element", "textbox", "Name", text="Ada")

    assert result["error"]["code"] == "VALUE_NOT_ACCEPTED"
    assert result["error"]["retryable"] is False
    assert result["allowFallback"] is True


def test_a_field_that_keeps_what_it_held_before_is_told(stage: Open) -> None:
    on = stage(
        "<div id=root><input id=name aria-label=Name></div>", script=controlled("() => 'old words Ada'")
    )

    assert on.code("type_into_element", "textbox", "Name", text="Ada") == "VALUE_NOT_ACCEPTED"


def test_a_page_that_refuses_keys_gets_the_text_at_once(stage: Open) -> None:
    on = stage(
        "<input id=name aria-label=Name>",
        script="document.addEventListener('keydown', (event) => event.preventDefault(), true)",
    )

    assert on.on("type_into_element", "textbox", "Name", text="Ada")["success"]
    assert on.value("#name") == "Ada"


def test_a_page_that_refuses_a_sign_keeps_it_out(stage: Open) -> None:
    on = stage(
        "<input id=name aria-label=Name>",
        script="""document.addEventListener('beforeinput', (event) => {
            if (/[^\\d]/.test(event.data)) event.preventDefault(); })""",
    )

    assert on.code("type_into_element", "textbox", "Name", text="abc") == "VALUE_NOT_ACCEPTED"
    assert on.value("#name") == ""


@pytest.mark.parametrize(
    ("kind", "role", "good", "bad"),
    [
        ("date", "textbox", "2026-12-24", "24.12.2026"),
        ("time", "textbox", "18:30", "half past six"),
        ("number", "spinbutton", "-12.5", "twelve"),
        ("month", "textbox", "2026-12", "December"),
        ("color", "textbox", "#ff8800", "orange"),
    ],
)
def test_fields_of_a_format_take_it_whole_and_refuse_another(
    kind: str, role: str, good: str, bad: str, stage: Open
) -> None:
    on = stage(f"<input id=field type={kind} aria-label=Field>")

    assert on.on("type_into_element", role, "Field", text=good)["success"]
    assert on.value("#field") == good
    assert on.code("type_into_element", role, "Field", text=bad) == "VALUE_NOT_ACCEPTED"


def test_no_more_than_a_field_takes_is_typed(stage: Open) -> None:
    on = stage("<input id=zip aria-label=Zip maxlength=5>")

    result = on.on("type_into_element", "textbox", "Zip", text="123456")

    assert result["error"]["code"] == "VALUE_NOT_ACCEPTED"
    assert "at most 5" in result["error"]["message"]
    assert on.value("#zip") == ""


def test_lines_stay_lines_in_a_text_area_and_do_not_send_a_chat(stage: Open) -> None:
    on = stage(
        f"<textarea id=text aria-label=Chat></textarea>{SAY}",
        script="""document.querySelector('textarea').addEventListener('keydown', (event) => {
            if (event.key === 'Enter' && !event.shiftKey) said.textContent = 'sent'; })""",
    )

    on.on("type_into_element", "textbox", "Chat", text="one\r\ntwo")

    assert on.value("#text") == "one\ntwo"
    assert on.text() == ""


def test_an_editor_gets_the_text_as_from_a_keyboard(stage: Open) -> None:
    on = stage("<div id=edit contenteditable role=textbox aria-label=Post><p>Old <b>text</b></p></div>")
    on.hear("beforeinput", "input")

    assert on.on("type_into_element", "textbox", "Post", text="New words")["success"]

    assert on.page.inner_text("#edit").strip() == "New words"
    assert on.heard("type", "data")[2:6] == [
        ("beforeinput", "N"),
        ("input", "N"),
        ("beforeinput", "e"),
        ("input", "e"),
    ]


def test_an_editor_that_keeps_a_state_of_its_own_gets_it_too(stage: Open) -> None:
    on = stage(
        "<div id=edit contenteditable role=textbox aria-label=Post></div>",
        script="""window.state = '';
            edit.addEventListener('beforeinput', (event) => {
                event.preventDefault();
                state = event.inputType.startsWith('delete') ? '' : state + event.data;
                edit.replaceChildren(Object.assign(document.createElement('p'), { textContent: state }));
                getSelection().selectAllChildren(edit);
                getSelection().collapseToEnd();
            })""",
    )

    assert on.on("type_into_element", "textbox", "Post", text="By state")["success"]
    assert on.page.evaluate("state") == "By state"
    assert on.page.inner_text("#edit").strip() == "By state"


def test_a_field_in_a_shadow_root_and_an_editor_in_a_frame(stage: Open, site: Origin) -> None:
    site.put("/editor", "<div contenteditable role=textbox aria-label=Post>old</div><input aria-label=Title>")
    on = stage(
        "<my-box></my-box><iframe src=/editor></iframe>",
        script="""document.querySelector('my-box').attachShadow({ mode: 'open' }).innerHTML =
            '<input aria-label=Name><div contenteditable role=textbox aria-label=Note>old</div>'""",
    )

    for name in ("Name", "Note", "Post", "Title"):
        assert on.on("type_into_element", "textbox", name, text=f"{name}!"), name

    assert on.page.evaluate("""() => {
        const { shadowRoot } = document.querySelector('my-box');
        const { contentDocument } = document.querySelector('iframe');
        return [shadowRoot, contentDocument].flatMap((root) =>
            [...root.querySelectorAll('input,[contenteditable]')].map((one) => one.value ?? one.innerText));
    }""") == ["Name!", "Note!", "Post!", "Title!"]


def test_what_was_named_may_hold_the_field(stage: Open) -> None:
    on = stage("<div role=combobox tabindex=0 aria-label=City><span>×</span><input id=city></div>")

    assert on.on("type_into_element", "combobox", "City", text="Bonn")["success"]
    assert on.value("#city") == "Bonn"


@pytest.mark.parametrize(
    ("body", "role", "code"),
    [
        ("<button>It</button>", "button", "ELEMENT_NOT_EDITABLE"),
        ("<input type=checkbox aria-label=It>", "checkbox", "ELEMENT_NOT_EDITABLE"),
        ("<select aria-label=It><option>1</select>", "combobox", "ELEMENT_NOT_EDITABLE"),
        ("<input aria-label=It readonly>", "textbox", "ELEMENT_READONLY"),
        (
            "<div contenteditable role=textbox aria-readonly=true aria-label=It></div>",
            "textbox",
            "ELEMENT_READONLY",
        ),
        ("<input aria-label=It disabled>", "textbox", "ELEMENT_DISABLED"),
        ("<fieldset disabled><textarea aria-label=It></textarea></fieldset>", "textbox", "ELEMENT_DISABLED"),
    ],
)
@pytest.mark.parametrize("tool", ["type_into_element", "type_and_enter", "clear_element"])
def test_what_takes_no_text_says_why(body: str, role: str, code: str, tool: str, stage: Open) -> None:
    on = stage(body)
    args = {} if tool == "clear_element" else {"text": "x"}

    assert on.code(tool, role, "It", **args) == code


@pytest.mark.parametrize(
    "field",
    [
        "type=password",
        "autocomplete=current-password",
        "autocomplete='section-a cc-number'",
        "autocomplete=cc-csc",
        "autocomplete=one-time-code",
        "name=cardNumber",
        "id=cvv2",
        "name=otp",
        "style='-webkit-text-security:disc'",
    ],
)
def test_secrets_stay_with_the_visitor(field: str, stage: Open) -> None:
    on = stage(f"<input aria-label=It {field}>")
    on.hear("input", "keydown")

    typed = on.on("type_into_element", "textbox", "It", text="4111")
    entered = on.on("type_and_enter", "textbox", "It", text="4111")
    key = on.on("press_key", "textbox", "It", key="4")

    for result in (typed, entered, key):
        assert result["error"]["code"] == "HUMAN_INTERVENTION_REQUIRED"
        assert result["error"]["retryable"] is False
        assert "visitor" in result["error"]["next_action"]
    assert on.value("input") == ""
    assert on.heard() == []


def test_a_field_that_vanishes_while_it_is_typed_into_is_told(stage: Open) -> None:
    on = stage("<input id=name aria-label=Name oninput=\"if (this.value === 'ab') this.remove()\">")

    assert on.code("type_into_element", "textbox", "Name", text="abcdef") == "ELEMENT_NOT_FOUND"


def test_a_field_that_is_replaced_by_its_last_key_has_taken_it(stage: Open) -> None:
    on = stage(
        f"<input aria-label=Code oninput=\"if (this.value === 'ab') {{ said.textContent = 'ok'; this.remove(); }}\">{SAY}"
    )

    assert on.on("type_into_element", "textbox", "Code", text="ab")["success"]
    assert on.text() == "ok"


def test_a_window_without_the_focus_hears_of_it_nevertheless(stage: Open) -> None:
    on = stage(
        "<input id=one aria-label=One><input id=two aria-label=Two>", script="document.hasFocus = () => false"
    )
    on.hear("focusin", "focusout")

    on.on("focus_element", "textbox", "One")

    assert "focusin" in on.heard()


def test_a_field_is_cleared_with_the_events_of_it(stage: Open) -> None:
    on = stage("<div id=root><input id=name aria-label=Name></div>", script=controlled())
    on.on("type_into_element", "textbox", "Name", text="Ada")

    assert on.on("clear_element", "textbox", "Name") == {"success": True}

    on.page.evaluate("render()")
    assert on.value("#name") == ""
    assert on.page.evaluate("changes.at(-1)") == ""


def test_an_editor_is_cleared(stage: Open) -> None:
    on = stage("<div id=edit contenteditable role=textbox aria-label=Post><p>a</p><p>b</p></div>")

    assert on.on("clear_element", "textbox", "Post")["success"]
    assert on.page.inner_text("#edit").strip() == ""


def test_what_takes_the_focus_is_focused_and_what_does_not_is_told(stage: Open) -> None:
    on = stage("<input id=name aria-label=Name><article onclick=1 style='cursor:pointer'>Card</article>")

    assert on.on("focus_element", "textbox", "Name")["success"]
    assert on.page.evaluate("document.activeElement.id") == "name"
    assert on.code("focus_element", "article", "Card") == "ELEMENT_NOT_VISIBLE"


FORM = """<form id=form action=/search onsubmit="said.textContent += 'submitted '; event.preventDefault()">
    <input id=q name=q aria-label=Search required {0}>{1}</form><p id=said></p>"""


def test_enter_sends_the_form_by_its_button(stage: Open) -> None:
    on = stage(FORM.format("", "<button onclick=\"said.textContent += 'button '\">Find</button>"))
    on.hear("keydown", "change", "submit")

    assert on.on("type_and_enter", "textbox", "Search", text="a") == {"success": True}

    assert on.text() == "button submitted"
    assert on.heard("type", "key") == [
        ("keydown", "a"),
        ("change", None),
        ("keydown", "Enter"),
        ("submit", None),
    ]


def test_enter_sends_a_form_without_a_button(stage: Open) -> None:
    on = stage(FORM.format("", ""))

    on.on("type_and_enter", "textbox", "Search", text="a")

    assert on.text() == "submitted"


@pytest.mark.parametrize("type_", ["keydown", "keypress"])
def test_enter_that_the_page_keeps_sends_nothing(type_: str, stage: Open) -> None:
    on = stage(
        FORM.format("", "<button>Find</button>"),
        script=f"""q.addEventListener('{type_}', (event) => {{
            if (event.key === 'Enter') {{ event.preventDefault(); said.textContent += 'kept'; }} }})""",
    )

    assert on.on("type_and_enter", "textbox", "Search", text="a")["success"]
    assert on.text() == "kept"


def test_enter_sends_nothing_by_a_disabled_button(stage: Open) -> None:
    on = stage(FORM.format("", "<button disabled>Find</button>"))

    assert on.on("type_and_enter", "textbox", "Search", text="a")["success"]
    assert on.text() == ""


def test_a_form_that_is_not_sent_tells_what_is_missing(stage: Open) -> None:
    on = stage(
        FORM.format("", "<input type=email aria-label=Mail value=nobody required><button>Find</button>")
    )

    entered = on.on("type_and_enter", "textbox", "Search", text="a")
    clicked = on.on("click_element", "button", "Find")

    for result in (entered, clicked):
        assert result["error"]["code"] == "FORM_INVALID"
        assert f'textbox "Mail" [id={on.id("textbox", "Mail")}]' in result["error"]["message"]
        assert "Search" not in result["error"]["message"]
    assert on.text() == ""


def test_a_form_whose_fields_hide_its_methods_is_sent(stage: Open) -> None:
    on = stage(
        FORM.format("", "<input type=hidden name=requestSubmit><input type=hidden name=action value=x>")
    )

    assert on.on("type_and_enter", "textbox", "Search", text="a")["success"]
    assert on.text() == "submitted"
    assert on.asked == [] or on.asked[0]["url"].endswith("/search")


def test_enter_in_a_text_area_breaks_the_line_unless_the_page_sends(stage: Open) -> None:
    on = stage("<textarea id=text aria-label=Chat></textarea>")
    on.on("type_and_enter", "textbox", "Chat", text="hi")
    assert on.value("#text") == "hi\n"

    on = stage(
        f"<textarea id=text aria-label=Chat></textarea>{SAY}",
        script="""text.addEventListener('keydown', (event) => {
            if (event.key === 'Enter' && !event.shiftKey) {
                event.preventDefault(); said.textContent = text.value; text.value = ''; } })""".replace(
            "text.", "document.querySelector('textarea')."
        ),
    )
    on.on("type_and_enter", "textbox", "Chat", text="hi")
    assert (on.text(), on.value("#text")) == ("hi", "")
