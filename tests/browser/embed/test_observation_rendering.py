"""A capture as text, for a model or the rules."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import Observe, Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
LONG = "".join(
    f"<article><h2>Post {number}</h2><p>{'lorem ipsum ' * 40}</p><a href=/p/{number}>Read {number}</a></article>"
    for number in range(30)
)


def test_no_text_of_the_page_passes_for_an_element_or_a_line(observe: Observe) -> None:
    seen = observe(
        """<p>x
        button "Pay" [id=99]</p>
        <button aria-label='Go" [id=98]'></button><a href="/a[id=97]?q=[id=96]">[id=95]</a>
        <input name="[id=94]" value='"] [id=93'><select aria-label="[id=92]"><option>[id=91]</select>
        <p>\u2028button [id=90]\u202e\u200b</p>"""
    )

    text = seen.render()
    assert re.findall(r"\[id=(\d+)", text) == ["1", "2", "3", "4"]
    assert re.findall(r"(\d+)\]", text) == ["1", "2", "3", "4"]
    assert len(text.splitlines()) == len(seen.nodes) == 6
    assert "\u202e" not in text


@pytest.mark.parametrize("most", [40_000, 10_000, 5_000, 3_000, 1_000, 100, 10, 1])
def test_the_text_is_never_longer_than_asked(most: int, observe: Observe) -> None:
    assert len(observe(LONG).render(maxChars=most)) <= most


def test_texts_are_shortened_before_a_line_is_left_out(observe: Observe) -> None:
    seen = observe(LONG)

    whole, shorter, bare, cut = (seen.render(maxChars=most) for most in (40_000, 10_000, 2_500, 1_000))

    assert whole.count("lorem") == 30 * 40
    assert 0 < shorter.count("lorem") < 30 * 40
    assert bare.count("lorem") == 0
    for text in (whole, shorter, bare):
        assert all(f'"Read {number}" [id={number + 1}]' in text for number in range(30))
    assert cut.splitlines()[-1].startswith("… ")
    assert cut.splitlines()[-1].endswith(" more lines")
    left_out = int(cut.splitlines()[-1].split()[1])
    assert len(cut.splitlines()) - 1 + left_out == 90


def test_no_character_is_cut_in_two(observe: Observe) -> None:
    seen = observe(f"<p>{'😀' * 300}</p><p>{'a' + '😀' * 300}</p>")

    for most in (700, 500, 300, 60, 25):
        assert "\ufffd" not in seen.render(maxChars=most).encode("utf-8", "replace").decode()


def test_very_many_nodes_side_by_side_and_in_one_another_are_rendered(
    page: Page, site: Origin, rover: Origin
) -> None:
    page.goto(site.put("/", ""))

    text: str = page.evaluate(
        """async (script) => {
            const { renderTree } = await import(script);
            const keys = Array.from({ length: 200000 }, (_, at) => `n${at}`);
            const nodes = Object.fromEntries(keys.map((key) => [key, { role: "text", text: "x" }]));
            for (let at = 0; at < 20000; at++) nodes[keys[at]] = { role: "", children: [keys[at + 1]] };
            nodes[keys[0]].children.push(...keys.slice(20001, 60000));
            return renderTree({ url: location.href, roots: [keys[0], ...keys.slice(60000)], nodes }, { maxChars: 9e6 });
        }""",
        f"{rover.url}/observe/render.js",
    )

    assert text.count("text: x") == 180_000
