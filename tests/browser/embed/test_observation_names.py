"""Accessible names, by the rules that browsers give them to screen readers."""

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import Observe

pytestmark = [pytest.mark.browser, pytest.mark.once]
CASES = [
    ("<button id=x aria-labelledby='a b'>own</button><i id=a>one</i><i id=b>two</i>", "one two"),
    ("<button id=x aria-labelledby=a>own</button><i id=a hidden>unseen <b>text</b></i>", "unseen text"),
    ("<button id=x aria-labelledby=gone>own</button>", "own"),
    ("<button id=x aria-labelledby='x a' aria-label=Delete>own</button><i id=a>file</i>", "Delete file"),
    ("<button id=x aria-label='  Close  window '>×</button>", "Close window"),
    ("<button id=x aria-label=''>Text</button>", "Text"),
    ("<label for=x>Your <b>name</b></label><input id=x>", "Your name"),
    ("<label>City <input id=x> <i>where you live</i></label>", "City where you live"),
    ("<label for=x>One</label><label for=x>Two</label><input id=x>", "One Two"),
    ("<input id=x title=Tip placeholder=Hint>", "Tip"),
    ("<input id=x placeholder=Hint>", "Hint"),
    ("<input id=x type=submit value='Place order'>", "Place order"),
    ("<input id=x type=image alt=Go src=data:,>", "Go"),
    ("<a id=x href=/><img src=data:, alt=Home width=9 height=9></a>", "Home"),
    ("<a id=x href=/><svg width=9 height=9><title>Cart</title></svg></a>", "Cart"),
    ("<button id=x><div>Two</div><div>blocks</div></button>", "Two blocks"),
    ("<button id=x>one<br>two</button>", "one two"),
    ("<button id=x>Sa<b>ve</b></button>", "Save"),
    ("<button id=x>Save <span aria-label=now>★</span></button>", "Save now"),
    ("<label for=x>Every <input value=5 size=2> days</label><input id=x type=checkbox>", "Every 5 days"),
    ("<a id=x href=/ title='More about boots'><i aria-hidden=true>›</i></a>", "More about boots"),
    ("<h2 id=x>Heading\n\n over  lines</h2>", "Heading over lines"),
    ("<div id=x role=switch tabindex=0 aria-checked=true>Wi-Fi</div>", "Wi-Fi"),
    ("<img id=x src=data:, title='A boot' width=9 height=9>", "A boot"),
]

SHADOWS = """(cases) => cases.forEach((html, number) => {
    const host = document.body.appendChild(document.createElement('article'));
    host.attachShadow({mode: 'open'}).innerHTML = `<section aria-label=${number}>${html}</section>`;
})"""


@pytest.fixture
def cases(observe: Observe, page: Page) -> None:
    """Each case in a shadow root, which has its own ids, below a region named by its number."""
    observe("")
    page.evaluate(SHADOWS, [html for html, _ in CASES])


def test_a_name_is_the_one_that_the_page_gives(cases: None, observe_open: Observe) -> None:
    seen = observe_open()

    told = {}
    for number, (html, name) in enumerate(CASES):
        inside = [seen.data["nodes"][key] for key in seen.node("region", str(number))["children"]]
        told[html] = [node["name"] for node in inside if node.get("name") == name]
    assert told == {html: [name] for html, name in CASES}


def test_chromium_gives_the_same_names(cases: None, page: Page) -> None:
    session = page.context.new_cdp_session(page)
    told = {}
    for number, (html, _) in enumerate(CASES):
        expression = f"document.querySelectorAll('article')[{number}].shadowRoot.querySelector('#x')"
        found = session.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
        (node, *_) = session.send(
            "Accessibility.getPartialAXTree", {"objectId": found, "fetchRelatives": False}
        )["nodes"]
        told[html] = " ".join(node["name"]["value"].split())
    assert told == dict(CASES)
