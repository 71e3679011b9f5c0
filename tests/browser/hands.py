"""One journey, three kinds of hands: a mouse, a keyboard alone, a finger."""

import re
from collections.abc import Callable
from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 250
FOCUS_RING = """(element) => {
    const shows = (one) => { const style = getComputedStyle(one);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none' };
    const box = element.getBoundingClientRect();
    const seen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return seen && (shows(element) || shows(element.closest('label') ?? element)) }"""
"""Whether the element is in the window and something around it shows that it has the focus."""


class Hand(Protocol):
    """How a person works a page. Each name is that of a control as it is read out."""

    page: Page

    def press(self, target: Locator) -> None:
        """A button, a link, a summary, a checkbox."""

    def write(self, target: Locator, text: str) -> None:
        """Text in place of what is there."""

    def choose(self, target: Locator) -> None:
        """A radio button."""


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.click()
        target.fill(text)

    def choose(self, target: Locator) -> None:
        target.click()


class Finger(Mouse):
    def press(self, target: Locator) -> None:
        target.tap()

    def write(self, target: Locator, text: str) -> None:
        target.tap()
        target.fill(text)

    def choose(self, target: Locator) -> None:
        target.tap()


class Keyboard:
    """Tab until it is there, then Enter, Space or the arrows. What has the focus must show it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Space" if target.get_attribute("type") == "checkbox" else "Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, target: Locator) -> None:
        """Into the group by Tab, within it by the arrows."""
        name = target.get_attribute("name") or ""
        self._tab(lambda: bool(self.page.evaluate("document.activeElement.name") == name), name)
        for _ in range(20):
            if self._has_focus(target):
                break
            self.page.keyboard.press("ArrowDown")
        self._check_ring(target)
        assert target.is_checked()

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        self._tab(lambda: self._has_focus(target), str(target))
        self._check_ring(target)

    def _tab(self, is_there: Callable[[], bool], what: str) -> None:
        for _ in range(MOST_TABS):
            if is_there():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {what} on {self.page.url}")

    def _has_focus(self, target: Locator) -> bool:
        return bool(target.evaluate("(element) => element === document.activeElement"))

    def _check_ring(self, target: Locator) -> None:
        assert target.evaluate(FOCUS_RING), f"no visible focus on {target} of {self.page.url}"


def named(text: str) -> re.Pattern[str]:
    """A name that begins so."""
    return re.compile("^" + re.sub(r"([.?*+()\[\]])", r"\\\1", text), re.IGNORECASE)
