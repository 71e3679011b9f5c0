"""What bounds an observation: modal dialogs, frames, and the life of its ids."""

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import Observe, Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
COVER = "position:fixed;inset:0;background:white"


def test_an_open_modal_dialog_is_all_there_is(observe: Observe) -> None:
    seen = observe(
        "<button>Behind</button><a href=/behind>too</a><dialog><h2>Sure?</h2><button>Yes</button></dialog>",
        script="document.querySelector('dialog').showModal()",
    )

    assert seen.tree == ["dialog", '  heading 2 "Sure?"', '  button "Yes" [id=3] [focused]']
    assert seen.data["metadata"]["modal"] is True
    assert seen.data["elementLinkRecord"] == {}
    (root,) = seen.data["roots"]
    assert set(seen.data["nodes"]) == {root, *seen.data["nodes"][root]["children"]}
    assert seen.element(1) is None


def test_a_modal_by_role_counts_wherever_it_stands(observe: Observe) -> None:
    seen = observe(
        "<button>Behind</button><my-app></my-app>",
        script=f"""document.querySelector('my-app').attachShadow({{mode: 'open'}}).innerHTML =
            '<div role=alertdialog aria-modal=true aria-label=Stop style="{COVER}"><button>OK</button></div>'""",
    )

    assert seen.tree == ['alertdialog "Stop"', '  button "OK" [id=2]']


@pytest.mark.parametrize(
    "dialog",
    [
        "<dialog open>text</dialog>",
        "<div role=dialog style='position:fixed'>text</div>",
        "<div role=dialog aria-modal=true style='position:fixed;left:-900px;width:500px'>text</div>",
        "<div role=dialog aria-modal=true style='position:fixed;left:100vw;width:500px'>text</div>",
        "<div role=dialog aria-modal=true style='position:fixed;bottom:-300px;height:200px'>text</div>",
        "<div style='opacity:0'><div role=dialog aria-modal=true>text</div></div>",
        "<div role=dialog aria-modal=true style='height:50px'></div>",
        "<div role=dialog aria-modal=true style='display:none'>text</div>",
    ],
)
def test_a_dialog_that_keeps_nobody_from_the_page_does_not_hide_it(dialog: str, observe: Observe) -> None:
    seen = observe(f"<button>Here</button>{dialog}")

    assert seen.node("button", "Here")
    assert seen.data["metadata"]["modal"] is False


def test_of_several_modals_the_one_with_the_focus_counts(observe: Observe) -> None:
    modal = "<div role=dialog aria-modal=true aria-label={0}><button>{0}</button></div>"

    seen = observe(
        modal.format("First") + modal.format("Second"), script="document.querySelector('button').focus()"
    )
    assert seen.tree[0] == 'dialog "First"'

    seen = observe(modal.format("First") + modal.format("Second"))
    assert seen.tree[0] == 'dialog "Second"'


def test_frames_of_the_same_origin_are_read_in_place(observe: Observe, site: Origin) -> None:
    site.put("/inner", "<button>Pay</button><iframe src=/innermost title=Deep></iframe>")
    site.put("/innermost", "<p>Bottom</p>")

    seen = observe("<iframe src=/inner title=Checkout width=300 height=200></iframe><p>after</p>")

    assert seen.tree == [
        'iframe "Checkout" [id=1] [size=300x200] [iframeRoot=1] → /inner',
        '  button "Pay" [id=2] [iframe=1]',
        '  iframe "Deep" [id=3] [size=300x150] [iframe=1] [iframeRoot=3] → /innermost: Bottom',
        "text: after",
    ]
    button = seen.element(2)
    assert button
    assert button.evaluate("element => element.ownerDocument !== document")


def test_frames_that_cannot_be_read_say_why(observe: Observe, rover: Origin) -> None:
    seen = observe(f"""
        <iframe title=Foreign src="{rover.url}/observe/page.js"></iframe>
        <iframe title=Sandboxed sandbox srcdoc="<p>x"></iframe>
        <iframe title=Empty></iframe>
        <iframe title=Pixel src="{rover.url}" width=1 height=1 style="border:0"></iframe>
        <iframe title=Hidden srcdoc="<p>x" hidden></iframe>
        <iframe title=Unseen srcdoc="<p>x" style="visibility:hidden"></iframe>
    """)

    told = {node["name"]: node["unavailable"] for node in seen.nodes}
    assert told == {"Foreign": "cross_origin", "Sandboxed": "cross_origin", "Empty": "empty"}
    assert len(seen.tree) == 3
    assert seen.tree[2].endswith("(unavailable: empty)")


def test_a_modal_inside_a_frame_leaves_the_page_around_it(observe: Observe, site: Origin) -> None:
    site.put("/inner", f"<p>under</p><div role=dialog aria-modal=true style='{COVER}'>over</div>")

    seen = observe("<p>outside</p><iframe src=/inner title=App></iframe>")

    assert [line.strip() for line in seen.tree if "iframe" not in line] == [
        "text: outside",
        "text: under",
        "dialog: over",
    ]


def test_ids_are_never_used_again_and_stand_for_their_element_while_it_is_there(
    observe: Observe, observe_open: Observe, page: Page
) -> None:
    first = observe("<button id=a>A</button><button id=b>B</button>")
    second = observe_open()

    assert [node["id"] for node in first.nodes] == [1, 2]
    assert [node["id"] for node in second.nodes] == [3, 4]
    element = second.element(4)
    assert element
    assert element.get_attribute("id") == "b"
    assert second.element(1) is None, "an id of another capture"
    assert second.element(99) is None

    page.evaluate("document.querySelector('#b').remove()")

    assert second.element(4) is None
    assert second.element(3)


def test_an_element_of_a_removed_frame_is_gone(observe: Observe, page: Page, site: Origin) -> None:
    site.put("/inner", "<button>Pay</button>")
    seen = observe("<iframe src=/inner></iframe>")
    assert seen.element(2)

    page.evaluate("document.querySelector('iframe').remove()")

    assert seen.element(2) is None
