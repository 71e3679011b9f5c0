"""What bounds a run with a model: steps, tokens, pages, bytes, seconds, stop signals, room in the conversation."""

import asyncio
import time

import pytest

from tasks.executing.model import ModelLimits
from tasks.executing.protocol import Budget, Entry, Failed, Observation, Step, Stopped, Tool, ToolStatus
from tests.tasks.executing.journeys import Notes
from tests.tasks.executing.model_runs import run
from tests.tasks.executing.model_server import Reply, Script, Sent, answers, calls, reads
from tests.tasks.executing.small_site import SmallSite

GIVES_UP = calls(("give_up", {"reason": "-"}))
PAGES = {f"/{at}": f"<h1>Page {at}</h1><p>{f'Text of page {at}. ' * 200}</p>" for at in range(20)}


def _reads_on(sent: Sent) -> Reply:
    """A model that reads one page after another, for ever."""
    return reads(f"/{len(sent.results)}")


async def test_no_more_steps_are_taken_than_allowed_whatever_they_are() -> None:
    async with SmallSite(PAGES) as site:
        many = calls(*[("read_page", {"url": f"/{at}"}) for at in range(10)])
        ran = await run(site.base_url, many, limits=ModelLimits(steps=4))
        assert site.paths == ["/robots.txt", "/0", "/1", "/2", "/3"]
    assert ran.outcome == Failed(
        code="budget_exhausted",
        message="The steps of this task ran out before the model had an answer (4 page(s) read).",
        data={"budget": "steps"},
    )


async def test_the_last_step_may_be_the_answer() -> None:
    async with SmallSite(PAGES) as site:
        cited = (f"{site.base_url}/1", "Text of page 1.")
        ran = await run(site.base_url, reads("/1"), answers("1", cited), limits=ModelLimits(steps=2))
    assert ran.completed.text == "1"


async def test_no_more_pages_are_read_than_the_budget_allows_and_the_model_may_still_answer() -> None:
    async with SmallSite(PAGES) as site:
        cited = (f"{site.base_url}/1", "Text of page 1.")
        script: tuple[Script, ...] = (reads("/0"), reads("/1"), reads("/2"), reads("/1"), answers("1", cited))
        ran = await run(site.base_url, *script, budget=Budget(pages=2))
        assert site.paths == ["/robots.txt", "/0", "/1"]
    assert ran.sent[3].last.startswith(
        "Error. The pages of this task are used up: no further page can be read."
    )
    assert "Text of page 1." in ran.sent[4].last
    assert ran.completed.text == "1"


async def test_a_model_that_gives_up_for_lack_of_pages_has_exhausted_the_budget() -> None:
    async with SmallSite(PAGES) as site:
        ran = await run(site.base_url, reads("/0"), reads("/1"), GIVES_UP, budget=Budget(pages=1))
    assert (ran.failed.code, ran.failed.data) == ("budget_exhausted", {"budget": "pages"})


async def test_pages_that_cannot_be_had_count_as_pages_but_each_only_once() -> None:
    async with SmallSite(PAGES) as site:
        ran = await run(
            site.base_url,
            reads("/x"),
            reads("/x"),
            reads("/1"),
            reads("/2"),
            GIVES_UP,
            budget=Budget(pages=2),
        )
        assert site.paths == ["/robots.txt", "/x", "/1"]
    assert ran.sent[4].results[:2] == ["Error. page_unavailable (HTTP 404): It could not be had."] * 2


async def test_forms_count_as_pages() -> None:
    async with SmallSite({"/": "<form action='/f'><input name='q'></form>", "/f": "<p>Found.</p>"}) as site:
        sends = calls(("submit_form", {"form": 1, "values": {"q": "x"}}))
        ran = await run(site.base_url, reads("/"), sends, GIVES_UP, budget=Budget(pages=1))
        assert site.paths == ["/robots.txt", "/"]
    assert ran.failed.data == {"budget": "pages"}


async def test_no_page_is_read_after_the_bytes_are_used_up() -> None:
    async with SmallSite(PAGES) as site:
        ran = await run(
            site.base_url, reads("/0"), reads("/1"), reads("/2"), GIVES_UP, budget=Budget(bytes=5_000)
        )
        assert site.paths == ["/robots.txt", "/0", "/1"]
    assert ran.failed.data == {"budget": "bytes"}


async def test_time_runs_out_while_the_model_thinks() -> None:
    async with SmallSite(PAGES) as site:
        began = time.monotonic()
        ran = await run(site.base_url, reads("/0"), Reply(delay=30), budget=Budget(seconds=2.0))
        assert time.monotonic() - began < 15
    assert ran.outcome == Failed(
        code="budget_exhausted",
        message="The seconds of this task ran out before the model had an answer (1 page(s) read).",
        data={"budget": "seconds"},
    )


async def test_a_run_without_any_time_asks_nobody() -> None:
    ran = await run("http://127.0.0.1:9", GIVES_UP, budget=Budget(seconds=0))
    assert ran.failed.data == {"budget": "seconds"}
    assert ran.sent == []


async def test_time_runs_out_in_the_midst_of_a_page_and_the_journal_says_so() -> None:
    async with SmallSite(PAGES, delay=30) as site:
        ran = await run(site.base_url, reads("/0"), budget=Budget(seconds=2.0))
        base = site.base_url
    assert ran.failed.data == {"budget": "seconds"}
    assert ran.notes.entries[-1] == Tool(
        name="read", status=ToolStatus.FAILED, message=f"{base}/0: out of time"
    )


async def test_a_stop_in_the_midst_of_a_page_ends_the_run_at_once() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, stop.set)
    async with SmallSite(PAGES, delay=30) as site:
        began = time.monotonic()
        ran = await run(site.base_url, reads("/0"), stop=stop)
        assert time.monotonic() - began < 15
    assert ran.outcome == Stopped()


async def test_a_stop_between_two_calls_of_a_turn_ends_the_run() -> None:
    stop = asyncio.Event()

    class Stopper(Notes):
        async def write(self, entry: Entry) -> None:
            await super().write(entry)
            if isinstance(entry, Observation):
                stop.set()

    async with SmallSite(PAGES) as site:
        ran = await run(
            site.base_url,
            calls(("read_page", {"url": "/0"}), ("read_page", {"url": "/1"})),
            stop=stop,
            notes=Stopper(),
        )
        assert site.paths == ["/robots.txt", "/0"]
    assert ran.outcome == Stopped()


async def test_a_run_that_is_stopped_before_it_starts_asks_nobody() -> None:
    stop = asyncio.Event()
    stop.set()
    ran = await run("http://127.0.0.1:9", GIVES_UP, stop=stop)
    assert ran.outcome == Stopped()
    assert (ran.sent, ran.notes.entries) == ([], [])


async def test_what_the_journal_raises_ends_the_run_and_goes_through() -> None:
    class Lost(Exception):
        pass

    class Leaky(Notes):
        async def write(self, entry: Entry) -> None:
            if isinstance(entry, Step) and entry.text.startswith("Reading"):
                raise Lost

    async with SmallSite(PAGES) as site:
        with pytest.raises(Lost):
            await run(site.base_url, reads("/0"), notes=Leaky())
        assert site.paths == []


async def test_old_pages_leave_the_conversation_when_it_gets_too_long_and_can_be_shown_again() -> None:
    async with SmallSite(PAGES) as site:
        script: tuple[Script, ...] = (*[_reads_on] * 8, reads("/0"), GIVES_UP)
        ran = await run(site.base_url, *script, limits=ModelLimits(context_tokens=5_000))
        assert site.paths.count("/0") == 1
    shown = ran.sent[8].results
    assert len(shown) == 8
    assert shown[0].startswith("Left out here to save room.")
    assert "Text of page 7." in shown[7]
    assert "Text of page 0." in ran.sent[9].results[8]
    assert max(len(str(sent.body["messages"])) for sent in ran.sent) < 5_000 * 5
    for sent in ran.sent:
        assert [said["role"] for said in sent.body["messages"]] == [
            "system", "user", *["assistant", "tool"] * len(sent.results),
        ]  # fmt: skip


async def test_the_results_of_the_last_turn_are_never_left_out() -> None:
    async with SmallSite(PAGES) as site:
        many = calls(*[("read_page", {"url": f"/{at}"}) for at in range(4)])
        ran = await run(site.base_url, many, GIVES_UP, limits=ModelLimits(context_tokens=1_000))
    assert all(f"Text of page {at}." in result for at, result in enumerate(ran.sent[1].results))


async def test_forms_and_links_of_a_page_are_shown_to_a_bounded_length() -> None:
    links = "".join(f"<a href='/{at}-{'x' * 200}'>Link {at}</a> " for at in range(500))
    fields = "".join(f"<input name='field{at}{'y' * 100}'>" for at in range(60))
    async with SmallSite({"/": f"<p>{links}</p><form>{fields}</form>"}) as site:
        ran = await run(site.base_url, reads("/"), GIVES_UP, limits=ModelLimits(page_chars=2_000))
    assert len(ran.sent[1].last) < 5_000


@pytest.mark.parametrize("name", ["steps", "tokens", "context_tokens", "page_chars", "answer_bytes"])
def test_a_limit_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        ModelLimits(**{name: 0})
