"""Ids of sites, made from their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.settings_support import any_text, only_refusal
from workspace.core.field_types import checked_text
from workspace.core.names import SITE_ID_MAX, SITE_NAME_MAX, SITE_SLUG_MAX, is_site_id, site_id

RANDOM = "a1B2c3"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Travel Demo", "travel-demo"),
        ("Café München", "cafe-munchen"),
        ("  --Straße & Söhne!!  ", "strasse-sohne"),
        ("Łódź Ærø Œuvre İzmir ılıca", "lodz-aero-oeuvre-izmir-ilica"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full-width"),
        ("№ 5 ℡", "no-5-tel"),
        ("日本語", "site"),
        ("Магазин 24", "24"),
        ("٣٤", "site"),
        ("👩‍🔬", "site"),
        ("", "site"),
        ("\0\ud800", "site"),
        ("a" * 61, "a" * 60),
        ("a" * 59 + " b", "a" * 59),
        ("x" * 1_000_000, "x" * 60),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_an_id_is_a_readable_beginning_and_the_random_end(name: str, slug: str) -> None:
    assert site_id(name, RANDOM) == f"{slug}-{RANDOM}"


@pytest.mark.parametrize("random", ["", "a1B2c", "a1B2c3d", "a1B2c-", "a1B2cä", "a1B2c3\n", "a1B2c٣"])
def test_the_random_end_is_six_letters_and_digits(random: str) -> None:
    with pytest.raises(ValueError, match="6 ASCII"):
        site_id("Shop", random)


@given(any_text | st.text(), st.from_regex(r"[A-Za-z0-9]{6}", fullmatch=True))
def test_every_name_gives_an_id(name: str, random: str) -> None:
    made = site_id(name, random)

    assert is_site_id(made)
    assert made.isascii()
    assert len(made) <= SITE_ID_MAX


@pytest.mark.parametrize(
    "text", ["travel-demo-a1B2c3", "a-AAAAAA", "24-000000", "a" * SITE_SLUG_MAX + "-a1B2c3"]
)
def test_an_id_is_known_by_its_shape(text: str) -> None:
    assert is_site_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a1B2c3",
        "-a1B2c3",
        "Travel-a1B2c3",
        "a--b-a1B2c3",
        "a-a1B2c",
        "a-a1B2c3\n",
        " a-a1B2c3",
        "a_b-a1B2c3",
        "ä-a1B2c3",
        "a/../b-a1B2c3",
        "a" * (SITE_SLUG_MAX + 1) + "-a1B2c3",
        "a-" * 500_000,
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_other_text_is_no_id(text: str) -> None:
    assert not is_site_id(text)


def test_a_name_is_kept_without_white_space_around_it() -> None:
    assert checked_text("  Café München ", field="siteName", max_length=SITE_NAME_MAX) == "Café München"


def test_a_name_may_be_as_long_as_its_limit() -> None:
    assert len(checked_text("x" * SITE_NAME_MAX, field="siteName", max_length=SITE_NAME_MAX)) == SITE_NAME_MAX


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * (SITE_NAME_MAX + 1), "too_long"),
        ("", "required"),
        (" \t", "required"),
        ("a\0b", "not_allowed"),
        ("a\nb", "not_allowed"),
        ("a\ud800", "not_allowed"),
        (None, "wrong_type"),
        (7, "wrong_type"),
    ],
)
def test_a_name_that_cannot_be_stored_is_refused(value: object, code: str) -> None:
    call = lambda: checked_text(value, field="siteName", max_length=SITE_NAME_MAX)  # noqa: E731

    assert only_refusal(call) == ("siteName", code)
