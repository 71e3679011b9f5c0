"""The way of events to the collector: batches, retries and bounds, with a Rover that the test plays itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.embed.conftest import EMBED, Origin, serving
from tests.browser.embed.widgets import WATCH

pytestmark = [pytest.mark.browser, pytest.mark.once]
PLAYED = """async ([script, config]) => {
    const { enableRoverBook } = await import(script);
    const handlers = {};
    window.written = [];
    window.answers = [];
    window.flying = 0;
    window.together = 0;
    window.tell = (name, data) => (handlers[name] ?? []).forEach((handler) => handler(data));
    window.rover = {
        on(name, handler) {
            (handlers[name] ??= []).push(handler);
            return () => { handlers[name] = handlers[name].filter((one) => one !== handler); };
        },
        getState: () => ({ roverbook: { needsConsent: false } }),
        registerTool() { return () => {}; },
        async requestSigned(url, init) {
            window.flying++;
            window.together = Math.max(window.together, window.flying);
            await new Promise((done) => { setTimeout(done, 5); });
            window.flying--;
            window.written.push({
                at: performance.now(), path: new URL(url).pathname, keepalive: init.keepalive === true,
                body: JSON.parse(init.body),
            });
            const status = window.answers.shift() ?? 200;
            if (status === 0) throw new TypeError('Failed to fetch');
            const body = JSON.stringify({ success: status === 200, data: {}, error: 'CODE' });
            return new Response(body, { status });
        },
    };
    window.book = enableRoverBook(window.rover, config);
}"""
RUN = """(n) => {
    const run = { runId: 'r1', taskBoundaryId: 'b1' };
    window.tell('task_started', run);
    for (let i = 1; i < n; i++) window.tell('status', { compactThought: `${i}` });
}"""
LATER = 600_000


@pytest.fixture(scope="module")
def scripts() -> Iterator[Origin]:
    """The origin of the script."""
    with serving(Origin(files=EMBED.with_name("roverbook"))) as origin:
        yield origin


@pytest.fixture(scope="module")
def site() -> Iterator[Origin]:
    """The site."""
    with serving(Origin()) as origin:
        origin.put("/", "<!doctype html><title>Shop</title>")
        yield origin


@pytest.fixture
def page(browser: Browser, site: Origin) -> Iterator[Page]:
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(site.url + "/")
    yield page
    context.close()


def play(page: Page, scripts: Origin, **config: Any) -> None:
    page.evaluate(PLAYED, [f"{scripts.url}/main.js", {"flushIntervalMs": LATER, **config}])


def written(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.written")
    return found


def told(page: Page) -> list[list[str]]:
    """The summaries of each batch that was written."""
    return [[event.get("summary", "") for event in one["body"]["events"]] for one in written(page)]


class TestBatches:
    def test_have_at_most_25_events_and_are_sent_one_at_a_time_in_order(
        self, page: Page, scripts: Origin
    ) -> None:
        play(page, scripts)
        page.evaluate(RUN, 60)
        page.evaluate("window.book.flush()")
        batches = told(page)
        assert [len(batch) for batch in batches] == [25, 25, 10]
        assert [text for batch in batches for text in batch] == ["", *(str(n) for n in range(1, 60))]
        assert page.evaluate("window.together") == 1

    def test_tell_the_visit_as_it_is_by_then(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate(RUN, 3)
        page.evaluate("window.book.flush()")
        [batch] = written(page)
        body = batch["body"]
        assert (body["visitId"], body["runId"], body["visit"]["eventCount"]) == ("b1", "r1", 3)
        assert body["visit"]["pagesVisited"] == [f"{page.url}"]
        assert len({event["eventId"] for event in body["events"]}) == 3

    def test_go_by_themselves_after_the_pause_which_is_a_second_at_least(
        self, page: Page, scripts: Origin
    ) -> None:
        play(page, scripts, flushIntervalMs=1)
        begun = page.evaluate("performance.now()")
        page.evaluate(RUN, 2)
        page.wait_for_function("window.written.length === 1")
        assert written(page)[0]["at"] - begun >= 1_000

    def test_of_more_than_a_hundred_that_wait_have_the_newest(self, page: Page, scripts: Origin) -> None:
        play(page, scripts, needsConsent=True)
        page.evaluate(RUN, 150)
        page.evaluate("window.RoverBook.setConsent({ analytics: true })")
        page.evaluate("window.book.flush()")
        texts = [text for batch in told(page) for text in batch]
        assert texts == [str(n) for n in range(50, 150)]


class TestAFailure:
    def test_that_may_pass_is_tried_again_and_later_each_time(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate("window.answers = [0, 503]")
        page.evaluate(RUN, 2)
        page.evaluate("window.book.flush()")
        first, second, third = written(page)
        assert first["body"] == second["body"] == third["body"]
        assert second["at"] - first["at"] >= 750
        assert third["at"] - second["at"] >= 1_500
        assert page.evaluate("sessionStorage.getItem('rover:roverbook:unsent')") is None

    def test_that_lasts_over_four_more_tries_is_kept_for_later(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate("window.answers = [0, 0, 0, 0, 0]")
        page.evaluate(RUN, 2)
        page.evaluate("window.book.flush()")
        assert len(written(page)) == 5
        kept = page.evaluate("JSON.parse(sessionStorage.getItem('rover:roverbook:unsent'))")
        assert [one["body"] for one in kept] == [written(page)[0]["body"]]
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_function("sessionStorage.getItem('rover:roverbook:unsent') === null")
        assert written(page)[5]["body"] == written(page)[0]["body"]

    def test_that_is_the_events_own_is_not_tried_again(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate("window.answers = [400]")
        page.evaluate(RUN, 2)
        page.evaluate("window.book.flush()")
        assert len(written(page)) == 1
        assert page.evaluate("sessionStorage.getItem('rover:roverbook:unsent')") is None

    def test_keeps_twenty_batches_and_no_more(self, page: Page, scripts: Origin) -> None:
        page.evaluate("""() => {
            const kept = Array.from({ length: 30 }, (_, n) => ({ id: `${n}`, body: { events: [{ summary: `${n}` }] } }));
            sessionStorage.setItem('rover:roverbook:unsent', JSON.stringify(kept.slice(0, 20)));
        }""")
        play(page, scripts, needsConsent=True)
        page.evaluate("window.RoverBook.setConsent({ analytics: true })")
        page.wait_for_function("window.written.length === 20")
        page.evaluate("window.answers = Array(300).fill(0)")
        page.evaluate("""() => {
            for (let n = 0; n < 30; n++) {
                window.tell('task_started', { runId: `r${n}` });
                window.tell('task_ended', { runId: `r${n}` });
            }
            dispatchEvent(new Event('pagehide'));
        }""")
        kept = page.evaluate("JSON.parse(sessionStorage.getItem('rover:roverbook:unsent'))")
        assert [one["body"]["runId"] for one in kept] == [f"r{n}" for n in range(10, 30)]


class TestAPageThatGoes:
    def test_tells_what_waits_by_requests_that_outlive_it(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate(RUN, 3)
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        page.wait_for_function("window.written.length === 1")
        [batch] = written(page)
        assert (batch["keepalive"], len(batch["body"]["events"])) == (True, 3)
        page.wait_for_function("sessionStorage.getItem('rover:roverbook:unsent') === null")

    def test_and_comes_back_has_its_visit_and_its_pages(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate(RUN, 2)
        page.evaluate("window.book.flush()")
        first = page.url
        page.goto(f"{first}?second=1#x")
        page.evaluate("history.replaceState({}, '', '/boats')")
        play(page, scripts)
        page.evaluate("window.tell('status', { compactThought: 'there' })")
        page.evaluate("window.book.flush()")
        body = written(page)[-1]["body"]
        assert (body["visitId"], body["visit"]["eventCount"]) == ("b1", 3)
        assert body["visit"]["pagesVisited"] == [first, f"{first}boats"]


class TestEvents:
    def test_of_the_whole_session_have_one_name_in_every_tab(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate(RUN, 1)
        page.evaluate("window.tell('run_completed', { runId: 'r1', summary: 'Done' })")
        page.evaluate("window.book.flush()")
        [batch] = written(page)
        assert [event["eventId"] for event in batch["body"]["events"]] == [
            "task_started:r1",
            "run_completed:r1",
        ]

    def test_of_tools_say_how_long_and_how_well_and_not_what_was_typed(
        self, page: Page, scripts: Origin
    ) -> None:
        play(page, scripts)
        page.evaluate("""() => {
            window.tell('task_started', { runId: 'r1' });
            window.tell('tool_start', { name: 'type_into_element', args: { element_id: 4, text: 'my secret' } });
            window.tell('tool_result', { name: 'type_into_element', result: {
                success: false, error: { code: 'ELEMENT_MISSING', message: 'It is gone.' } } });
        }""")
        page.evaluate("window.book.flush()")
        _, start, result = written(page)[0]["body"]["events"]
        assert (start["toolName"], "target" in start) == ("type_into_element", False)
        assert (result["success"], result["errorMessage"], result["payload"]) == (
            False,
            "It is gone.",
            {"code": "ELEMENT_MISSING"},
        )
        assert result["durationMs"] >= 0
        assert "my secret" not in str(written(page))

    def test_told_oddly_cost_nothing(self, page: Page, scripts: Origin) -> None:
        play(page, scripts)
        page.evaluate("""() => {
            const loop = { runId: 'r1' };
            loop.args = loop;
            loop.result = loop;
            const odd = { get runId() { throw new Error('odd'); } };
            for (const name of ['task_started', 'tool_start', 'tool_result', 'error', 'status', 'run_completed']) {
                for (const data of [undefined, null, 7, 'x', odd, loop]) window.tell(name, data);
            }
        }""")
        page.evaluate("window.book.flush()")
        assert written(page)
        assert page.evaluate("window.faults") == []


def test_after_the_end_nothing_is_heard_any_more(page: Page, scripts: Origin) -> None:
    play(page, scripts)
    page.evaluate(RUN, 2)
    page.evaluate("window.book.shutdown()")
    assert len(written(page)) == 1
    page.evaluate(RUN, 2)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert len(written(page)) == 1
