"""Wishes decided by a model: what it is told, what it may do, and what becomes of its answers."""

import pytest

from tasks.executing.protocol import (
    Answer,
    Citation,
    Failed,
    InputRequired,
    Message,
    Observation,
    Question,
    Step,
    Tool,
    ToolStatus,
)
from tests.tasks.executing.model_runs import run
from tests.tasks.executing.model_server import answers, calls, reads
from tests.tasks.executing.small_site import SmallSite

pytestmark = pytest.mark.asyncio

SHOP = {
    "/": '<title>Pots</title><h1>Pots</h1><p>We sell iron pots.</p><a href="/prices">Our prices</a>',
    "/prices": "<title>Prices</title><h1>Prices</h1><table><tr><th>Thing</th><th>Price</th></tr>"
    "<tr><td>Kettle</td><td>£31.00</td></tr><tr><td>Pan</td><td>£12.50</td></tr></table>",
}


async def test_a_journey_over_two_pages_ends_with_a_checked_answer(craft: str) -> None:
    ran = await run(
        craft,
        reads(f"{craft}/"),
        reads(f"{craft}/preise.html"),
        answers(
            "Die Teekanne kostet 84,50 €.",
            (f"{craft}/preise.html", "Teekanne 1,2 l 84,50 €"),
            (f"{craft}/", "Unser Ton kommt aus dem Westerwald."),
        ),
        prompt="Was kostet eine Teekanne, und woher kommt der Ton?",
    )
    assert ran.completed.text == "Die Teekanne kostet 84,50 €."
    assert ran.completed.citations == (
        Citation(
            url=f"{craft}/preise.html",
            quote="Teekanne 1,2 l 84,50 €",
            title="Preisliste",
        ),
        Citation(url=f"{craft}/", quote="Unser Ton kommt aus dem Westerwald.", title="Willkommen"),
    )
    assert ran.completed.observation.url == f"{craft}/preise.html"
    assert ran.completed.blocks == ({"type": "text", "text": "Die Teekanne kostet 84,50 €."},)


async def test_the_journal_tells_the_run_in_order() -> None:
    async with SmallSite(SHOP) as site:
        base = site.base_url
        ran = await run(base, reads(f"{base}/prices"), answers("£31.00", (f"{base}/prices", "Kettle £31.00")))
    entries = ran.notes.entries
    assert [type(entry) for entry in entries] == [Step, Step, Tool, Tool, Observation, Message]
    assert entries[0] == Step(text="Looking for: How much is the kettle.")
    assert entries[1] == Step(text=f"Reading {base}/prices.")
    assert entries[2] == Tool(name="read", status=ToolStatus.STARTED, message=f"{base}/prices")
    assert entries[3] == Tool(name="read", status=ToolStatus.COMPLETED, message=f"{base}/prices")
    assert entries[4] == ran.completed.observation
    assert entries[5] == Message(text="£31.00", blocks=ran.completed.blocks)


async def test_steps_are_told_in_the_language_of_the_wish() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(
            site.base_url, reads("/prices"), calls(("give_up", {"reason": "-"})), prompt="Wie teuer ist das?"
        )
        assert Step(text=f"Ich lese {site.base_url}/prices.") in ran.notes.entries


async def test_the_model_is_told_the_site_the_wish_and_the_rules_and_nothing_more() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(site.base_url, calls(("give_up", {"reason": "Nothing there."})))
        sent = ran.sent[0].body
        assert sent.keys() == {"model", "messages", "tools", "stream"}
        assert (sent["model"], sent["stream"]) == ("tiny", False)
        system, user = sent["messages"]
        assert system["role"] == "system"
        assert "Only the wish" in system["content"]
        assert user == {
            "role": "user",
            "content": f"Site: {site.base_url}/\nWish: How much is the kettle?",
        }
        assert site.paths == []
    assert [tool["function"]["name"] for tool in sent["tools"]] == [
        "read_page", "search_page", "submit_form", "answer", "ask", "give_up",
    ]  # fmt: skip


async def test_the_declared_tools_hold_no_reference_and_no_bound_that_a_grammar_stumbles_over() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(site.base_url, calls(("give_up", {"reason": "-"})))
    declared = str(ran.sent[0].body["tools"])
    assert not any(word in declared for word in ("$ref", "$defs", "maxLength", "maxItems", "propertyNames"))
    answer = ran.sent[0].body["tools"][3]["function"]["parameters"]
    assert answer["required"] == ["text", "citations"]
    assert answer["properties"]["citations"]["items"]["required"] == ["url", "quote"]


async def test_a_page_is_shown_with_its_text_tables_and_links() -> None:
    async with SmallSite(SHOP) as site:
        base = site.base_url
        ran = await run(base, reads(base), reads("/prices"), calls(("give_up", {"reason": "-"})))
        first, second = ran.sent[2].results
    assert f"Address: {base}/\nTitle: Pots" in first
    assert "# Pots\nWe sell iron pots." in first
    assert f"Links:\nOur prices → {base}/prices" in first
    assert "(columns: Thing, Price)\nKettle £31.00\nPan £12.50" in second


async def test_a_row_with_an_empty_cell_shows_which_one_is_empty() -> None:
    row = "<tr><td>Monday</td><td></td><td>9 to 5</td></tr>"
    table = f"<table><tr><th>Day</th><th>Museum</th><th>Shop</th></tr>{row}</table>"
    async with SmallSite({"/": table}) as site:
        ran = await run(site.base_url, reads("/"), answers("9 to 5", (f"{site.base_url}/", "Monday 9 to 5")))
    assert "(columns: Day, Museum, Shop)\nMonday 9 to 5 (cells: Monday | | 9 to 5)" in ran.sent[1].last
    assert ran.completed.citations[0].quote == "Monday 9 to 5"


async def test_a_page_of_many_links_shows_the_first_and_lets_search_find_the_rest() -> None:
    links = "".join(f"<li><a href='/{at}'>Link number {at}</a></li>" for at in range(120))
    async with SmallSite({"/": f"<main><ul>{links}</ul></main>"}) as site:
        ran = await run(
            site.base_url,
            reads("/"),
            calls(("search_page", {"text": "number 119"})),
            calls(("give_up", {"reason": "-"})),
        )
        base = site.base_url
    assert f"Link number 79 → {base}/79\n… and 40 more; search_page finds them" in ran.sent[1].last
    assert f"Link number 119 → {base}/119" in ran.sent[2].last


async def test_a_page_that_was_read_is_shown_again_without_a_request() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(
            site.base_url, reads("/prices"), reads("/prices#pan"), calls(("give_up", {"reason": "-"}))
        )
        assert site.paths == ["/robots.txt", "/prices"]
        assert all("Kettle £31.00" in result for result in ran.sent[2].results)


async def test_a_long_page_comes_in_parts_that_lose_nothing() -> None:
    lines = [f"Line number {at} of the long story." for at in range(2_000)]
    async with SmallSite({"/": "".join(f"<p>{line}</p>" for line in lines)}) as site:
        parts = [reads("/", part=at) for at in range(1, 9)]
        ran = await run(site.base_url, *parts, calls(("give_up", {"reason": "-"})))
    shown = [result for result in ran.sent[8].results if result.startswith("Part")]
    assert shown[0].startswith("Part 1 of 6 of the page. Ask for part 2 to read on.\n")
    assert [line for line in "\n".join(shown).splitlines() if line.startswith("Line")] == lines
    assert ran.sent[8].results[6:] == ["Error. The page has only 6 parts."] * 2


async def test_words_are_found_in_all_pages_that_were_read() -> None:
    async with SmallSite(SHOP) as site:
        base = site.base_url
        ran = await run(
            base,
            reads("/"),
            reads("/prices"),
            calls(("search_page", {"text": "pan"})),
            calls(("search_page", {"text": "unicorn"})),
            calls(("give_up", {"reason": "-"})),
        )
        found, nothing = ran.sent[4].results[2:]
        assert f"{base}/prices: Pan £12.50" in found
        assert nothing == "Error. None of the pages that were read holds these words."
        assert site.paths == ["/robots.txt", "/", "/prices"]


async def test_a_feed_and_the_data_of_a_page_can_be_read_and_quoted(sparse: str) -> None:
    ran = await run(
        sparse,
        reads(f"{sparse}/updates"),
        reads(f"{sparse}/rent/cargo-bike"),
        answers(
            "The newest: Twelve new cargo bikes. One costs £38.",
            (f"{sparse}/updates", "Twelve new cargo bikes"),
            (f"{sparse}/rent/cargo-bike", '"price": "38.00"'),
        ),
    )
    assert "- Twelve new cargo bikes (2026-04-02T08:00:00Z) Built in Utrecht" in ran.sent[1].last
    assert '"price": "38.00"' in ran.sent[2].last
    assert len(ran.completed.citations) == 2


async def test_a_question_and_its_answer_go_round(craft: str) -> None:
    wanted = [{"key": "size", "query": "Klein oder groß?", "choices": ["klein", "groß"]}]
    ask = calls(("ask", {"message": "Es gibt zwei Schalen.", "questions": wanted}))
    ran = await run(craft, reads(f"{craft}/preise.html"), ask, prompt="Wie teuer ist die Schale?")
    assert ran.outcome == InputRequired(
        message="Es gibt zwei Schalen.",
        questions=(Question(key="size", query="Klein oder groß?", choices=("klein", "groß")),),
    )
    again = await run(
        craft,
        reads(f"{craft}/preise.html"),
        answers("46,00 €", (f"{craft}/preise.html", "Schale groß 28 cm 46,00 €")),
        prompt="Wie teuer ist die Schale?",
        answers=(Answer(text="groß", key="size"), Answer(text="und die Größe bitte")),
    )
    told = again.sent[0].body["messages"]
    assert [said["role"] for said in told] == ["system", "user"]
    assert told[1]["content"].endswith("- size: groß\n- the open question: und die Größe bitte")
    assert again.completed.text == "46,00 €"


async def test_a_form_is_sent_with_the_choice_that_was_named(craft: str) -> None:
    ran = await run(
        craft,
        reads(f"{craft}/rechner"),
        calls(("submit_form", {"form": 1, "values": {"gewicht": 3, "land": "Österreich"}})),
        answers(
            "12,90 €", (f"{craft}/rechner?gewicht=3&land=at&tarif=2026", "Ein Paket mit 3 kg kostet 12,90 €")
        ),
        prompt="Was kostet der Versand von 3 kg nach Österreich?",
    )
    assert "Form 1: Versandkosten berechnen" in ran.sent[1].last
    assert "gewicht (text, required); Gewicht in kg" in ran.sent[1].last
    assert "one of: Deutschland | Österreich | Schweiz" in ran.sent[1].last
    assert ran.completed.observation.url == f"{craft}/rechner?gewicht=3&land=at&tarif=2026"
    names = [entry.name for entry in ran.notes.entries if isinstance(entry, Tool)]
    assert names == ["read", "read", "submit_form", "submit_form"]


async def test_giving_up_is_told_as_missing_evidence() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(
            site.base_url, reads("/"), calls(("give_up", {"reason": "No word\x1b[2J\nof kettles."}))
        )
    assert ran.outcome == Failed(code="no_evidence", message="No word of kettles.")


async def test_a_shortcut_decides_and_the_prompt_is_told_beside_it() -> None:
    async with SmallSite(SHOP) as site:
        ran = await run(
            site.base_url, calls(("give_up", {"reason": "-"})), prompt="quickly", shortcut="List all prices"
        )
    told = ran.sent[0].last
    assert told.endswith("Wish: List all prices\nSaid along with it: quickly")


async def test_several_calls_of_a_turn_run_in_order_and_nothing_after_the_answer() -> None:
    async with SmallSite(SHOP) as site:
        base = site.base_url
        citation = {"url": f"{base}/prices", "quote": "Kettle £31.00"}
        ran = await run(
            base,
            calls(
                ("read_page", {"url": "/"}),
                ("read_page", {"url": "/prices"}),
                ("answer", {"text": "£31.00", "citations": [citation]}),
                ("read_page", {"url": "/never"}),
            ),
        )
        assert ran.completed.text == "£31.00"
        assert site.paths == ["/robots.txt", "/", "/prices"]


async def test_what_follows_an_answer_that_is_sent_back_is_passed_over() -> None:
    async with SmallSite(SHOP) as site:
        base = site.base_url
        bad = {"text": "£1", "citations": [{"url": base, "quote": "never said"}]}
        ran = await run(
            base,
            calls(("read_page", {"url": "/"}), ("answer", bad), ("read_page", {"url": "/prices"})),
            calls(("give_up", {"reason": "-"})),
        )
        assert ran.sent[1].results[2] == "Passed over."
        assert site.paths == ["/robots.txt", "/"]
    assistant = next(said for said in ran.sent[1].body["messages"] if said["role"] == "assistant")
    answered = [said["tool_call_id"] for said in ran.sent[1].body["messages"] if said["role"] == "tool"]
    assert answered == [call["id"] for call in assistant["tool_calls"]]
