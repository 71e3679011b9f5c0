"""Tables as files to download: CSV, JSON, NDJSON. Streamed, so that a long table needs little memory."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from workspace.core.csv_cells import safe_cell

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
Rows = Sequence[Mapping[str, object]]


class ExportFormat(StrEnum):
    """How a table is written. CSV_BOM begins with a byte order mark: without one, Excel takes UTF-8 for
    something else."""

    CSV = "csv"
    CSV_BOM = "csv-bom"
    JSON = "json"
    NDJSON = "ndjson"

    @property
    def extension(self) -> str:
        """The end of the file's name."""
        return "csv" if self is ExportFormat.CSV_BOM else self.value

    @property
    def content_type(self) -> str:
        """As a header."""
        return {
            "csv": "text/csv; charset=utf-8; header=present",
            "json": "application/json",
            "ndjson": "application/x-ndjson",
        }[self.extension]


def export_response(
    chunks: Iterable[Rows], *, columns: Sequence[str], form: ExportFormat, name: str
) -> StreamingHttpResponse:
    """A download called `name` with the format's extension. `chunks` are read while the client reads; each
    row has the members `columns`."""
    response = StreamingHttpResponse(export_parts(chunks, columns=columns, form=form))
    response.headers["Content-Type"] = form.content_type
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{name}.{form.extension}")
    response.headers["Cache-Control"] = "no-store"
    return response


def export_parts(chunks: Iterable[Rows], *, columns: Sequence[str], form: ExportFormat) -> Iterator[bytes]:
    """The bytes of the file, one part per chunk: UTF-8, one row a line (a CSV cell may hold newlines)."""
    if form is ExportFormat.JSON:
        return _json(chunks)
    if form is ExportFormat.NDJSON:
        return _ndjson(chunks)
    return _csv(chunks, columns, begin=BOM if form is ExportFormat.CSV_BOM else "")


def _csv(chunks: Iterable[Rows], columns: Sequence[str], *, begin: str) -> Iterator[bytes]:
    yield (begin + _csv_lines([columns])).encode()
    for chunk in chunks:
        yield _csv_lines([[safe_cell(row[column]) for column in columns] for row in chunk]).encode()


def _csv_lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)  # RFC 4180: lines end in CR LF
    return text.getvalue()


def _json(chunks: Iterable[Rows]) -> Iterator[bytes]:
    between = "[\n"
    for chunk in chunks:
        for_part = []
        for row in chunk:
            for_part.append(between + _object(row))
            between = ",\n"
        yield _utf8("".join(for_part))
    yield b"[]\n" if between == "[\n" else b"\n]\n"


def _ndjson(chunks: Iterable[Rows]) -> Iterator[bytes]:
    for chunk in chunks:
        yield _utf8("".join(f"{_object(row)}\n" for row in chunk))


def _object(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)


def _utf8(text: str) -> bytes:
    """A lone surrogate, which UTF-8 cannot hold, becomes the escape by which JSON writes it."""
    return text.encode("utf-8", "backslashreplace")
