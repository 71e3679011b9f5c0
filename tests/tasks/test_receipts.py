"""Links that carry a receipt, and how the embed reads them."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.public_create import read_create
from tasks.core.receipts import Fragment, browser_link, open_url, parse_fragment

RECEIPT = "rrc_Zm9yLXRlc3RzLW9ubHktYWJjZGVm_-"
SITE = "https://www.acme.example/"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (SITE, f"{SITE}#rover_receipt={RECEIPT}"),
        (f"{SITE}#", f"{SITE}#rover_receipt={RECEIPT}"),
        (f"{SITE}a?x=%20+y&rover=old&&z", f"{SITE}a?x=%20+y&rover=old&&z#rover_receipt={RECEIPT}"),
        (f"{SITE}#prices", f"{SITE}#rover_receipt={RECEIPT}&rover_anchor=prices"),
        (
            f"{SITE}#/r?a=b&c=d%20e+f",
            f"{SITE}#rover_receipt={RECEIPT}&rover_anchor=%2Fr%3Fa%3Db%26c%3Dd%2520e%2Bf",
        ),
        (f"{SITE}#a#b", f"{SITE}#rover_receipt={RECEIPT}&rover_anchor=a%23b"),
    ],
)
def test_open_leaves_path_and_query_alone_and_keeps_the_anchor(target: str, expected: str) -> None:
    assert open_url(target, RECEIPT) == expected


def test_a_target_that_is_itself_such_a_link_hands_over_its_anchor_but_not_its_receipt() -> None:
    earlier = open_url(f"{SITE}#prices", "rrc_old")

    assert open_url(earlier, RECEIPT) == open_url(f"{SITE}#prices", RECEIPT)


@pytest.mark.parametrize("receipt", ["", "rrc a", "rrc&x", "rrc#x", "rrc\n", "rrc=", "rrcé"])
def test_a_receipt_that_would_change_the_link_is_refused(receipt: str) -> None:
    with pytest.raises(ValueError, match="receipt"):
        open_url(SITE, receipt)


@pytest.mark.parametrize(
    ("target", "wish", "query"),
    [
        (SITE, {"prompt": "get me the latest blog post"}, "rover=get+me+the+latest+blog+post"),
        (SITE, {"shortcut": "latest_post"}, "rover_shortcut=latest_post"),
        (SITE, {"prompt": "p", "shortcut": "s"}, "rover_shortcut=s"),
        (
            SITE,
            {"prompt": "50% & more = ok? #1 +ä~*'"},
            "rover=50%25+%26+more+%3D+ok%3F+%231+%2B%C3%A4%7E*%27",
        ),
        (f"{SITE}?a=1&b=%20", {"prompt": "p"}, "a=1&b=%20&rover=p"),
        (f"{SITE}?rover=x&a=1&rover_shortcut=y", {"prompt": "p"}, "a=1&rover=p"),
        (f"{SITE}?%72over=x&rover", {"shortcut": "s"}, "rover_shortcut=s"),
        (f"{SITE}?rovers=x&Rover=y", {"prompt": "p"}, "rovers=x&Rover=y&rover=p"),
        (f"{SITE}?", {"prompt": "p"}, "rover=p"),
    ],
)
def test_the_readable_link_shows_the_wish_and_replaces_older_ones(
    target: str, wish: dict[str, str], query: str
) -> None:
    assert browser_link(target, RECEIPT, **wish) == f"{SITE}?{query}#rover_receipt={RECEIPT}"


def test_the_readable_link_keeps_the_anchor_as_open_does() -> None:
    link = browser_link(f"{SITE}#prices", RECEIPT, prompt="p")

    assert link == f"{SITE}?rover=p#rover_receipt={RECEIPT}&rover_anchor=prices"


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"prompt": ""},
        {"prompt": "a\nb"},
        {"prompt": "a\tb"},
        {"prompt": "\x7f"},
        {"prompt": "\x85"},
        {"prompt": "\u2028"},
        {"prompt": "\ud800"},
        {"shortcut": "\x00"},
    ],
)
def test_a_wish_that_cannot_be_shown_has_no_readable_link(wish: dict[str, str]) -> None:
    assert browser_link(SITE, RECEIPT, **wish) is None


@pytest.mark.parametrize(
    ("prompt", "fits"),
    [("a" * 1024, True), ("a" * 1025, False), ("é" * 170 + "abcd", True), ("é" * 170 + "abcde", False)],
)
def test_the_wish_has_1024_encoded_characters(prompt: str, fits: bool) -> None:
    assert (browser_link(SITE, RECEIPT, prompt=prompt) is not None) is fits


@pytest.mark.parametrize(("length", "fits"), [(1799, True), (1800, True), (1801, False)])
def test_the_whole_link_has_1800_characters(length: int, fits: bool) -> None:
    rest = len(browser_link(SITE, RECEIPT, prompt="p") or "")
    link = browser_link(SITE + "x" * (length - rest), RECEIPT, prompt="p")

    assert (link is not None) is fits
    assert link is None or len(link) == length


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", Fragment()),
        ("#prices", Fragment()),
        ("#rover_receipt=rrc_1", Fragment(receipt="rrc_1")),
        ("rover_receipt=rrc_1", Fragment(receipt="rrc_1")),
        ("#?rover_receipt=rrc_1", Fragment(receipt="rrc_1")),
        ("?rover_receipt=rrc_1", Fragment(receipt="rrc_1")),
        ("#a=b&rover_receipt=rrc_1&c", Fragment(receipt="rrc_1")),
        ("#rover_receipt=rrc_1&rover_receipt=rrc_2", Fragment(receipt="rrc_2")),
        ("#rover_receipt=rrc_1&rover_receipt=", Fragment(receipt="rrc_1")),
        ("#rover_receipt=rrc_1&rover_receipt=+", Fragment(receipt="rrc_1")),
        ("#rover_receipt=%20rrc_1%20", Fragment(receipt="rrc_1")),
        ("#rover_receipt=%72rc_1", Fragment(receipt="rrc_1")),
        ("#rover_receipt=%zz%ff", Fragment(receipt="%zz\ufffd")),
        ("#rover_receipt=r&rover_anchor=a%26b", Fragment(receipt="r", anchor="a&b")),
        ("#Rover_Receipt=rrc_1", Fragment()),
    ],
)
def test_a_fragment_is_read_as_the_embed_does(fragment: str, expected: Fragment) -> None:
    assert parse_fragment(fragment) == expected


@settings(max_examples=200, deadline=None)
@given(
    fragment=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
    prompt=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=80),
)
def test_the_embed_gets_back_receipt_anchor_and_wish(fragment: str, prompt: str) -> None:
    target = read_create({"url": f"{SITE}p?q=1#{fragment}", "prompt": "x"}).url
    own = target.partition("#")[2]
    link = browser_link(target, RECEIPT, prompt=prompt)

    assert link is not None
    assert parse_fragment(urlsplit(link).fragment) == Fragment(receipt=RECEIPT, anchor=own or None)
    assert parse_qsl(urlsplit(link).query, keep_blank_values=True) == [("q", "1"), ("rover", prompt)]
