"""Opening hours: tables, definition lists, lines with a day and a time, and JSON-LD."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.executing.protocol import Block, BlockKind, Completed, LinkedData, PageView
from tasks.executing.rules.ranking import covers
from tasks.executing.rules.run import Run, cite, completed, quote_of_value
from tasks.executing.rules.saying import day_name, say
from tasks.executing.rules.weekdays import TIME, days_in, says_hours
from tasks.executing.rules.words import stems

_LEADS = tuple(stems("opening hours oeffnungszeiten visit besuch contact kontakt"))
_ABOUT = frozenset(stems("opening hours oeffnungszeiten geoeffnet times sprechzeiten zeiten open"))
_SURE = 0.85
_DAY_KEYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """`days`: which days it is about (all words of `label`); `whose`: the column or place; `group`: one
    list of
    hours on one page."""

    label: str
    days: frozenset[int]
    hours: str
    whose: str
    context: str
    quote: str
    page: PageView
    group: tuple[str, ...]
    named: bool


async def answer_hours(run: Run) -> Completed | None:
    """The opening hours of the subject, on the days asked about; None when the site tells none for it."""
    subject = run.subject()
    async for page in run.survey.explore(subject, leads=_LEADS, wide=False):
        facts = _facts(page)
        fitting = _of_subject(facts, subject)
        if fitting:
            return _answer(run, fitting)
    return None


def _of_subject(facts: list[_Fact], subject: tuple[str, ...]) -> list[_Fact]:
    """The facts about `subject`: by the column or place first, else by heading and page."""
    if not facts or not subject:
        return _best(facts)
    narrow = [fact for fact in facts if covers(subject, fact.whose)]
    if narrow:
        return _best(narrow)
    return _best([fact for fact in facts if covers(subject, f"{fact.whose} {fact.context}")])


def _best(facts: list[_Fact]) -> list[_Fact]:
    """What is headed as opening hours beats other lines with a day; visible text beats JSON-LD."""
    named = [fact for fact in facts if fact.named]
    chosen = named or facts
    visible = [fact for fact in chosen if fact.group[0] != "ld"]
    return visible or chosen


def _answer(run: Run, facts: list[_Fact]) -> Completed:
    groups = {fact.group: fact.context for fact in facts}
    if len(groups) > 1:
        options = [(" – ".join(group[1:]) or context, group) for group, context in groups.items()]
        if len({label for label, _ in options}) > 1:
            group = run.answers.choose("hours_of", say("which_hours", run.language), options)
            facts = [fact for fact in facts if fact.group == group]
    asked = run.intent.days
    shown = [fact for fact in facts if fact.days & asked]
    if asked and not shown:
        # That a day is missing does not say that it is closed.
        days = ", ".join(day_name(day, run.language) for day in sorted(asked))
        return _written(run, facts, frozenset(), lead=say("no_day", run.language, days=days))
    return _written(run, shown or facts, asked)


def _written(run: Run, facts: list[_Fact], asked: frozenset[int], *, lead: str = "") -> Completed:
    several = len({fact.whose for fact in facts}) > 1
    lines: dict[str, list[str]] = {}
    for fact in facts:
        label = fact.label
        if asked and len(asked) < 7 and fact.label:
            label = ", ".join(day_name(day, run.language) for day in sorted(fact.days & asked))
        lines.setdefault(label, []).append(f"{fact.whose} {fact.hours}".strip() if several else fact.hours)
    rows = [
        f"{label}: {'; '.join(dict.fromkeys(parts))}" if label else "; ".join(parts)
        for label, parts in lines.items()
    ]
    table = {
        "type": "table",
        "columns": ["days", "of", "hours"],
        "rows": [[fact.label, fact.whose, fact.hours] for fact in facts],
    }
    text = "\n".join([lead, *rows] if lead else rows)
    citations = [cite(fact.page, fact.quote) for fact in facts]
    return completed(text, citations, facts[0].page, [{"type": "text", "text": text}, table])


def _facts(page: PageView) -> list[_Fact]:
    return [*_visible(page), *_linked(page)]


def _visible(page: PageView) -> Iterator[_Fact]:
    for block in page.blocks:
        if block.kind is BlockKind.ROW:
            yield from _row(page, block)
        elif block.kind is BlockKind.DEFINITION and days_in(block.cells[0]) and says_hours(block.cells[1]):
            yield _fact(page, block, label=block.cells[0], hours=block.cells[1])
        elif block.kind in (BlockKind.TEXT, BlockKind.ITEM) and len(block.text) < 300 and _is_line(block):
            first = TIME.search(block.text)
            label = block.text[: first.start()].strip(" :,–-") if first else block.text
            if days_in(label) and first:
                yield _fact(page, block, label=label, hours=block.text[first.start() :])
            else:
                yield _fact(page, block, label="", hours=block.text)


def _is_line(block: Block) -> bool:
    """A line with a day and a time, under a heading that speaks of hours."""
    return bool(_is_named(block) and days_in(block.text) and TIME.search(block.text))


def _row(page: PageView, block: Block) -> Iterator[_Fact]:
    label = block.cells[0]
    if not days_in(label):
        return
    for at, cell in enumerate(block.cells[1:], start=1):
        if says_hours(cell):
            whose = block.columns[at] if at < len(block.columns) else ""
            yield _fact(page, block, label=label, hours=cell, whose="" if _speaks_of_hours(whose) else whose)


def _fact(page: PageView, block: Block, *, label: str, hours: str, whose: str = "") -> _Fact:
    return _Fact(
        label=label,
        days=days_in(label) or days_in(hours),
        hours=hours,
        whose=whose,
        context=" ".join((page.title, *block.headings)),
        quote=block.text,
        page=page,
        group=(page.url, *block.headings[-1:]),
        named=_is_named(block),
    )


def _is_named(block: Block) -> bool:
    return any(_speaks_of_hours(text) for text in (*block.headings[-1:], *block.columns))


def _speaks_of_hours(text: str) -> bool:
    return any(word in _ABOUT or "oeffnungszeit" in word for word in stems(text))


def _linked(page: PageView) -> Iterator[_Fact]:
    for data in page.linked_data:
        name = data.node.get("name")
        whose = name if isinstance(name, str) else ""
        for spec in _listed(data.node.get("openingHoursSpecification")):
            yield from _specification(page, data, spec, whose)
        for text in _listed(data.node.get("openingHours")):
            if isinstance(text, str) and says_hours(text):
                first = TIME.search(text)
                label = text[: first.start()].strip(" :,") if first else text
                hours = text[first.start() :] if first else text
                yield _stated(page, whose, label, days_in(text), hours, text)


def _specification(page: PageView, data: LinkedData, spec: object, whose: str) -> Iterator[_Fact]:
    if not isinstance(spec, dict):
        return
    opens, closes = spec.get("opens"), spec.get("closes")
    days = [str(day).rpartition("/")[2] for day in _listed(spec.get("dayOfWeek"))]
    known = [_DAY_KEYS.index(day) for day in days if day in _DAY_KEYS]
    if not known or not isinstance(opens, str) or not isinstance(closes, str):
        return
    quote = quote_of_value(data.source, "opens", opens)
    label = ", ".join(day_name(day, "en") for day in known)
    yield _stated(page, whose, label, frozenset(known), f"{opens[:5]}–{closes[:5]}", quote)


def _stated(page: PageView, whose: str, label: str, days: frozenset[int], hours: str, quote: str) -> _Fact:
    return _Fact(
        label=label,
        days=days,
        hours=hours,
        whose="",
        context=f"{whose} {page.title}",
        quote=quote,
        page=page,
        group=("ld", whose),
        named=True,
    )


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
