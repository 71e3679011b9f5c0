"""Data files: JSON pretty and sampled, CSV and TSV as a Markdown table."""

import csv
import io
import json
from typing import Any, Final

from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import clean, fence

MAX_ARRAY_ITEMS: Final = 100
KEPT_HEAD: Final = 40
KEPT_TAIL: Final = 10
MAX_ROWS: Final = 500
MAX_COLUMNS: Final = 60
MAX_CELL_CHARS: Final = 1_000
_MAX_JSON_DEPTH: Final = 200


def read_json(text: str) -> Reading:
    """Pretty-printed, keys in order, fenced; an array of over 100 items keeps its first 40 and last 10.

    Text that is no JSON is fenced as it is, with `valid: false` in the metadata.
    """
    try:
        value = json.loads(clean(text), parse_int=_number, parse_float=_number)
        sampled, cut = _sample(value, 0)
        pretty = json.dumps(sampled, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return Reading(markdown=fence(clean(text)), fields={"valid": False}, visible_text=text)
    fields: dict[str, Any] = {"valid": True}
    if cut:
        fields["arrays_sampled"] = cut
    title = value.get("title") if isinstance(value, dict) else None
    return Reading(
        markdown=fence(_unquote_numbers(pretty), "json"),
        title=title if isinstance(title, str) else None,
        fields=fields,
        truncated=cut > 0,
        ratio=1.0 if not cut else min(1.0, len(pretty) / max(1, len(text))),
    )


_NUMBER_MARK: Final = "\u2425n:"


def _number(literal: str) -> str:
    """Numbers keep their spelling: a 30-digit id or 1.10 must not become another number."""
    return _NUMBER_MARK + literal


def _unquote_numbers(pretty: str) -> str:
    parts = pretty.split('"' + _NUMBER_MARK)
    return parts[0] + "".join(
        number + rest for number, _, rest in (part.partition('"') for part in parts[1:])
    )


def _sample(value: Any, depth: int) -> tuple[Any, int]:
    """`value` with long arrays cut, and how many arrays were cut."""
    if depth > _MAX_JSON_DEPTH:
        return "…", 1
    if isinstance(value, dict):
        pairs = {key: _sample(item, depth + 1) for key, item in value.items()}
        return {key: item for key, (item, _) in pairs.items()}, sum(cut for _, cut in pairs.values())
    if not isinstance(value, list):
        return value, 0
    kept, cut = value, 0
    if len(value) > MAX_ARRAY_ITEMS:
        left_out = len(value) - KEPT_HEAD - KEPT_TAIL
        kept = [*value[:KEPT_HEAD], f"… {left_out} of {len(value)} items left out …", *value[-KEPT_TAIL:]]
        cut = 1
    items = [_sample(item, depth + 1) for item in kept]
    return [item for item, _ in items], cut + sum(inner for _, inner in items)


def read_csv(text: str, *, tabs: bool) -> Reading:
    """A Markdown table of at most 500 rows and 60 columns, the first row as head; rows cut are counted."""
    text = clean(text)
    rows, total = _rows(text, "\t" if tabs else _delimiter(text))
    if not rows:
        return Reading(markdown="", fields={"rows": 0})
    width = min(MAX_COLUMNS, max(map(len, rows)))
    lines = [_line(rows[0], width), "|" + " --- |" * width, *(_line(row, width) for row in rows[1:])]
    data_rows = total - 1
    if total > len(rows):
        lines.append(f"\n{total - len(rows)} of {data_rows} rows left out.")
    return Reading(
        markdown="\n".join(lines),
        fields={"rows": data_rows, "columns": max(map(len, rows))},
        truncated=total > len(rows),
        ratio=len(rows) / total,
    )


def _delimiter(text: str) -> str:
    first = text[:8_192].partition("\n")[0]
    return max(",;\t|", key=lambda sign: (first.count(sign), sign == ","))


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], int]:
    rows: list[list[str]] = []
    total = 0
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows, total
        except csv.Error:
            # A field over csv's own limit: the row is counted, its content is no table cell.
            row = ["…"]
        if any(cell.strip() for cell in row):
            total += 1
            if len(rows) <= MAX_ROWS:
                rows.append(row[:MAX_COLUMNS])


def _line(row: list[str], width: int) -> str:
    cells = [_cell(cell) for cell in row[:width]]
    return "| " + " | ".join(cells + [""] * (width - len(cells))) + " |"


def _cell(cell: str) -> str:
    cut = cell[:MAX_CELL_CHARS] + ("…" if len(cell) > MAX_CELL_CHARS else "")
    return " ".join(cut.split()).replace("\\", "\\\\").replace("|", "\\|")
