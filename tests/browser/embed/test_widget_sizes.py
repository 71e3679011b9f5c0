"""A window of the visitor's size on a desk, a sheet on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.embed import widgets
from tests.browser.embed.widgets import MakeWidget, Widget, message

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
WINDOW = {"shell": {"openMode": "window"}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SHORTCUTS = [{"id": f"s{n}", "label": f"Shortcut {n}", "description": "What it does"} for n in range(4)]
TALK = [message(1, "user", "Hello"), message(2, "assistant", "Good day.")]


def size(widget: Widget) -> tuple[int, int]:
    box = widget.panel.bounding_box()
    assert box
    return round(box["width"]), round(box["height"])


class TestWindow:
    def test_has_the_owners_size_within_its_limits(self, make: MakeWidget) -> None:
        for shell, size in [
            ({}, (960, 600)),
            ({"desktopSize": 10, "desktopHeight": 10}, (640, 400)),
            ({"desktopSize": 5000}, (1200, 600)),
        ]:
            widget = make(experience={"shell": {"openMode": "window", **shell}})
            widget.call("open")
            box = widget.panel.bounding_box()
            assert box
            assert (round(box["width"]), round(box["height"])) == size

    def test_is_resized_by_pointer_and_by_keys_and_remembers(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW, site="s")
        widget.call("open")
        grip = widget.button("Change the size")
        box = grip.bounding_box()
        assert box
        mouse, x, y = widget.page.mouse, box["x"] + 10, box["y"] + 10
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 100, y - 50)
        mouse.up()
        assert size(widget) == (860, 650)
        grip.press("ArrowRight")
        grip.press("ArrowDown")
        assert size(widget) == (828, 618)
        again = make(page=widget.page, experience=WINDOW, site="s")
        again.call("open")
        assert size(again) == (828, 618)

    def test_never_leaves_the_view(self, make: MakeWidget) -> None:
        widget = make(
            experience={"shell": {"openMode": "window", "desktopSize": 1200, "desktopHeight": 2000}}
        )
        widget.call("open")
        widget.page.set_viewport_size({"width": 660, "height": 420})
        box = widget.panel.bounding_box()
        assert box
        assert (box["x"], box["y"], box["width"], box["height"]) == (20, 20, 620, 380)

    def test_opens_where_the_seed_is(self, make: MakeWidget) -> None:
        widget = make(
            experience={
                "presence": {"defaultAnchor": "top-left"},
                "shell": {"openMode": "window", "safeAreaInsetPx": 8},
            }
        )
        widget.call("open")
        box = widget.panel.bounding_box()
        assert box
        assert (box["x"], box["y"]) == (8, 8)


class TestPhone:
    def test_is_a_sheet_over_the_whole_page(self, make: MakeWidget) -> None:
        widget = make(context=PHONE)
        widget.seed.click()
        assert widget.presence() == "window"
        assert size(widget) == (390, 844)
        expect(widget.panel).to_have_attribute("aria-modal", "true")

    def test_beyond_640_pixels_it_is_a_window(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW, context={"viewport": {"width": 641, "height": 800}})
        widget.call("open")
        assert size(widget) == (601, 600)
        expect(widget.panel).not_to_have_attribute("aria-modal", "true")
        widget.page.set_viewport_size({"width": 640, "height": 800})
        assert size(widget) == (640, 800)

    def test_tab_goes_round_in_the_whole_sheet(self, make: MakeWidget) -> None:
        widget = make(context=PHONE, shortcuts=SHORTCUTS)
        widget.seed.click()
        seen = []
        for _ in range(24):
            widget.page.keyboard.press("Tab")
            seen.append(
                widget.host.evaluate("(host) => host.shadowRoot.activeElement?.textContent ?? 'outside'")
            )
        assert "outside" not in seen
        widget.page.keyboard.press("Shift+Tab")
        assert widget.page.evaluate("document.activeElement.id") == "rover-widget-root"

    def test_half_of_it_leaves_the_page_to_be_used(self, make: MakeWidget) -> None:
        widget = make(context=PHONE)
        widget.seed.click()
        grip = widget.button("Change the size")
        box = grip.bounding_box()
        assert box
        mouse, x, y = widget.page.mouse, box["x"] + 20, box["y"] + 10
        mouse.move(x, y)
        mouse.down()
        mouse.move(x, y + 120)
        mouse.up()
        assert size(widget)[1] == 464
        expect(widget.panel).not_to_have_attribute("aria-modal", "true")
        widget.page.locator("#host").fill("Ada")
        grip.press("ArrowUp")
        assert size(widget)[1] == 844
        grip.press("ArrowDown")
        grip.press("ArrowDown")
        assert widget.presence() == "seed"

    def test_what_can_be_touched_is_large_enough(self, make: MakeWidget) -> None:
        widget = make(context=PHONE, shortcuts=SHORTCUTS, state={"status": "running", "transcript": TALK})
        widget.seed.click()
        small = widget.panel.locator("button:visible, textarea:visible").evaluate_all(
            """(all) => all.filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < 24)
                .map((one) => one.className)"""
        )
        assert small == []
