"""What is taken out of told text, and what looks like it and stays."""

import pytest

from roverbook.core.redaction import DEPTH_MAX, redacted, redacted_json

EMAILS = [
    "ada@example.com",
    "ada.lovelace+shop@mail.example.co.uk",
    "ADA@EXAMPLE.COM",
    "o'brien@example.ie",
    "jürgen@müller.example.de",
    "用户@例子.公司",
    "ada%40example.com",
    "a_b-c@xn--mller-kva.com",
]
CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4222222222222",
    "5555 5555 5555 4444",
    "2223003122003222",
    "3782 822463 10005",
    "371449635398431",
    "6011 1111 1111 1117",
    "3530 1113 3330 0000",
    "3056 930902 5904",
    "6200 0000 0000 0005",
    "6304 0000 0000 0000",
    "４１１１１１１１１１１１１１１１",
]
PHONES = [
    "+15551234567",
    "+1 (555) 123-4567",
    "+44 20 7946 0958",
    "+44 (0)20 7946 0958",
    "+49 (0) 30 / 1234567",
    "+49-171-1234567",
    "+33 6 12 34 56 78",
    "+39 06 1234 5678",
    "+81-3-1234-5678",
    "+1.5551234567",
    "0044 20 7946 0958",
    "0049301234567",
    "020 7946 0958",
    "07700 900123",
    "07700900123",
    "(020) 7946 0958",
    "0171/1234567",
    "030 - 1234567",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "0612345678",
    "(555) 123-4567",
    "555-123-4567",
    "555.123.4567",
    "555 123 4567",
    "1-800-555-0199",
]
BENIGN = [
    "2026-11-23",
    "23.11.2026",
    "01/02/2026",
    "01.02.26",
    "from 01.02.2026 12.30",
    "03-04-2026 10-11",
    "2026-11-23T02:49:04.123456+01:00",
    "20261123T024904Z",
    "10:30-11:45",
    "1795402144",
    "1795402144123",
    "$1,299.00",
    "1 299 000,00 EUR",
    "1.299.000,00",
    "USD 1299999.99",
    "12.5 %",
    "order 112-3456789-1234567",
    "order 4111111111111112",
    "order 0000012345",
    "invoice 2026-000123",
    "SKU 012345678905",
    "ISBN 978-3-16-148410-0",
    "EAN 4006381333931",
    "tracking 1Z999AA10123456784",
    "550e8400-e29b-41d4-a716-446655440000",
    "41111111-1111-4111-8111-111111111111",
    "agt_9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c",
    "0x00ff00ff00ff00ff",
    "v1.2.3",
    "10.15.7.20261123",
    "lodash@4.17.21",
    "@media (min-width: 600px)",
    "@rover/embed",
    "hero@2x.png",
    "52.520008, 13.404954",
    "-33.8688197,151.2092955",
    "51.5074, -0.1278",
    "192.168.100.200",
    "255.255.255.255:8080",
    "1920x1080",
    "[id=12] [size=320x240]",
    "ZIP 12345-6789",
    "0.12345678901",
    "3.14159265358979",
    "100 200 300",
    "step 12 of 40, 1500 ms",
    "#00112233",
]


@pytest.mark.parametrize("email", EMAILS)
def test_an_address_of_mail_is_taken_out(email: str) -> None:
    assert redacted(f"Write to {email}, please.") == "Write to [email], please."


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_taken_out(card: str) -> None:
    assert redacted(f"Pay with {card} now") == "Pay with [card] now"


@pytest.mark.parametrize("phone", PHONES)
def test_a_telephone_number_is_taken_out(phone: str) -> None:
    assert redacted(f"Call {phone} today.") == "Call [phone] today."


@pytest.mark.parametrize("text", BENIGN)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert redacted(text) == text
    assert redacted(f"The value is {text} here.") == f"The value is {text} here."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4111 1111 1111 1111 12/27 123", "[card] 12/27 123"),
        ("4111111111111111 5555555555554444", "[card] [card]"),
        ('{"email":"ada@example.com","phone":"+44 20 7946 0958"}', '{"email":"[email]","phone":"[phone]"}'),
        ("<ada@example.com>;bob@example.org", "<[email]>;[email]"),
        ("https://shop.example/?mail=ada%40example.com&n=1", "https://shop.example/?mail=[email]&n=1"),
        ('<a href="tel:5551234567">', '<a href="tel:[phone]">'),
        ("Phone: 5551234567", "Phone: [phone]"),
        ("fax 301234567.", "fax [phone]."),
        ("ada@example.com paid 4111-1111-1111-1111", "[email] paid [card]"),
    ],
)
def test_they_are_found_within_other_text(text: str, told: str) -> None:
    assert redacted(text) == told


@pytest.mark.parametrize("text", [*EMAILS, *CARDS, *PHONES, *BENIGN])
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


def test_a_value_is_redacted_in_its_strings_names_and_numbers() -> None:
    told = {"to": ["ada@example.com", 3, None, True], "ada@example.com": {"card": 4111111111111111, "n": 1.5}}
    assert redacted_json(told) == {"to": ["[email]", 3, None, True], "[email]": {"card": "[card]", "n": 1.5}}


def test_what_is_nested_too_deep_is_dropped() -> None:
    deep: object = "ada@example.com"
    for _ in range(DEPTH_MAX + 1):
        deep = [deep]
    found = redacted_json(deep)
    for _ in range(DEPTH_MAX):
        found = found[0]
    assert found is None


@pytest.mark.parametrize("unit", ["1", "1 ", "a@", "a.", "+1 ", "0 1", "%", "a@a.", "(0", "4-", "tel "])
@pytest.mark.timeout(20)
def test_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    assert len(redacted(text)) <= len(text) * 2
