"""A task's result in parts that a page can show. Workers and browsers of strangers wrote it: any member may
be missing, or something else than it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.admin.texts import Link, as_json, block, line, link, rest

PARTS, ITEMS, COLUMNS = 60, 200, 12
"""So many parts are shown, so many items or rows of each, and so many cells of a row."""
_TOLD = ("text", "summary", "blocks", "observation", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a list."""

    title: str
    link: Link | None = None
    note: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`kind`: text, list, table, citation, or other, whose `text` is JSON. `more`: entries not shown."""

    kind: str
    title: str = ""
    text: str = ""
    link: Link | None = None
    items: tuple[Item, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownResult:
    """`parts`: the answer; `text`: the same in one piece, as agents get it; `citations`: what it rests on;
    `page`: where that was seen; `error`: code and message; `other`: what else there is, as JSON; `more`:
    parts not shown."""

    parts: tuple[Part, ...]
    text: str
    citations: tuple[Part, ...]
    page: Item | None
    error: tuple[str, str] | None
    other: str
    more: int


def shown_result(result: object) -> ShownResult | None:
    """The result of a task; None while there is none."""
    if not isinstance(result, Mapping):
        return None
    given = result.get("blocks")
    blocks = list(given) if isinstance(given, list) else []
    parts = [_part(each) for each in blocks[:PARTS]]
    answer = tuple(part for part in parts if part.kind != "citation")
    text = block(result.get("text") or result.get("summary"))
    if not answer and text:
        answer = (Part(kind="text", text=text),)
    return ShownResult(
        parts=answer,
        text="" if [part.text for part in answer] == [text] else text,
        citations=tuple(part for part in parts if part.kind == "citation"),
        page=_page(result.get("observation")),
        error=_error(result.get("error")),
        other=rest(result, *_TOLD),
        more=max(0, len(blocks) - PARTS),
    )


def _part(given: object) -> Part:
    if not isinstance(given, Mapping):
        return Part(kind="other", text=as_json(given))
    kind = given.get("type")
    if kind == "citation":
        return Part(
            kind="citation",
            title=line(given.get("title")),
            text=block(given.get("quote")),
            link=link(given.get("url")),
        )
    if kind == "list" and isinstance(given.get("items"), list):
        return _list(given, given["items"])
    if kind == "table" and isinstance(given.get("rows"), list):
        return _table(given, given["rows"])
    if isinstance(given.get("text"), str):
        return Part(
            kind="text",
            title=line(given.get("title")),
            text=block(given["text"]),
            link=link(given.get("url")),
        )
    return Part(kind="other", title=line(kind), text=as_json(dict(given)))


def _list(given: Mapping[str, Any], items: Sequence[object]) -> Part:
    return Part(
        kind="list",
        title=line(given.get("title")),
        items=tuple(_item(each) for each in items[:ITEMS]),
        more=max(0, len(items) - ITEMS),
    )


def _item(given: object) -> Item:
    if not isinstance(given, Mapping):
        return Item(title=line(given))
    notes = (line(given.get(name)) for name in ("date", "note"))
    found = link(given.get("url"))
    return Item(
        title=line(given.get("title")) or (found.text if found else "(untitled)"),
        link=found,
        note=", ".join(filter(None, notes)),
        text=block(given.get("text")),
    )


def _table(given: Mapping[str, Any], rows: Sequence[object]) -> Part:
    columns = given.get("columns")
    return Part(
        kind="table",
        title=line(given.get("title")),
        columns=_cells(columns) if isinstance(columns, list) else (),
        rows=tuple(_cells(row) if isinstance(row, list) else (line(row),) for row in rows[:ITEMS]),
        more=max(0, len(rows) - ITEMS),
    )


def _cells(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(line(value) for value in values[:COLUMNS])


def _page(given: object) -> Item | None:
    """The page that the answer was read from."""
    found = _item(given) if isinstance(given, Mapping) else None
    return found if found is not None and found.link is not None else None


def _error(given: object) -> tuple[str, str] | None:
    if not isinstance(given, Mapping):
        return None
    return line(given.get("code")), block(given.get("message"))
