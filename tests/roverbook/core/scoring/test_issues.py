"""Errors in the form in which they are compared, and kinds of wishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roverbook.core.intents import INTENT_CHARS, intent_of
from roverbook.core.issues import is_critical, issue_of


@pytest.mark.parametrize(
    ("message", "normal"),
    [
        ("Element [12] not found", "Element [[n]] not found"),
        ("Timeout 30000ms exceeded", "Timeout [n]ms exceeded"),
        ("No link named 'Buy now'", "No link named [text]"),
        ('No link named "Kauf’ jetzt"', "No link named [text]"),
        ("Kein Link „Kaufen“ gefunden", "Kein Link [text] gefunden"),
        ("GET https://shop.example/a?id=4#x answered 503", "GET [url] answered [n]"),
        ("Order 0b7a41f2-9a53-4d3c-8d6e-2f1f6a0d5a11 is gone", "Order [id] is gone"),
        ("Node deadbeef01 is detached", "Node [id] is detached"),
        ("Session sess_Ab12Cd34Ef56 expired", "Session [id] expired"),
        ("It can't be done, and won't be", "It can't be done, and won't be"),
        ("took -1.5 to 12:30", "took [n] to [n]"),
        ("  two\n\nlines\x1b[31m  ", "two lines"),
        ("decade facade", "decade facade"),
        ("", ""),
    ],
)
def test_what_differs_from_case_to_case_is_taken_out(message: str, normal: str) -> None:
    assert issue_of("click", message, "/").message == normal


def test_the_same_error_has_the_same_name() -> None:
    first = issue_of("click_element", "Element 12 not found on 'Cart'", "/cart")
    again = issue_of("click_element", "element 7 NOT found on 'Basket'", "/cart")
    assert first.fingerprint == again.fingerprint
    assert len(first.fingerprint) == 32


@pytest.mark.parametrize(
    ("tool", "message", "path"),
    [("type", "not found", "/a"), ("click", "not there", "/a"), ("click", "not found", "/b")],
)
def test_another_tool_message_or_page_is_another_issue(tool: str, message: str, path: str) -> None:
    assert issue_of(tool, message, path).fingerprint != issue_of("click", "not found", "/a").fingerprint


def test_parts_of_an_issue_cannot_flow_into_each_other() -> None:
    assert issue_of("ab", "c", "/").fingerprint != issue_of("a", "bc", "/").fingerprint


@given(st.text(max_size=3_000))
def test_any_message_has_a_short_form_on_one_line(message: str) -> None:
    found = issue_of("click", message, "/")
    assert len(found.message) <= 240
    assert "\n" not in found.message
    assert found.message == found.message.strip()


@pytest.mark.parametrize(
    ("visits", "failed", "critical"),
    [(2, 2, False), (3, 1, False), (4, 2, False), (3, 2, True), (9, 5, True)],
)
def test_an_issue_is_critical_when_most_of_several_visits_failed(
    visits: int, failed: int, critical: bool
) -> None:
    assert is_critical(visits, failed) is critical


@pytest.mark.parametrize(
    ("prompt", "shortcut", "intent"),
    [
        ("When are you open on Sunday?", "", "hours"),
        ("Wann habt ihr am Sonntag geöffnet?", "", "hours"),
        ("What does the large pizza cost?", "", "price"),
        ("Bitte fülle das Formular aus mit Name: Ada", "", "form"),
        ("Who founded the company?", "", "find"),
        ("Who founded the company?", "book-table", "shortcut:book-table"),
        ("", "book-table", "shortcut:book-table"),
        ("   ", "", ""),
    ],
)
def test_visits_are_compared_by_shortcut_or_kind_of_wish(prompt: str, shortcut: str, intent: str) -> None:
    assert intent_of(prompt, shortcut) == intent


def test_long_shortcuts_stay_apart() -> None:
    first, second = (intent_of("", "s" * 90 + end) for end in "ab")
    assert first != second
    assert len(first) <= INTENT_CHARS


@given(st.text(max_size=600), st.text(max_size=100))
def test_any_wish_has_a_kind(prompt: str, shortcut: str) -> None:
    assert len(intent_of(prompt, shortcut)) <= INTENT_CHARS
