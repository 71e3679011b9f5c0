"""What a page must not do, judged in the browser: barriers, complaints of the console, sideways scrolling."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = ("serious", "critical")
SCHEMES = ("light", "dark")
WIDTHS = (1366, 390)
HEIGHT = 844
SETTLED = "Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => true)"
"""Colours that fade from one scheme to the other are neither's."""
_AXE = Axe()


def violations(page: Page) -> list[str]:
    """The grave ones that axe finds, a line each with the elements."""
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = _AXE.run(page, options=options).response["violations"]
    return [_line(one) for one in found if one["impact"] in GRAVE]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def looks(page: Page) -> Iterator[str]:
    """The page in both schemes at both widths; yields the name of each."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.evaluate(SETTLED)
            yield f"{scheme}-{width}"


def _line(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    where = "; ".join(f"{node['target'][0]}: {node['html'][:160]}" for node in nodes[:3])
    why = (nodes[0].get("failureSummary") or "").replace("\n", " ")[:260]
    return f"{violation['id']} ({violation['impact']}, {len(nodes)}×): {where} — {why}"
