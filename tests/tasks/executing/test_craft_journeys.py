"""The same wishes on a German site of plain HTML: prices in tables, no feed, no site map, no linked data."""

import pytest

from tasks.executing.protocol import Answer, Completed, Failed, InputRequired
from tests.tasks.executing.journeys import answer, wish

pytestmark = pytest.mark.asyncio

SHOP_HOURS = "Mo - Fr: 9.00 - 18.00 Uhr\nSamstag: 10.00 - 14.00 Uhr\nSonntag: geschlossen"
FAIR = "Töpfermarkt am Bach (2026-05-18)\nAm Pfingstmontag stehen dreißig Werkstätten auf der Wiese.\n~/aktuelles.html"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Wann ist der Laden geöffnet?", SHOP_HOURS),
        ("Wann ist der Laden am Samstag offen?", "Samstag: 10.00 - 14.00 Uhr"),
        ("Was kostet eine Teekanne?", "Teekanne: 84,50 €"),
        ("Könnten Sie mir bitte sagen, wie teuer der Becher ist?", "Becher: 18,00 €"),
        ("Was kostet die Beratung?", "Beratung: kostenlos"),
        ("Was ist das teuerste Stück Geschirr?", "Teekanne: 84,50 €"),
        ("Wie lautet die Telefonnummer der Werkstatt?", "02771 / 555-121"),
        ("Wie ist eure Adresse?", "Mühlstraße 7, 35683 Dillenburg"),
        ("E-Mail?", "post@kranich.example"),
        ("Was ist die neueste Meldung?", FAIR),
        (
            "Liste die Kurse für Kinder auf",
            "- Ferienkurs im Juli, fünf Vormittage\n- Geburtstag an der Scheibe\n- Offene Werkstatt am Samstag",
        ),
        (
            "Fasse diese Seite zusammen",
            "Wir drehen, glasieren und brennen seit 1987 in einer alten Scheune am Bach. Unser Ton kommt aus dem "
            "Westerwald. Jedes Stück wird von Hand gedreht und zweimal gebrannt.",
        ),
        ("Lies mir die Seite Kurse für Erwachsene vor", "Töpferei Kranich\n\nKurse für Erwachsene\n\nDer Drehkurs dauert "
         "ein Wochenende. Eine Schürze bringen Sie bitte mit."),
        (
            'Klicke auf "Kurse für Erwachsene"',
            "Kurse für Erwachsene\nDer Drehkurs dauert ein Wochenende. Eine Schürze bringen Sie bitte mit.\n"
            "~/kurse-erwachsene.html",
        ),
        ("Suche auf der Seite nach Brennofen", "Gefunden zu „Brennofen“:\n- Neuer Brennofen: ~/aktuelles.html"),
        ("Woher kommt der Ton?", "Unser Ton kommt aus dem Westerwald. Jedes Stück wird von Hand gedreht und zweimal gebrannt."),
        ("Wie komme ich mit dem Rad zu euch?", "Mit dem Rad fahren Sie vom Bahnhof zehn Minuten am Bach entlang."),
        ("Wie viele Kinder dürfen teilnehmen?", "Die Teilnehmerzahl ist auf acht Kinder begrenzt."),
        (
            "Fülle den Versandrechner aus mit Gewicht: 3, Land: Österreich",
            "Ein Paket mit 3 kg kostet 12,90 € (Tarif 2026).",
        ),
    ],
)  # fmt: skip
async def test_a_wish_gets_the_answer_that_the_site_gives(craft: str, prompt: str, expected: str) -> None:
    assert await answer(craft, prompt) == expected


async def test_a_day_without_hours_is_not_called_closed(craft: str) -> None:
    text = await answer(craft, "Ist die Werkstatt am Sonntag geöffnet?")
    assert text.splitlines()[0] == "Für Sonntag nennt die Seite keine Zeiten. Sie nennt:"
    assert "Di + Do: 14.00 - 20.00 Uhr" in text


@pytest.mark.parametrize(
    ("prompt", "key", "choices", "reply", "expected"),
    [
        ("Wann habt ihr geöffnet?", "hours_of", ("Laden", "Werkstatt"), "der Laden", SHOP_HOURS),
        (
            "Wie teuer ist die Schale?",
            "price_of",
            ("Schale klein: 22,00 €", "Schale groß: 46,00 €"),
            "groß",
            "Schale groß: 46,00 €",
        ),
        (
            "Wie ist eure Telefonnummer?",
            "which_phone",
            ("Laden: Tel. 02771 / 555-120", "Werkstatt: Tel. 02771 / 555-121"),
            "2",
            "02771 / 555-121",
        ),
        (
            "Fülle das Formular Versandkosten aus mit gewicht=3",
            "land",
            ("Deutschland", "Österreich", "Schweiz"),
            "Schweiz",
            "Ein Paket mit 3 kg kostet 19,50 € (Tarif 2026).",
        ),
    ],
)
async def test_what_is_not_clear_is_asked_and_the_answer_goes_on(
    craft: str, prompt: str, key: str, choices: tuple[str, ...], reply: str, expected: str
) -> None:
    asked = await wish(craft, prompt)
    assert isinstance(asked, InputRequired)
    assert [(question.key, question.choices) for question in asked.questions] == [(key, choices)]
    assert await answer(craft, prompt, reply) == expected
    keyed = await wish(craft, prompt, Answer(text=reply, key=key))
    assert isinstance(keyed, Completed)
    assert keyed.text == expected


async def test_an_answer_that_fits_nothing_is_asked_again(craft: str) -> None:
    outcome = await wish(craft, "Wie teuer ist die Schale?", "blau")
    assert isinstance(outcome, InputRequired)


async def test_all_missing_values_of_a_form_are_asked_at_once(craft: str) -> None:
    outcome = await wish(craft, "Fülle das Formular Versandkosten aus")
    assert isinstance(outcome, InputRequired)
    assert [question.key for question in outcome.questions] == ["gewicht", "land"]


async def test_a_search_without_results_says_so(craft: str) -> None:
    outcome = await wish(craft, "Suche nach Einhörnern")
    assert outcome == Failed(code="no_results", message="Die Suche der Seite fand nichts zu „Einhörnern“.")


async def test_a_price_that_the_site_does_not_name_is_not_made_up(craft: str) -> None:
    outcome = await wish(craft, "Was kostet ein Hubschrauber?")
    assert isinstance(outcome, Failed)
    assert outcome.code == "no_evidence"
