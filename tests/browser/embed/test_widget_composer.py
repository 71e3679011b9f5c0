"""Where the visitor writes: sending, stopping, shortcuts."""

import pytest
from playwright.sync_api import expect

from tests.browser.embed import widgets
from tests.browser.embed.widgets import MakeWidget, message

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
SHORTCUTS = [
    {"id": f"s{n}", "label": f"Shortcut {n}", "icon": "★", "description": "What it does"} for n in range(14)
]
TALK = [message(1, "user", "Hello"), message(2, "assistant", "Good day.")]


class TestComposer:
    def test_enter_sends_and_shift_enter_begins_a_line(self, make: MakeWidget) -> None:
        widget = make()
        widget.seed.click()
        height = widget.field.bounding_box()
        widget.page.keyboard.type("  first")
        widget.page.keyboard.press("Shift+Enter")
        widget.page.keyboard.type("second ")
        grown = widget.field.bounding_box()
        assert height
        assert grown
        assert grown["height"] > height["height"] + 10
        widget.page.keyboard.press("Enter")
        assert ["send", "first\nsecond"] in widget.told
        expect(widget.field).to_have_value("")
        expect(widget.field).to_be_focused()
        assert widget.presence() == "window"

    def test_nothing_is_not_sent(self, make: MakeWidget) -> None:
        widget = make()
        widget.seed.click()
        expect(widget.button("Send")).to_be_disabled()
        widget.page.keyboard.type("   ")
        widget.page.keyboard.press("Enter")
        assert widget.told == [["opened"]]

    def test_enter_within_a_composition_does_not_send(self, make: MakeWidget) -> None:
        widget = make()
        widget.seed.click()
        session = widget.page.context.new_cdp_session(widget.page)
        session.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
        session.send(
            "Input.dispatchKeyEvent",
            {"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229},
        )
        assert [one for one in widget.told if one[0] == "send"] == []
        session.send("Input.insertText", {"text": "日本"})
        widget.page.keyboard.press("Enter")
        assert ["send", "日本"] in widget.told

    def test_what_was_begun_is_still_there_in_every_state(self, make: MakeWidget) -> None:
        widget = make()
        widget.seed.click()
        widget.page.keyboard.type("Half a wish")
        widget.button("Open the conversation").click()
        widget.update(status="running", transcript=TALK)
        widget.page.keyboard.press("Escape")
        widget.seed.click()
        expect(widget.field).to_have_value("Half a wish")

    def test_grows_to_a_limit_and_then_scrolls(self, make: MakeWidget) -> None:
        widget = make()
        widget.open()
        widget.field.fill("line\n" * 80)
        box = widget.field.bounding_box()
        assert box
        assert box["height"] < 200
        expect(widget.button("Send")).to_be_in_viewport()

    def test_offers_the_first_twelve_shortcuts_in_the_owners_order(self, make: MakeWidget) -> None:
        last = {"id": "first", "label": "Sooner", "order": 1}
        off = {"id": "off", "label": "Off", "enabled": False, "order": 0}
        widget = make(
            shortcuts=[*SHORTCUTS, {"id": "s0", "label": "Twice"}, last, off, None, {"label": "No id"}]
        )
        widget.open()
        labels = widget.panel.get_by_role("list", name="Suggestions").locator(".label").all_text_contents()
        assert labels == ["Sooner", *[f"Shortcut {n}" for n in range(11)]]
        widget.panel.get_by_text("Shortcut 3").dblclick()
        assert widget.told[1:] == [["shortcut", "s3"]]

    def test_stops_once(self, make: MakeWidget) -> None:
        widget = make(state={"status": "running", "transcript": TALK})
        widget.call("open")
        widget.button("Stop").dblclick(force=True)
        assert widget.told == [["opened"], ["stop"]]
        widget.update(status="cancelled")
        expect(widget.button("Stop")).to_have_count(0)
        widget.update(status="running")
        expect(widget.button("Stop")).to_be_enabled()

    def test_begins_and_ends_a_task(self, make: MakeWidget) -> None:
        widget = make(state={"transcript": TALK})
        widget.call("open")
        widget.button("New task").click()
        widget.button("End task").click()
        assert widget.told[1:] == [["newTask"], ["endTask"]]
        widget.update(transcript=[])
        expect(widget.button("New task")).to_have_count(0)

    def test_another_hint_each_time(self, make: MakeWidget) -> None:
        widget = make(shortcuts=[{"id": "a", "label": "Find a boat"}])
        hints = []
        for _ in range(4):
            widget.call("open")
            hints.append(widget.field.get_attribute("placeholder"))
            widget.call("close")
        assert len(set(hints[:3])) == 3
        assert hints[2] == "Try “Find a boat”"
        assert hints[3] == hints[0]
