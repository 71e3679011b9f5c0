"""What a prompt is taken to ask for."""

import pytest

from tasks.executing.rules.understanding import Facet, Intent, understand
from tasks.executing.rules.vocabulary import Kind


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("When do you open on Sundays?", Kind.HOURS),
        ("Öffnungszeiten?", Kind.HOURS),
        ("Habt ihr samstags auf?", Kind.HOURS),
        ("until when is the library open today", Kind.HOURS),
        ("How much does a haircut cost?", Kind.PRICE),
        ("Eintrittspreise", Kind.PRICE),
        ("what's the price of the large size", Kind.PRICE),
        ("Was ist das günstigste Fahrrad?", Kind.PRICE),
        ("How do I reach you by phone?", Kind.CONTACT),
        ("Anschrift bitte", Kind.CONTACT),
        ("your e-mail address, please", Kind.CONTACT),
        ("What's new?", Kind.LATEST),
        ("latest blog post", Kind.LATEST),
        ("Zeig mir die letzten drei Beiträge", Kind.LATEST),
        ("List all courses", Kind.LIST),
        ("Welche Kurse gibt es?", Kind.LIST),
        ("What products do you sell?", Kind.LIST),
        ("Summarise this page", Kind.SUMMARISE),
        ("Worum geht es auf dieser Seite?", Kind.SUMMARISE),
        ("tl;dr", Kind.SUMMARISE),
        ("Read the terms of service", Kind.READ),
        ("Lies mir die Datenschutzerklärung vor", Kind.READ),
        ("Would you please open the page about us", Kind.FOLLOW),
        ("Klick auf Impressum", Kind.FOLLOW),
        ("go to the contact page", Kind.FOLLOW),
        ("Search the site for umbrellas", Kind.SEARCH),
        ("Suche nach Regenschirmen", Kind.SEARCH),
        ("Fill in the form with name: Ada", Kind.FORM),
        ("Bitte füll das Formular aus", Kind.FORM),
        ("Book a table for two", Kind.FORM),
        ("Is smoking allowed?", Kind.FIND),
        ("Who founded the company?", Kind.FIND),
        ("How much does a cubic metre of oak weigh?", Kind.FIND),
        ("", Kind.FIND),
    ],
)
def test_the_kind_of_a_wish_is_told_from_its_words(prompt: str, kind: Kind) -> None:
    assert understand(prompt).kind is kind


@pytest.mark.parametrize(
    "prompt",
    [
        "price of the kettle",
        "What is the price of the kettle?",
        "Hello! Could you please tell me how much the kettle costs?",
        "How much is the kettle, please?",
    ],
)
def test_manners_change_nothing(prompt: str) -> None:
    intent = understand(prompt)
    assert (intent.kind, intent.terms) == (Kind.PRICE, understand("kettle").terms)


def test_numbers_and_days_are_taken_out_of_the_subject() -> None:
    latest = understand("the five newest articles about tea")
    assert (latest.count, latest.terms) == (5, ("tea",))
    hours = understand("Wann hat die Küche freitags geöffnet?")
    assert (hours.days, hours.terms) == (frozenset({4}), ("kuech",))


def test_of_a_contact_only_what_is_asked_for_is_wanted() -> None:
    assert understand("your phone number?").facets == {Facet.PHONE}
    assert understand("What is your e-mail address?").facets == {Facet.EMAIL}
    assert understand("Adresse und Telefonnummer").facets == {Facet.ADDRESS, Facet.PHONE}
    assert understand("How can I contact you?").facets == frozenset()


def test_the_values_for_a_form_are_pairs() -> None:
    intent = understand('Fill in the form with name: Ada Lovelace, city = "New York" and size: 3')
    assert intent.pairs == (("name", "Ada Lovelace"), ("city", "New York"), ("size", "3"))


def test_a_wish_of_two_halves_keeps_the_second() -> None:
    intent = understand("Open the shop and list the products")
    assert (intent.kind, intent.terms, intent.then) == (
        Kind.FOLLOW,
        understand("shop").terms,
        "list the products",
    )


def test_a_link_in_quotation_marks_is_taken_word_for_word() -> None:
    assert understand("Klicke auf „Über uns“").phrase == "Über uns"


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Search the site for red umbrellas.", "red umbrellas"),
        ('search for "the who"', "the who"),
        ("Durchsuche die Seite nach Regenschirmen", "Regenschirmen"),
    ],
)
def test_the_words_to_search_for_are_kept_as_written(prompt: str, words: str) -> None:
    assert understand(prompt).phrase == words


@pytest.mark.parametrize(
    "prompt", ["x" * 200_000, "((((((" * 5_000, "open " * 20_000, "a: b, " * 20_000, "\x00\ud800"]
)
def test_no_prompt_is_too_strange_to_be_read_in_time(prompt: str) -> None:
    assert isinstance(understand(prompt), Intent)
