"""Lists: the things of a kind that a page names."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.executing.protocol import BlockKind, Citation, Completed, PageView
from tasks.executing.rules.gathering import path_fit
from tasks.executing.rules.money import find_amounts
from tasks.executing.rules.ranking import coverage, covers
from tasks.executing.rules.run import Run, cite, completed
from tasks.executing.rules.saying import say

_MAX_SHOWN = 50
_FAIR = 0.6
_SURE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    title: str
    url: str
    note: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """`under`: the heading right above the list; `kind_worth`: cards and links are more of a list than
    lines."""

    rows: tuple[_Row, ...]
    under: str
    headings: str
    page: PageView
    kind_worth: float


async def answer_list(run: Run) -> Completed | None:
    """The list that the subject names; without a subject, the longest of the page that the wish is about."""
    subject = run.subject()
    if not subject:
        groups = sorted(_groups(run.survey.start), key=lambda group: len(group.rows), reverse=True)
        return _written(run, groups[0]) if groups else None
    found: list[tuple[float, _Group]] = []
    async for page in run.survey.explore(subject, blind=False):
        found.extend((_worth(group, subject), group) for group in _groups(page))
        best = max((worth for worth, _ in found), default=0.0)
        if best >= 1.0 and run.survey.best_link(subject, at_least=0.85) is None:
            break
    if not any(worth >= _FAIR for worth, _ in found) and (things := _things(run, subject)) is not None:
        return things
    fitting = [(worth, group) for worth, group in found if worth >= _FAIR]
    if not fitting:
        return None
    return _written(run, max(fitting, key=lambda pair: (pair[0], len(pair[1].rows)))[1])


def _things(run: Run, subject: tuple[str, ...]) -> Completed | None:
    """Without a list: pages that are each called after the subject, as in 'touring bike', 'cargo bike';
    of those the most that stand in one folder."""
    folders: dict[str, dict[str, PageView]] = {}
    for page in run.survey.pages.values():
        if page is not run.survey.start and page.kind == "html" and covers(subject, page.title):
            folders.setdefault(page.url.rpartition("/")[0], {})[page.title] = page
    named = list(max(folders.values(), key=len).values()) if folders else []
    if len(named) < 2:
        return None
    items = [{"title": page.title, "url": page.url, "note": ""} for page in named]
    text = "\n".join(f"- {page.title}" for page in named)
    return completed(
        text, [cite(page, page.title) for page in named], named[0], [{"type": "list", "items": items}]
    )


def _worth(group: _Group, subject: tuple[str, ...]) -> float:
    """1 and more where the heading, the page's title or its address names the whole subject."""
    said = coverage(subject, f"{group.under} {group.headings} {group.page.title}")
    by_address = path_fit(subject, group.page.url)
    worth = max(said, 0.95 * by_address)
    if worth < _FAIR:
        return 0.0
    # The page that is named after the subject beats a page that has a teaser of it.
    worth += 0.4 * (covers(subject, group.page.title) or by_address >= _SURE)
    worth += 0.3 * (covers(subject, group.under))
    return worth * group.kind_worth


def _groups(page: PageView) -> Iterator[_Group]:
    cards: dict[tuple[int, tuple[str, ...]], list[_Row]] = {}
    for item in page.items:
        if item.in_main:
            amounts = find_amounts(item.text)
            note = amounts[0].words if amounts else item.date or ""
            row = _Row(title=item.title, url=item.url or "", note=note, quote=item.text or item.title)
            cards.setdefault((item.group, item.headings), []).append(row)
    for (group, headings), rows in cards.items():
        if len(rows) > 1:
            yield _group(page, headings, rows, 1.0, _intros(page).get(group, ""))
    intros = _intros(page)
    lines: dict[tuple[str, int, tuple[str, ...]], list[_Row]] = {}
    for block in page.blocks:
        if block.in_main and block.kind in (BlockKind.ITEM, BlockKind.ROW, BlockKind.DEFINITION):
            title = block.cells[0] if block.cells else block.text
            note = "; ".join(filter(None, block.cells[1:]))
            row = _Row(title=title, url="", note=note, quote=block.text)
            lines.setdefault((block.kind, block.group, block.headings), []).append(row)
    for (_, group, headings), rows in lines.items():
        if len(rows) > 1:
            yield _group(page, headings, rows, 0.9, intros.get(group, ""))
    yield from _linked(page)


def _intros(page: PageView) -> dict[int, str]:
    """The sentence right before each list, which often says what it lists."""
    found: dict[int, str] = {}
    last = ""
    for block in page.blocks:
        if block.kind in (BlockKind.ITEM, BlockKind.ROW, BlockKind.DEFINITION):
            found.setdefault(block.group, last)
        elif block.in_main and block.kind is BlockKind.TEXT:
            last = block.text
    return found


def _group(page: PageView, headings: tuple[str, ...], rows: list[_Row], worth: float, intro: str) -> _Group:
    under = f"{headings[-1] if headings else page.title} {intro if len(intro) < 150 else ''}"
    return _Group(rows=tuple(rows), under=under, headings=" ".join(headings), page=page, kind_worth=worth)


def _linked(page: PageView) -> Iterator[_Group]:
    """JSON-LD: the elements of each ItemList, and nodes of one type that have a name."""
    by_type: dict[str, list[_Row]] = {}
    for data in page.linked_data:
        name, url = data.node.get("name") or data.node.get("headline"), data.node.get("url")
        if not isinstance(name, str) or name not in data.source:
            continue
        row = _Row(title=name, url=url if isinstance(url, str) else "", note="", quote=name)
        for kind in data.types:
            by_type.setdefault(kind, []).append(row)
    for kind, rows in by_type.items():
        if len(rows) > 1 and kind not in ("Offer", "ListItem", "Brand", "Question", "Answer"):
            yield _Group(rows=tuple(rows), under=kind, headings=kind, page=page, kind_worth=0.8)


def _of_subject(run: Run, group: _Group) -> tuple[_Row, ...]:
    """Of a list of articles, asked for those about tea: the rows that speak of tea, where some do."""
    named = f"{group.page.title} {group.headings}"
    rest = tuple(term for term in run.subject() if not covers((term,), named))
    about = tuple(row for row in group.rows if covers(rest, row.quote))
    return about or group.rows


def _written(run: Run, group: _Group) -> Completed:
    rows = _of_subject(run, group)
    shown = rows[:_MAX_SHOWN]
    lines = [f"- {row.title}" + (f" ({row.note})" if row.note else "") for row in shown]
    if len(rows) > len(shown):
        lines.append(say("and_more", run.language, n=len(rows) - len(shown)))
    items = [{"title": row.title, "url": row.url, "note": row.note} for row in shown]
    citations: list[Citation] = [cite(group.page, row.quote) for row in shown[:10]]
    return completed("\n".join(lines), citations, group.page, [{"type": "list", "items": items}])
