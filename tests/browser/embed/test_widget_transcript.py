"""What was said and what is being done: text, whatever it looks like, and quick however much of it there is."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.embed import widgets
from tests.browser.embed.widgets import MakeWidget, Widget, message

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
WINDOW = {"shell": {"openMode": "window"}}
HOSTILE = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>{{7*7}}&lt;b&gt;<style>*{display:none}</style>"
TALK = [
    message(n, "assistant" if n % 2 else "user", f"Message {n} " + "word " * (n % 40)) for n in range(500)
]


def opened(make: MakeWidget, **state: Any) -> Widget:
    widget = make(experience=WINDOW, state=state)
    widget.call("open")
    return widget


def said(make: MakeWidget, *blocks: Any, text: str = "") -> Widget:
    return opened(make, transcript=[message(1, "assistant", text, blocks=list(blocks))])


class TestTranscript:
    def test_is_a_log_in_which_each_voice_is_told(self, make: MakeWidget) -> None:
        talk = [
            message(1, "user", "Hello"),
            message(2, "assistant", "Good day."),
            message(3, "system", "A page opened"),
        ]
        log = opened(make, transcript=talk).panel.get_by_role("log", name="Conversation")
        assert log.locator(".row").all_text_contents() == ["You: Hello", "Mira: Good day.", "A page opened"]

    @pytest.mark.parametrize(
        "role",
        ["user", "assistant", "system"],
    )
    def test_markup_stays_text(self, make: MakeWidget, role: str) -> None:
        widget = opened(make, transcript=[message(1, role, HOSTILE)], live=[{"id": 1, "text": HOSTILE}])
        widget.update(notice={"text": HOSTILE}, error={"text": HOSTILE}, resume={"text": HOSTILE})
        assert widget.panel.locator(".row p").text_content() == HOSTILE
        assert widget.panel.locator("img,script,style").count() == 0
        assert widget.page.evaluate("window.hit") is None
        expect(widget.panel).to_be_visible()

    def test_overrides_of_direction_are_taken_out(self, make: MakeWidget) -> None:
        widget = opened(
            make, transcript=[message(1, "assistant", "Pay \u202e00.1\u202c to \u2066evil\u2069")]
        )
        assert widget.panel.locator(".row p").text_content() == "Pay 00.1 to evil"
        assert widget.styled(".row p", "unicodeBidi") in ("isolate", "plaintext")

    def test_lines_are_kept_and_long_words_broken(self, make: MakeWidget) -> None:
        widget = opened(
            make, transcript=[message(1, "assistant", "one\ntwo"), message(2, "assistant", "x" * 3000)]
        )
        box = widget.panel.locator(".row p").first.bounding_box()
        assert box
        assert box["height"] > 40
        assert widget.panel.locator(".scroll").evaluate("(one) => one.scrollWidth <= one.clientWidth")

    def test_a_very_long_text_opens_on_demand(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=[message(1, "assistant", "a" * 100_000)])
        text = widget.panel.locator(".row p")
        assert len(text.text_content() or "") == 4_001
        widget.button("Show all").click()
        assert len(text.text_content() or "") == 100_000
        expect(widget.button("Show all")).to_have_count(0)

    def test_a_new_message_leaves_five_hundred_rows_as_they_are(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=TALK)
        rows = widget.panel.locator(".row")
        assert rows.count() == 500
        rows.evaluate_all("(rows) => rows.forEach((row) => { row.mine = true; })")
        changes = """() => { window.changes = 0; new MutationObserver((list) => { list.forEach((one) => {
            window.changes += one.addedNodes.length + one.removedNodes.length; }) }).observe(
            document.querySelector('#rover-widget-root').shadowRoot.querySelector('[role=log]'),
            { childList: true, subtree: true, characterData: true, attributes: true }); }"""
        widget.page.evaluate(changes)
        widget.update(transcript=[*TALK, message("new", "assistant", "The last one")])
        assert rows.evaluate_all("(rows) => rows.map((row) => row.mine ?? false)") == [*[True] * 500, False]
        assert widget.page.evaluate("window.changes") == 1

    def test_a_changed_message_is_the_only_row_made_anew(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=TALK[:5])
        rows = widget.panel.locator(".row")
        rows.evaluate_all("(rows) => rows.forEach((row) => { row.mine = true; })")
        widget.update(transcript=[*TALK[:2], message(2, "user", "Other"), *TALK[3:5]])
        assert rows.evaluate_all("(rows) => rows.map((row) => row.mine ?? false)") == [
            True,
            True,
            False,
            True,
            True,
        ]
        assert "Other" in rows.nth(2).text_content()  # type: ignore[operator]

    def test_rows_follow_the_order_and_go_with_their_messages(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=TALK[:4])
        widget.update(transcript=[TALK[3], TALK[1], message(1, "user", "The same id again")])
        found = [row.split()[2] for row in widget.panel.locator(".row").all_text_contents()]
        assert found == ["3", "1", "same"]

    def test_rows_out_of_sight_are_not_laid_out(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=TALK)
        assert widget.styled(".row", "contentVisibility") == "auto"

    def test_stays_at_the_end_unless_the_visitor_reads_further_up(self, make: MakeWidget) -> None:
        widget = opened(make, transcript=TALK[:60])
        last = widget.panel.locator(".row").last
        expect(last).to_be_in_viewport()
        widget.update(transcript=TALK[:61])
        expect(last).to_be_in_viewport()
        widget.panel.locator(".scroll").hover()
        widget.page.mouse.wheel(0, -2000)
        expect(last).not_to_be_in_viewport()
        widget.update(transcript=TALK[:62])
        widget.page.wait_for_timeout(100)
        expect(last).not_to_be_in_viewport()
        widget.field.fill("A wish")
        widget.field.press("Enter")
        widget.update(transcript=[*TALK[:62], message("n", "user", "A wish")])
        expect(last).to_be_in_viewport()

    def test_shows_the_last_steps_with_their_states(self, make: MakeWidget) -> None:
        steps = [{"id": n, "text": f"Step {n}", "status": "done"} for n in range(5)]
        steps[3]["status"], steps[4]["status"] = "failed", "active"
        widget = opened(make, status="running", live=steps)
        shown = widget.panel.locator(".steps li")
        assert shown.all_text_contents() == ["Step 2 (done)", "Step 3 (did not work)", "Step 4 (under way)"]
        two = make(experience={**WINDOW, "stream": {"maxVisibleLiveCards": 2}}, state={"live": steps})
        two.call("open")
        assert two.panel.locator(".steps li").count() == 2


class TestBlocks:
    def test_tell_the_answer_instead_of_the_text(self, make: MakeWidget) -> None:
        widget = said(make, {"type": "text", "text": "In parts"}, text="In one piece")
        assert widget.panel.locator(".body").text_content() == "In parts"
        other = said(make, {"type": "list", "items": ["a"]}, text="In one piece")
        assert other.panel.locator(".body").text_content() == "In one piecea"

    def test_a_list_has_its_items(self, make: MakeWidget) -> None:
        items = [
            "Plain",
            {"title": "Titled", "url": "https://a.example/x", "note": "new"},
            {"title": "T", "text": "More"},
        ]
        widget = said(make, {"type": "list", "title": "Boats", "items": items})
        texts = widget.panel.get_by_role("listitem").all_text_contents()
        assert texts == ["Plain", "Titleda.examplenew", "TMore"]
        expect(widget.panel.get_by_text("Boats")).to_be_visible()

    def test_a_table_has_its_head_and_can_be_scrolled_by_keyboard(self, make: MakeWidget) -> None:
        block = {
            "type": "table",
            "title": "Prices",
            "columns": ["Ticket", "Price"],
            "rows": [["Adult", 8.5], ["Child"]],
        }
        widget = said(make, block)
        assert widget.panel.get_by_role("columnheader").all_text_contents() == ["Ticket", "Price"]
        assert widget.panel.get_by_role("cell").all_text_contents() == ["Adult", "8.5", "Child"]
        expect(widget.panel.get_by_role("region", name="Prices")).to_have_attribute("tabindex", "0")

    def test_long_lists_and_tables_say_what_is_missing(self, make: MakeWidget) -> None:
        widget = said(
            make,
            {"type": "list", "items": [f"i{n}" for n in range(250)]},
            {"type": "table", "rows": [[f"r{n}"] * 20 for n in range(201)]},
        )
        assert widget.panel.get_by_role("listitem").count() == 200
        assert widget.panel.get_by_role("cell").count() == 200 * 12
        expect(widget.panel.get_by_text("and 50 more")).to_have_count(1)
        expect(widget.panel.get_by_text("and 1 more")).to_have_count(1)

    def test_a_citation_is_a_source_below(self, make: MakeWidget) -> None:
        block = {"type": "citation", "url": "https://a.example/p", "title": "Prices", "quote": "Adult £8.50"}
        widget = said(make, block, {"type": "text", "text": "It costs £8.50."})
        assert (
            widget.panel.locator(".body").text_content() == "It costs £8.50.SourcesAdult £8.50Pricesa.example"
        )

    @pytest.mark.parametrize("url", ["https://a.example/x?y=1", "http://a.example/", "mailto:a@b.example"])
    def test_a_safe_link_opens_a_tab_that_knows_nothing_of_the_page(self, make: MakeWidget, url: str) -> None:
        widget = said(make, {"type": "link", "title": "There", "url": url})
        link = widget.panel.get_by_role("link", name="There")
        expect(link).to_have_attribute("href", url)
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        expect(link).to_have_attribute("target", "_blank")

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            " java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://a.example/1",
            "file:///etc/passwd",
            "//a.example",
            "/relative",
            "https://",
            5,
            None,
            {"a": 1},
        ],
    )
    def test_any_other_link_is_text(self, make: MakeWidget, url: Any) -> None:
        widget = said(
            make,
            {"type": "link", "title": "There", "url": url},
            {"type": "list", "items": [{"title": "There", "url": url}]},
            {"type": "text", "text": "There", "url": url},
            {"type": "citation", "title": "There", "quote": "q", "url": url},
        )
        assert widget.panel.get_by_role("link").count() == 0
        assert widget.panel.get_by_text("There", exact=True).count() == 4

    def test_a_title_cannot_hide_where_its_link_leads(self, make: MakeWidget) -> None:
        widget = said(make, {"type": "link", "title": "https://bank.example", "url": "https://evil.example/"})
        expect(widget.panel.get_by_text("evil.example")).to_be_visible()

    @pytest.mark.parametrize(
        "blocks",
        [
            "text",
            5,
            {"type": "text"},
            [None, 1, "x", [], {}, {"type": None}, {"type": "list"}, {"type": "table", "rows": 3}],
            [{"type": "list", "items": [None, 7, {}, {"title": ["x"], "url": 5}]}],
            [
                {"type": "table", "columns": 5, "rows": [None, 7, [], [[1], {}], {"a": 1}]},
                {"type": "citation"},
            ],
        ],
    )
    def test_of_any_shape_are_borne(self, make: MakeWidget, blocks: Any) -> None:
        widget = opened(
            make, transcript=[message(1, "assistant", "The text", blocks=blocks), message(2, "user", "After")]
        )
        expect(widget.panel.get_by_role("log").get_by_text("After")).to_be_visible()
        assert widget.page.evaluate("window.faults") == []
