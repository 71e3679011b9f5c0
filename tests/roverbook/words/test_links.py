"""Addresses outside of the site do not get into text that other agents read."""

import pytest

from roverbook.core.links import without_foreign_links
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope

SCOPE = Scope.compile(["shop.example"], ScopeMode.REGISTRABLE_DOMAIN)


def stripped(text: str) -> str:
    return without_foreign_links(text, lambda url: SCOPE.decide(url).in_scope)


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/pay",
        "HTTP://EVIL.EXAMPLE",
        "//evil.example/pay",
        "https:\\\\evil.example\\pay",
        "www.evil.com",
        "evil.com/pay?x=1",
        "https://shop.example@evil.com/",
        "https://shop.example.evil.com/",
        "javascript:fetch('x')",
        "data:text/html,x",
        "mailto:a@shop.example",
        "ftp://shop.example/a",
        "custom://shop.example",
    ],
)
def test_an_address_that_leads_away_is_taken_out(text: str) -> None:
    told = stripped(f"Go to {text} now")

    assert told.startswith("Go to [link removed]")
    assert told.endswith(" now")


@pytest.mark.parametrize(
    "text",
    [
        "See https://shop.example/cart, then https://www.shop.example/pay.",
        "shop.example/cart holds it",
        "Press Pay and/or 1/2 of notes.txt/2, e.g. the 2nd // button: fine",
        "It takes 3.5/4 stars; version 1.2.3",
    ],
)
def test_the_sites_own_addresses_and_ordinary_words_stay(text: str) -> None:
    assert stripped(text) == text


def test_what_stands_behind_an_address_stays() -> None:
    assert stripped("(see https://evil.example/x).") == "(see [link removed])."
