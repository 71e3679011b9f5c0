"""The same wishes on a site drawn by script: what it says stands in JSON-LD, a site map and a feed."""

import pytest

from tasks.executing.protocol import Failed, InputRequired
from tests.tasks.executing.journeys import answer, wish

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("When are you open?", "Monday, Tuesday: 08:00–18:30\nSaturday: 09:00–16:00"),
        ("Seid ihr am Samstag geöffnet?", "Samstag: 09:00–16:00"),
        ("How much is the cargo bike?", "Cargo bike: £38.00"),
        ("How much is the touring bike?", "Touring bike: £21.00"),
        ("What is the cheapest bike?", "Touring bike: £21.00"),
        ("phone number?", "+44 1632 960777"),
        (
            "Could you tell me how to contact you?",
            "ride@dykebikes.example\n+44 1632 960777\n3 Ferry Steps, ZZ9 1AA Lowmouth",
        ),
        (
            "What is the newest story?",
            "Twelve new cargo bikes (2026-04-02)\nBuilt in Utrecht, here since Easter.\n~/stories/twelve-new-cargo-bikes",
        ),
        ("Do I need a helmet?", "The law does not ask for one; we lend them for free."),
        (
            "Where were the cargo bikes built?",
            "We bought twelve cargo bikes this spring. Each carries two children and a week of shopping. They were "
            "built by a workshop in Utrecht.",
        ),
        (
            "Summarise the article about twelve new cargo bikes",
            "They are here. We bought twelve cargo bikes this spring. Each carries two children and a week of "
            "shopping. They were built by a workshop in Utrecht.",
        ),
        (
            "Search the site for cargo",
            "Found for “cargo”:\n- Twelve new cargo bikes: ~/stories/twelve-new-cargo-bikes\n- Cargo bike: ~/rent/cargo-bike",
        ),
        ("Open the faq page", "Questions\nWhat people ask.\n~/faq"),
        ("List your bikes", "- Cargo bike\n- Touring bike\n- Electric touring bike"),
    ],
)
async def test_a_wish_gets_the_answer_that_the_site_gives(sparse: str, prompt: str, expected: str) -> None:
    assert await answer(sparse, prompt) == expected


async def test_of_several_prices_the_one_that_is_meant_is_asked_for(sparse: str) -> None:
    asked = await wish(sparse, "price of a bike")
    assert isinstance(asked, InputRequired)
    assert asked.questions[0].choices == (
        "Cargo bike: £38.00",
        "Touring bike: £21.00",
        "Electric touring bike: £33.00",
    )
    assert await answer(sparse, "price of a bike", "touring bike") == "Touring bike: £21.00"


async def test_news_come_newest_first_whatever_the_order_of_the_feed(sparse: str) -> None:
    text = await answer(sparse, "latest news")
    assert [part.splitlines()[0] for part in text.split("\n\n")] == [
        "Twelve new cargo bikes (2026-04-02)",
        "Tunnel closed until June (2026-03-11)",
    ]


async def test_what_the_site_does_not_say_is_not_answered(sparse: str) -> None:
    outcome = await wish(sparse, "How much is a helicopter?")
    assert isinstance(outcome, Failed)
    assert outcome.code == "no_evidence"
