"""What never leaves the page."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.browser.embed.conftest import Observe

pytestmark = [pytest.mark.browser, pytest.mark.once]
MASK = "••••"
CARDS = ["4111111111111111", "5500 0000 0000 0004", "3400-000000-00009", "6011 0009 9013 9424"]
IBANS = ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "mt84malt011000012345mtlcast001s"]


@pytest.mark.parametrize(
    "field",
    [
        "<input type=password value=geheim9>",
        "<input autocomplete=cc-number value=geheim9>",
        "<input autocomplete='section-a billing cc-csc' value=geheim9>",
        "<input autocomplete=one-time-code value=geheim9>",
        "<input autocomplete=new-password type=text value=geheim9>",
        "<input autocomplete='username current-password' value=geheim9>",
        "<input name=user_password value=geheim9>",
        "<input id=cardNumber value=geheim9>",
        "<input style='-webkit-text-security:disc' value=geheim9>",
        "<input data-agent-private value=geheim9>",
        "<textarea data-agent-private>geheim9</textarea>",
        "<div contenteditable data-agent-private>geheim9</div>",
        "<div data-agent-private><input value=geheim9></div>",
        "<div class=mine><input value=geheim9></div>",
        "<select data-agent-private><option>geheim9</select>",
        "<select autocomplete=cc-type><option>geheim9</select>",
    ],
)
def test_the_value_of_a_secret_field_is_a_constant(field: str, observe: Observe) -> None:
    seen = observe(field, privateSelectors=[".mine"])

    (node,) = [node for node in seen.nodes if "id" in node]
    assert node["props"]["value"] == MASK
    assert f'[value="{MASK}"]' in node["label"]
    assert "geheim9" not in str({**seen.data, "nodes": {**node, "options": []}})


def test_an_empty_secret_field_has_no_value(observe: Observe) -> None:
    (node,) = observe("<input type=password>").nodes

    assert node["label"] == "[id=1] [type=password]"


@pytest.mark.parametrize("number", [*CARDS, *IBANS, "078-05-1120", "219 09 9999"])
def test_card_account_and_social_security_numbers_are_masked_wherever_they_are(
    number: str, observe: Observe
) -> None:
    seen = observe(
        f"""<input value="{number}" aria-label=Field><p>Paid with {number}, thanks.</p><button>Use {number}</button>
        <input placeholder="{number}" title="{number}"><img src=data:, alt="{number}" width=9 height=9>
        <select><option>{number}</select><div contenteditable>{number}</div>""",
        script=f"document.title = 'Card {number}'",
    )

    assert number not in str(seen.data)
    assert seen.node("textbox", "Field")["props"]["value"] == MASK
    assert f"text: Paid with {MASK}, thanks." in seen.tree
    assert seen.node("button", f"Use {MASK}")
    assert seen.data["title"] == f"Card {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "Order 1234567890123",
        "DE89370400440532013001",
        "000-12-3456",
        "Call 555-123-4567",
        "1754300000000",
        "978-3-16-148410-0",
        "A4 paper, 80 g, 210 x 297",
    ],
)
def test_numbers_that_only_look_alike_stay(text: str, observe: Observe) -> None:
    assert observe(f"<p>{text}</p>").tree == [f"text: {text}"]


def test_a_number_across_elements_of_one_line_is_masked(observe: Observe) -> None:
    seen = observe("<p><b>4111</b> <b>1111</b> <b>1111</b> <b>1111</b> is yours</p>")

    assert seen.tree == [f"text: {MASK} is yours"]


def test_words_after_an_account_number_stay(observe: Observe) -> None:
    seen = observe("<p>DE89 3704 0044 0532 0130 00 EUR 500 TODAY</p>")

    assert seen.tree == [f"text: {MASK} EUR 500 TODAY"]


def test_nothing_inside_of_a_private_part_is_told_but_that_something_is_there(observe: Observe) -> None:
    seen = observe(
        """<section data-agent-private aria-label=geheim>
            <h2>geheim</h2><p>geheim</p>geheim <a href=/geheim title=geheim>geheim</a>
            <label>geheim <input type=checkbox checked></label>
            <input aria-label=geheim placeholder=geheim value=geheim>
            <img src=data:, alt=geheim width=9 height=9><svg width=9 height=9><title>geheim</title></svg>
            <select aria-label=geheim><option>geheim</select><button disabled>geheim</button>
            <div role=slider tabindex=0 style="height:9px" aria-valuenow=7 aria-valuetext=geheim></div>
            <my-element>geheim</my-element>
            <details open><summary>geheim</summary>geheim</details><table><caption>geheim</caption><td>geheim</table>
            <fieldset><legend>geheim</legend><input type=submit value=geheim><input type=image alt=geheim src=data:,></fieldset>
            <meter min=0 max=9 value=7.25 aria-valuetext=geheim></meter><input type=number min=7.25 max=7.25 step=7.25 value=7.25>
            <div contenteditable>geheim</div><label><input type=checkbox hidden>geheim</label>
            <iframe title=geheim src="/geheim"></iframe><div tabindex=0 title=geheim>geheim</div>
            <div role=img aria-label=geheim>geheim</div><button aria-describedby=far>geheim</button>
        </section>
        <button aria-labelledby=far>x</button><p class=mine id=far>geheim</p>""",
        script="document.querySelector('my-element').attachShadow({mode: 'open'}).innerHTML = '<p>geheim</p><slot></slot>'",
        privateSelectors=[".mine"],
    )

    assert "geheim" not in str(seen.data)
    assert "7.25" not in str(seen.data)
    assert seen.node("link", MASK).keys() == {"role", "id", "name", "label"}
    boxes = [node["label"] for node in seen.nodes if node["role"] == "checkbox"]
    assert [label.partition(" ")[2] for label in boxes] == ["[type=checkbox]", "[type=checkbox]"]
    assert "[id=5] [disabled]" in [node["label"] for node in seen.nodes if node["role"] == "button"]
    assert "options" not in seen.node("combobox", MASK)


def test_a_private_field_keeps_the_label_that_stands_outside_of_it(observe: Observe) -> None:
    seen = observe(
        "<label for=s>Salary</label><input id=s data-agent-private value=9000 placeholder='per year'>"
    )

    assert seen.tree == [f'textbox "Salary" [id=1] [type=text] [placeholder="per year"] [value="{MASK}"]']


def test_private_parts_reach_through_shadow_roots_and_frames(observe: Observe) -> None:
    seen = observe(
        "<my-box>geheim</my-box><div data-agent-private><iframe srcdoc='<p>geheim</p><button>geheim</button>'></iframe></div>",
        script="""document.querySelector('my-box').attachShadow({mode: 'open'}).innerHTML =
            '<div data-agent-private><slot></slot></div>'""",
    )

    assert "geheim" not in str(seen.data)
    assert seen.tree[0] == f"text: {MASK}"


def test_what_a_secret_field_holds_is_hidden_where_the_page_echoes_it(observe: Observe) -> None:
    seen = observe(
        """<p>You typed Tr0ub4dor&3</p><button aria-label="Copy Tr0ub4dor&3">Copy</button><a href="/?q=Tr0ub4dor&3">again</a>
        <input aria-label=Clone value="Tr0ub4dor&3"><input type=password value="Tr0ub4dor&3">
        <p>Page 12345</p><input type=password value=12345>""",
    )

    assert "Tr0ub4dor" not in str(seen.data)
    assert f"text: You typed {MASK}" in seen.tree
    assert "text: Page 12345" in seen.tree, "a short value would hide too much of the page"


def test_an_unusable_selector_of_the_owner_stops_the_observation(observe: Observe) -> None:
    with pytest.raises(Error, match="SyntaxError"):
        observe("<p>geheim</p>", privateSelectors=[".ok", "p:::nope"])


def test_a_private_page_tells_nothing(observe: Observe, page: Page) -> None:
    seen = observe("<h1>geheim</h1><p>geheim", script="document.body.dataset.agentPrivate = ''")

    told: dict[str, Any] = seen.data["nodes"]
    assert {node.get("name") or node.get("text") for node in told.values()} == {MASK}
