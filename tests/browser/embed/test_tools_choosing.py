"""Options, scales and files."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.embed.acting import Stage

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
SIZES = """<select id=size aria-label=Size><option value=''>Choose</option><option value=s>Small</option>
    <option value=m>Medium</option><option value=xl disabled>Extra  large</option>
    <optgroup label=Kids><option value=ks>Kids small</option></optgroup></select>"""


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [("m", "m"), ("Medium", "m"), ("  medium ", "m"), ("Kids", "ks"), ("small", "s"), ("", "")],
)
def test_an_option_is_chosen_by_value_by_label_or_by_a_part_of_one_label(
    wanted: str, kept: str, stage: Open
) -> None:
    on = stage(SIZES)
    on.hear("input", "change")

    result = on.on("select_dropdown_value", "combobox", "Size", value=wanted)

    assert result == {"success": True, "output": {"selected": [wanted]}}
    assert on.value("#size") == kept
    assert on.heard() == ["input", "change"]


@pytest.mark.parametrize(
    ("wanted", "code", "why"),
    [
        ("Huge", "OPTION_NOT_FOUND", "Choose | Small | Medium"),
        ("m l", "OPTION_NOT_FOUND", "Small"),
        ("al", "OPTION_AMBIGUOUS", "Several"),
        ("xl", "OPTION_DISABLED", "disabled"),
        ("Extra large", "OPTION_DISABLED", "disabled"),
        ([], "INVALID_ARGUMENT", "value"),
        (["s", "m"], "INVALID_ARGUMENT", "one option"),
    ],
)
def test_an_option_that_cannot_be_chosen_says_why(wanted: Any, code: str, why: str, stage: Open) -> None:
    on = stage(SIZES)

    result = on.on("select_dropdown_value", "combobox", "Size", value=wanted)

    assert result["error"]["code"] == code
    assert why in result["error"]["message"]
    assert on.value("#size") == ""


def test_several_options_replace_the_ones_before(stage: Open) -> None:
    on = stage("<select id=tags multiple aria-label=Tags><option selected>a<option>b<option>c</select>")

    assert on.on("select_dropdown_value", "listbox", "Tags", value=["b", "c"])["success"]
    assert on.page.evaluate("[...tags.selectedOptions].map((option) => option.value)") == ["b", "c"]


def test_a_list_that_takes_its_choice_back_is_told(stage: Open) -> None:
    on = stage(SIZES, script="size.addEventListener('change', () => { size.value = ''; })")

    assert on.code("select_dropdown_value", "combobox", "Size", value="m") == "VALUE_NOT_ACCEPTED"


def test_the_options_of_a_private_list_are_not_told(stage: Open) -> None:
    on = stage(f"<div data-agent-private>{SIZES}</div>")

    result = on.on("select_dropdown_value", "combobox", "••••", value="Huge")

    assert result["error"]["code"] == "OPTION_NOT_FOUND"
    assert "Small" not in result["error"]["message"]


def test_the_month_of_a_card_is_the_visitors(stage: Open) -> None:
    on = stage("<select aria-label=Month autocomplete=cc-exp-month><option>1<option>2</select>")

    assert on.code("select_dropdown_value", "combobox", "Month", value="2") == "HUMAN_INTERVENTION_REQUIRED"


LIST = """<div id=box role=combobox tabindex=0 aria-label=Country aria-expanded=false aria-controls=list>Choose</div>
    <ul id=list role=listbox hidden><li role=option data-value=de>Germany</li><li role=option data-value=fr>France</li>
    <li role=option aria-disabled=true>Atlantis</li></ul>"""
OPENS = """
    box.addEventListener('mousedown', () => setTimeout(() => {
        list.hidden = false; box.setAttribute('aria-expanded', 'true'); }, 150));
    list.addEventListener('click', ({ target }) => {
        box.textContent = target.textContent; list.hidden = true; box.setAttribute('aria-expanded', 'false'); })"""


@pytest.mark.parametrize("wanted", ["France", "fr", "franc"])
def test_a_list_by_role_is_opened_and_its_option_clicked(wanted: str, stage: Open) -> None:
    on = stage(LIST, script=OPENS)

    assert on.on("select_dropdown_value", "combobox", "Country", value=wanted)["success"]
    assert on.text("#box") == "France"


def test_a_list_by_role_tells_what_it_has_not(stage: Open) -> None:
    on = stage(LIST, script=OPENS)

    assert on.code("select_dropdown_value", "combobox", "Country", value="Spain") == "OPTION_NOT_FOUND"
    assert on.code("select_dropdown_value", "combobox", "Country", value="Atlantis") == "OPTION_DISABLED"


def test_a_list_that_comes_to_the_end_of_the_page_is_found(stage: Open) -> None:
    on = stage(
        "<button id=box aria-haspopup=listbox>Sort</button><ul><li role=option>Other</li></ul>",
        script="""box.addEventListener('click', () => {
            const layer = document.createElement('div');
            layer.innerHTML = '<div role=option>Newest</div><div role=option>Other</div>';
            layer.addEventListener('click', ({ target }) => { box.textContent = target.textContent; layer.remove(); });
            document.body.append(layer); })""",
    )

    assert on.on("select_dropdown_value", "button", "Sort", value="Other")["success"]
    assert on.text("#box") == "Other"


def test_a_list_that_is_searched_is_typed_into(stage: Open) -> None:
    on = stage(
        "<input id=box role=combobox aria-label=City aria-controls=list><ul id=list role=listbox></ul>",
        script="""const cities = ['Berlin', 'Bern', 'Bonn'];
            box.addEventListener('input', () => setTimeout(() => {
                list.replaceChildren(...cities.filter((city) => box.value && city.startsWith(box.value)).map((city) =>
                    Object.assign(document.createElement('li'), { role: 'option', textContent: city }))); }, 80));
            list.addEventListener('mousedown', ({ target }) => { box.value = target.textContent; list.replaceChildren(); })""",
    )

    assert on.on("select_dropdown_value", "combobox", "City", value="Bern")["success"]
    assert on.value("#box") == "Bern"


def test_an_open_list_takes_several(stage: Open) -> None:
    on = stage(
        """<ul role=listbox aria-label=Tags aria-multiselectable=true tabindex=0><li role=option>a</li>
        <li role=option>b</li><li role=option>c</li></ul>""",
        script="""document.querySelector('ul').addEventListener('click', ({ target }) =>
            target.setAttribute('aria-selected', 'true'))""",
    )

    assert on.on("select_dropdown_value", "listbox", "Tags", value=["a", "c"])["success"]
    assert on.page.evaluate(
        "[...document.querySelectorAll('[aria-selected]')].map((o) => o.textContent)"
    ) == ["a", "c"]


@pytest.mark.parametrize(("wanted", "kept"), [(30, 30), (33, 35), (100, 100)])
def test_a_slider_takes_the_nearest_value_that_its_steps_allow(wanted: int, kept: int, stage: Open) -> None:
    on = stage("<input id=price type=range min=0 max=100 step=5 aria-label=Price>")
    on.hear("input", "change")

    assert on.on("adjust_slider", "slider", "Price", value=wanted)["output"] == {"value": kept}
    assert on.value("#price") == str(kept)
    assert on.heard() == ["input", "change"]


def test_a_slider_by_role_is_moved_by_its_keys(stage: Open) -> None:
    on = stage(
        "<div id=dial role=slider tabindex=0 aria-label=Dial aria-valuemin=0 aria-valuemax=20 aria-valuenow=10></div>",
        script="""dial.style.cssText = 'width:20px;height:20px';
            dial.addEventListener('keydown', ({ key }) => {
            const step = { ArrowRight: 3, ArrowLeft: -3 }[key] ?? 0;
            const now = Number(dial.getAttribute('aria-valuenow')) + step;
            dial.setAttribute('aria-valuenow', Math.min(20, Math.max(0, now))); })""",
    )

    assert on.on("adjust_slider", "slider", "Dial", value=4)["output"] == {"value": 4}
    assert on.on("adjust_slider", "slider", "Dial", value=5)["output"] == {"value": 4}
    assert on.on("adjust_slider", "slider", "Dial", value=20)["output"] == {"value": 20}


def test_a_slider_that_cannot_have_the_value_says_so(stage: Open) -> None:
    dead = "<div role=slider tabindex=0 aria-label=Dead aria-valuenow=1 style='width:9px;height:9px'></div>"
    on = stage(f"<input type=range min=0 max=10 aria-label=Price>{dead}<button>No</button>")

    assert on.code("adjust_slider", "slider", "Price", value=11) == "VALUE_NOT_ACCEPTED"
    assert on.code("adjust_slider", "slider", "Dead", value=5) == "VALUE_NOT_ACCEPTED"
    assert on.code("adjust_slider", "button", "No", value=5) == "ELEMENT_NOT_EDITABLE"


FILE = {
    "name": "note.txt",
    "mimeType": "text/plain",
    "dataBase64": base64.b64encode(b"h\xc3\xa9llo\0").decode(),
}
READ = "document.querySelector('input').files[0].arrayBuffer().then((b) => [...new Uint8Array(b)])"


def test_a_file_is_put_into_its_field_byte_by_byte(stage: Open) -> None:
    on = stage("<input type=file id=cv aria-label=CV accept='.pdf, text/*'>")
    on.hear("input", "change")

    assert on.on("upload_file", "button", "CV", file=FILE)["output"] == {"name": "note.txt", "size": 7}
    assert on.page.evaluate(READ) == list(b"h\xc3\xa9llo\0")
    assert on.page.evaluate("[cv.files[0].name, cv.files[0].type]") == ["note.txt", "text/plain"]
    assert on.heard() == ["input", "change"]


@pytest.mark.parametrize(
    "body",
    [
        "<label>Photo<input type=file hidden></label>",
        "<form><input type=file hidden><button type=button>Photo</button></form>",
        "<div><input type=file style='opacity:0;width:1px;height:1px'><button>Photo</button></div>",
    ],
)
def test_a_field_that_hides_behind_something_is_found(body: str, stage: Open) -> None:
    on = stage(body)

    (number,) = [
        node["id"]
        for node in on.handle.evaluate("({ capture }) => Object.values(capture.nodes)")
        if node.get("name") == "Photo" and "id" in node
    ]
    assert on.act("upload_file", element_id=number, file=FILE)["success"]
    assert on.page.evaluate("document.querySelector('input').files.length") == 1


def test_a_file_that_cannot_be_taken_says_why(stage: Open) -> None:
    on = stage(
        "<form><input type=file accept='image/*,.pdf' aria-label=Photo></form><form><button>No</button></form>"
    )

    assert on.code("upload_file", "button", "Photo", file=FILE) == "FILE_NOT_ACCEPTED"
    assert on.code("upload_file", "button", "Photo", file={**FILE, "dataBase64": "?"}) == "FILE_NOT_ACCEPTED"
    assert on.code("upload_file", "button", "Photo", file={**FILE, "name": "a.PDF", "dataBase64": "?"}) == (
        "INVALID_ARGUMENT"
    )
    assert on.page.evaluate("document.querySelector('input').files.length") == 0


def test_a_button_with_no_field_near_takes_no_file(stage: Open) -> None:
    on = stage("<button>No</button>")

    assert on.code("upload_file", "button", "No", file=FILE) == "ELEMENT_NOT_EDITABLE"
