"""What people ask of the demo site, each wish with its answer spelled out."""

import pytest

from tasks.executing.protocol import Answer, Completed, Failed, InputRequired
from tests.tasks.executing.journeys import answer, wish

pytestmark = pytest.mark.asyncio

WEEK = (
    "Monday: Museum and tower closed; Bakery and tea room closed\n"
    "Tuesday to Friday: Museum and tower 10:00 to 17:00; Bakery and tea room 07:30 to 17:00\n"
    "Saturday: Museum and tower 10:00 to 18:00; Bakery and tea room 07:30 to 18:00\n"
    "Sunday: Museum and tower 11:00 to 17:00; Bakery and tea room 08:30 to 17:00\n"
    "From November to March the tower closes at 16:00. Last climb 45 minutes before closing. Wednesdays from ten to "
    "twelve are quiet hours."
)
TICKETS = "Adult: £8.50\nStudent, or over 65: £6.50\nUp to 15 years: free\nAnnual ticket: £22.00"
NEWEST = (
    "The north cellar opens in April (2026-02-13)\nA vaulted oil store that was walled up for eighty years becomes "
    "the museum's new room. What was found in it, and what will be shown.\n~/blog/the-north-cellar-opens"
)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # opening hours
        ("When are you open?", WEEK),
        ("Hello! Could you please tell me the opening hours?", WEEK),
        ("opening hours", WEEK),
        ("What time does the bakery open on Saturday?", "Saturday: 07:30 to 18:00"),
        ("Wann hat die Bakery am Sonntag geöffnet?", "Sonntag: 08:30 to 17:00"),
        ("Are you open on Mondays?", "Monday: Museum and tower closed; Bakery and tea room closed"),
        ("When does the north cellar open?", "The north cellar opens in April"),
        # prices
        ("How much is a storm lantern?", "Storm lantern: £68.00"),
        ("price of the wool watch cap", "Wool watch cap: £29.00"),
        ("Was kostet der Storm Lantern?", "Storm lantern: £68.00"),
        ("What do tickets cost?", TICKETS),
        ("How much is an adult ticket?", "Adult: £8.50"),
        ("What is the cheapest product in the shop?", "Keeper's loaf: £4.80"),
        ("Which product is the most expensive?", "Storm lantern: £68.00"),
        # contact
        ("What is your phone number?", "+44 1632 960118"),
        ("Wie lautet die E-Mail-Adresse?", "hello@sandle.example"),
        (
            "How can I contact you?",
            "hello@sandle.example\n+44 1632 960118\nSandle Light 1 Keepers' Lane Sandle Point ZZ1 4LH",
        ),
        # latest
        ("What is the latest article?", NEWEST),
        ("Was ist der neueste Artikel?", NEWEST),
        # find
        ("Can I bring my dog?", "Yes, except to the lamp room. Water is by the gate."),
        ("May I fly a drone?", "No. The terns, the birds on passage and the rope team all object."),
        ("When was the light first lit?", "First lit 3 November 1886"),
        (
            "Is there a car park?",
            "Car to the car park by the causeway, £3 a day. Look at the tide table first.",
        ),
        (
            "Which bus goes to the museum?",
            "Bus 14 from the station, every hour, 35 minutes, stop Sandle Point.",
        ),
        (
            "Does anyone live in the tower?",
            "Not since 1990. Somebody is always on call, and the light watches itself.",
        ),
        (
            "How do I get to the museum by boat?",
            "Boat from the harbour on summer Saturdays at 10:30 and 13:30.",
        ),
        (
            "How many employees are there?",
            "Sandle Light is a lighthouse of 1886, still in service, with a museum, a bakery and a shop, run by a "
            "charitable trust. It has 31,000 visitors a year, fourteen employees and about ninety volunteers.",
        ),
        # follow a link
        (
            'Follow the link "Opening hours and tickets"',
            "Opening hours, tickets and how to get here\nWhen the tower, the museum and the bakery are open, what a "
            "ticket costs, and how to come by bus, boat, bicycle or car.\n~/visit",
        ),
        (
            "Please open the museum page",
            "The museum, floor by floor\nSeven floors from the new north cellar to the lamp room: what is on each, "
            "and how long to plan.\n~/museum",
        ),
        # search the site
        (
            'Please search for "tide data"',
            "Found for “tide data”:\n- Tide data for everyone: ~/blog/tide-data-for-everyone\n- Tides: ~/docs/tides",
        ),
        # list
        (
            "Which data sets are there?",
            "- Open data: getting started\n- Tides\n- Light log\n- Bird counts\n- Errors and limits",
        ),
        # summarise
        (
            "Summarise the article about repainting the tower in two sentences",
            "Every eleventh year the tower gets a new white coat. The plan, the bill and the reason why it is done "
            "with brushes.",
        ),
    ],
)
async def test_a_wish_gets_the_answer_that_the_site_gives(demo: str, prompt: str, expected: str) -> None:
    assert await answer(demo, prompt) == expected


async def test_a_list_names_all_things_with_their_prices(demo: str) -> None:
    lines = (await answer(demo, "List all products")).splitlines()
    assert lines[:2] == ["- Keeper's loaf (£4.80)", "- Tide biscuits (£5.50)"]
    assert len(lines) == 10


async def test_a_second_half_of_a_wish_is_carried_out_on_the_page_that_the_first_reached(demo: str) -> None:
    assert await answer(demo, "Go to the shop and list the products") == await answer(
        demo, "List all products"
    )


async def test_as_many_articles_are_named_as_were_asked_for(demo: str) -> None:
    text = await answer(demo, "Show me the three latest articles")
    assert [part.splitlines()[0] for part in text.split("\n\n")] == [
        "The north cellar opens in April (2026-02-13)",
        "What we sell, and why there are no fridge magnets (2026-01-16)",
        "Quiet hours, and other ways to visit with less noise (2025-12-12)",
    ]


async def test_reading_gives_the_page_word_for_word(demo: str) -> None:
    text = await answer(demo, "Read the accessibility page")
    assert text.startswith(
        "Accessibility\n\nThe ground floor, the tea room, the shop, the garden and, from April,"
    )
    assert text.endswith(
        "Ear defenders, a lap blanket, a folding stool, a wheelchair. Ask at the till or beforehand."
    )


async def test_the_newest_article_can_be_summed_up(demo: str) -> None:
    outcome = await wish(demo, "Summarize the latest article")
    assert isinstance(outcome, Completed)
    assert outcome.observation.url == f"{demo}/blog/the-north-cellar-opens"
    assert outcome.text.startswith("A vaulted oil store that was walled up for eighty years")


async def test_an_answer_says_where_it_is_from_and_carries_its_data(demo: str) -> None:
    outcome = await wish(demo, "How much is an adult ticket?")
    assert isinstance(outcome, Completed)
    result = outcome.result()
    assert result["observation"]["url"] == f"{demo}/visit"
    assert result["observation"]["title"] == "Opening hours, tickets and how to get here"
    assert result["blocks"] == [
        {"type": "text", "text": "Adult: £8.50"},
        {"type": "table", "columns": ["what", "price"], "rows": [["Adult", "£8.50"]]},
        {
            "type": "citation",
            "url": f"{demo}/visit",
            "title": "Opening hours, tickets and how to get here",
            "quote": "Adult £8.50",
        },
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        "Who is the president of France?",
        "How much is a helicopter?",
        "When does the swimming pool open?",
        "Who runs the lighthouse next door?",
        "Wie hoch ist der Eiffelturm?",
    ],
)
async def test_what_the_site_does_not_say_is_not_answered(demo: str, prompt: str) -> None:
    outcome = await wish(demo, prompt)
    assert isinstance(outcome, Failed)
    assert outcome.code in ("no_evidence", "budget_exhausted")


async def test_a_form_that_posts_is_refused(demo: str) -> None:
    outcome = await wish(demo, "Subscribe to the newsletter with email: a@b.example")
    assert isinstance(outcome, Failed)
    assert outcome.code == "form_refused"
    assert "POST" in outcome.message


async def test_a_page_that_robots_txt_closes_is_not_read(demo: str) -> None:
    outcome = await wish(demo, "Read this page", path="/staff/rota")
    assert isinstance(outcome, Failed)
    assert outcome.code == "robots_denied"


async def test_a_wish_without_a_subject_is_asked_about(demo: str) -> None:
    outcome = await wish(demo, "Could you please tell me?")
    assert isinstance(outcome, InputRequired)
    assert [question.key for question in outcome.questions] == ["subject"]


async def test_a_shortcut_decides_before_the_prompt(demo: str) -> None:
    outcome = await wish(demo, "What is your phone number?", shortcut="How much is a storm lantern?")
    assert isinstance(outcome, Completed)
    assert outcome.text == "Storm lantern: £68.00"


async def test_a_wish_without_a_subject_is_asked_for_one_and_the_answer_takes_its_place(demo: str) -> None:
    asked = await wish(demo, "please help me")
    assert isinstance(asked, InputRequired), asked
    assert [question.key for question in asked.questions] == ["subject"]

    for answers in (
        ["when are you open?"],
        ["please", "when are you open?"],
        [Answer(text="when are you open?", key="subject")],
    ):
        found = await wish(demo, "please help me", *answers)
        assert isinstance(found, Completed), found
        assert "10:00" in found.text
