"""When a page is read: at rest, once more where it seems unfinished, and within its time."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import Observe, Origin
from workspace.core.site_config import PAGE_CAPTURE_DEFAULTS, PAGE_CAPTURE_RANGES, sanitised_page_config

pytestmark = [pytest.mark.browser, pytest.mark.once]
GROW = """(every) => {
    let count = 0;
    const timer = setInterval(() => {
        document.querySelector('main').append(`w${++count} `);
        if (count === 20) clearInterval(timer);
    }, every);
}"""

TICK = "setInterval(() => document.querySelector('main').append('.'), 5)"


def treecapture(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["metadata"]["treeCapture"]
    return found


def test_a_page_that_still_changes_is_read_when_it_has_come_to_rest(observe: Observe) -> None:
    seen = observe(
        "<h1>List</h1><main></main>",
        script=f"({GROW})(10)",
        adaptiveSettleDebounceMs=300,
        adaptiveSettleMaxWaitMs=5000,
    )

    assert seen.tree[-1].endswith("w20")


def test_a_page_that_never_rests_is_read_after_the_longest_wait(observe: Observe) -> None:
    seen = observe("<main>x</main>", script=TICK, adaptiveSettleDebounceMs=500, adaptiveSettleMaxWaitMs=400)

    assert 380 <= treecapture(seen.data)["waitedMs"] < 5_000
    assert treecapture(seen.data)["status"] == "normal"


def test_a_wait_that_did_not_help_is_repeated_as_often_as_the_owner_says_for_a_second_in_all(
    observe: Observe,
) -> None:
    options = {"adaptiveSettleDebounceMs": 500, "adaptiveSettleMaxWaitMs": 300}

    twice = observe("<main>x</main>", script=TICK, adaptiveSettleRetries=1, **options)
    often = observe("<main>x</main>", script=TICK, adaptiveSettleRetries=6, **options)

    assert treecapture(twice.data)["waitedMs"] >= 580
    assert 980 <= treecapture(often.data)["waitedMs"] < 7 * 300


def test_a_small_page_that_is_complete_is_read_once(observe: Observe) -> None:
    seen = observe("<p>Hi")

    assert treecapture(seen.data) | {"waitedMs": 0} == {
        "status": "normal",
        "attempts": 1,
        "waitedMs": 0,
        "reasons": [],
    }


@pytest.mark.parametrize(
    ("body", "reason", "change"),
    [
        ("<div id=root></div>", "empty_tree", "root.textContent = 'Arrived, at last'"),
        ("<div id=root></div><p>Please wait …</p>", "shell", "document.body.innerHTML = '<p>Arrived</p>'"),
        ("<p>Loading</p>", "shell", "document.body.innerHTML = '<p>Arrived</p>'"),
        (
            "<main id=root aria-busy=true>Old</main>",
            "busy",
            "root.ariaBusy = false; root.textContent = 'Arrived'",
        ),
        (
            f"<div id=root aria-hidden=true>{'text ' * 60}</div>",
            "text_mismatch",
            "root.ariaHidden = null; root.append('Arrived')",
        ),
    ],
)
def test_a_page_that_seems_unfinished_is_read_again_when_it_has_changed(
    body: str, reason: str, change: str, observe: Observe
) -> None:
    after_the_first_reading = f"""() => Object.defineProperty(document, 'readyState', {{
        configurable: true, get() {{ delete document.readyState; setTimeout(() => {{ {change} }}, 60); return 'complete'; }}
    }})"""

    seen = observe(body, script=after_the_first_reading)

    assert treecapture(seen.data)["status"] == "suspicious_recovered"
    assert treecapture(seen.data)["attempts"] == 2
    assert reason in treecapture(seen.data)["reasons"]
    assert "Arrived" in str(seen.data)


def test_a_page_that_stays_unfinished_is_told_as_it_is_after_one_short_retry(observe: Observe) -> None:
    seen = observe("")

    found = treecapture(seen.data)
    assert found.pop("waitedMs") < 5_000
    assert found == {"status": "suspicious_unrecovered", "attempts": 2, "reasons": ["empty_tree"]}
    assert seen.data["roots"] == []
    assert seen.tree == [""]


@pytest.mark.parametrize("attempts", [0, 3])
def test_the_owner_says_how_often_an_unfinished_page_is_read_again(attempts: int, observe: Observe) -> None:
    seen = observe("", sparseTreeRetryMaxAttempts=attempts, sparseTreeRetryDelayMs=40)

    assert treecapture(seen.data)["attempts"] == attempts + 1


def test_where_the_tree_has_nothing_the_text_of_the_page_stands_in(observe: Observe) -> None:
    seen = observe("<div aria-hidden=true><h1>Boots</h1><p>Warm</p><p data-agent-private>mine</p></div>")

    assert seen.tree == ["text: Boots", "text: Warm", "text: ••••"]
    assert seen.data["metadata"]["textOnly"] is True
    assert treecapture(seen.data)["status"] == "suspicious_unrecovered"


def test_a_reading_that_takes_too_long_ends_with_what_it_has(observe: Observe) -> None:
    busy_between_slices = """() => {
        document.querySelector('main').innerHTML = '<ul><li><a href=/x>link <b>text</b></a></li></ul>'.repeat(12000);
        scheduler.yield = async () => { for (const end = performance.now() + 100; performance.now() < end;); };
    }"""

    seen = observe("<h1>Start</h1><main></main>", script=busy_between_slices, pageDataTimeoutMs=500)

    assert seen.data["metadata"]["truncated"] is True
    assert seen.node("heading", "Start")
    assert 10 < len(seen.nodes) < 30_000


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"disableAutoScroll": False, "onlyTextContent": True},
        dict.fromkeys(PAGE_CAPTURE_RANGES, 1),
        dict.fromkeys(PAGE_CAPTURE_RANGES, 10**12),
        dict.fromkeys(PAGE_CAPTURE_RANGES, 333.9),
        dict.fromkeys(PAGE_CAPTURE_RANGES, "40") | {"disableAutoScroll": "no", "maxParallelTabs": 12},
        dict.fromkeys(PAGE_CAPTURE_RANGES),
    ],
)
def test_options_are_bent_into_the_ranges_that_the_server_keeps(
    given: dict[str, Any], page: Page, site: Origin, rover: Origin
) -> None:
    page.goto(site.put("/", ""))

    config = page.evaluate(
        "async ([script, given]) => (await import(script)).captureConfig(given)",
        [f"{rover.url}/observe/options.js", given],
    )

    assert config == {**PAGE_CAPTURE_DEFAULTS, **(sanitised_page_config(given) or {})}
