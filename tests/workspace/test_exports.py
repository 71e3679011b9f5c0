"""Tables as files: CSV that no spreadsheet runs, JSON and NDJSON that every parser reads."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from workspace.io.exporting import ExportFormat, export_parts, export_response

COLUMNS = ("name", "n", "more")
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    'a "quoted", thing',
    "two\nlines",
    "übung 日本 \N{ZERO WIDTH JOINER}",
    "a lone \ud800 surrogate",
]


def rows(*names: str) -> list[Mapping[str, object]]:
    return [{"name": name, "n": i, "more": {"of": [name]}} for i, name in enumerate(names)]


def whole(form: ExportFormat, *chunks: list[Mapping[str, object]]) -> bytes:
    return b"".join(export_parts(chunks, columns=COLUMNS, form=form))


def csv_rows(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE[:6])
def test_no_cell_begins_as_a_formula(text: str) -> None:
    [_, [cell, *_]] = csv_rows(whole(ExportFormat.CSV, rows(text)))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", HOSTILE[6:9])
def test_other_text_comes_back_from_csv_as_it_was(text: str) -> None:
    [_, [cell, *_]] = csv_rows(whole(ExportFormat.CSV, rows(text)))
    assert cell == text


@pytest.mark.parametrize("text", HOSTILE)
def test_json_and_ndjson_give_every_text_back(text: str) -> None:
    assert json.loads(whole(ExportFormat.JSON, rows(text)))[0]["name"] == text
    assert json.loads(whole(ExportFormat.NDJSON, rows(text)))["name"] == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ExportFormat)
def test_every_file_is_utf_8(form: ExportFormat, text: str) -> None:
    whole(form, rows(text)).decode()


def test_the_first_line_of_csv_names_the_columns_in_their_order() -> None:
    body = csv_rows(whole(ExportFormat.CSV, rows("a"), rows("b", "c")))
    assert body == [
        ["name", "n", "more"],
        ["a", "0", '{"of": ["a"]}'],
        ["b", "0", '{"of": ["b"]}'],
        ["c", "1", '{"of": ["c"]}'],
    ]


def test_only_the_form_for_excel_begins_with_a_byte_order_mark() -> None:
    assert whole(ExportFormat.CSV_BOM, rows("a")).startswith(b"\xef\xbb\xbfname,")
    assert whole(ExportFormat.CSV, rows("a")).startswith(b"name,")


def test_chunks_join_to_one_json_list() -> None:
    body = json.loads(whole(ExportFormat.JSON, rows("a", "b"), rows("c")))
    assert [row["name"] for row in body] == ["a", "b", "c"]


def test_ndjson_has_one_row_a_line() -> None:
    lines = whole(ExportFormat.NDJSON, rows("a\nb"), rows("c")).decode().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("form", "body"),
    [(ExportFormat.CSV, b"name,n,more\r\n"), (ExportFormat.JSON, b"[]\n"), (ExportFormat.NDJSON, b"")],
)
def test_a_table_without_rows_is_a_whole_file(form: ExportFormat, body: bytes) -> None:
    assert whole(form) == body


def test_chunks_are_read_no_faster_than_the_file_is() -> None:
    asked: list[int] = []

    def chunks() -> Iterator[list[Mapping[str, object]]]:
        for i in range(3):
            asked.append(i)
            yield rows(str(i))

    parts = export_parts(chunks(), columns=COLUMNS, form=ExportFormat.NDJSON)
    next(parts)
    assert asked == [0]


@pytest.mark.parametrize(
    ("form", "content_type", "extension"),
    [
        (ExportFormat.CSV, "text/csv; charset=utf-8; header=present", "csv"),
        (ExportFormat.CSV_BOM, "text/csv; charset=utf-8; header=present", "csv"),
        (ExportFormat.JSON, "application/json", "json"),
        (ExportFormat.NDJSON, "application/x-ndjson", "ndjson"),
    ],
)
def test_the_answer_is_a_download_that_no_cache_keeps(
    form: ExportFormat, content_type: str, extension: str
) -> None:
    response: Any = export_response([rows("a")], columns=COLUMNS, form=form, name="table")
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Content-Disposition"] == f'attachment; filename="table.{extension}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.streaming
