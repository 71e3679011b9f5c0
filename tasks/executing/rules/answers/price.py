"""Prices: tables, lists, cards and JSON-LD products; answers for one thing, for a group, or for the
extreme."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tasks.executing.protocol import Block, BlockKind, Completed, PageView
from tasks.executing.rules.money import Amount, find_amounts, find_free, read_value
from tasks.executing.rules.ranking import coverage, covers, excess
from tasks.executing.rules.run import Run, cite, completed, quote_of_value
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import likeness, stem, stems

_LEADS = tuple(stems("prices price shop products tickets preise preisliste menu speisekarte angebot tarife"))
_PRODUCT = stem("products")
_SURE = 0.85
_CLOSE = 0.5
_MAX_LISTED = 40
_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
_PRICE_HEAD = frozenset(stems("price prices preis preise cost costs kosten fee betrag euro"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """`label` costs `amount`. `context`: headings and title; `is_thing`: the label names a thing (a row, a
    product) rather than being a sentence."""

    label: str
    amount: Amount
    context: str
    quote: str
    page: PageView
    group: tuple[str, str, int]
    is_thing: bool = True

    @property
    def line(self) -> str:
        return f"{self.label}: {self.amount.words}" if self.is_thing else self.label


async def answer_price(run: Run) -> Completed | None:
    """What the subject costs; None when the site names no price for it."""
    # "The cheapest product" is about everything on sale.
    subject = tuple(term for term in run.subject() if likeness(term, _PRODUCT) < 0.9)
    facts: list[_Fact] = []
    async for page in run.survey.explore(subject, leads=_LEADS, wide=bool(subject)):
        facts.extend(_facts(page))
        if _is_enough(run, facts, subject):
            break
    return _decide(run, facts, subject)


def _is_enough(run: Run, facts: list[_Fact], subject: tuple[str, ...]) -> bool:
    """Whether nothing unread is named after the subject any more."""
    if not subject:
        return run.survey.best_link(subject, leads=_LEADS, at_least=0.5) is None
    if run.intent.extreme:
        return len(_labelled(facts, subject)) > 1 and run.survey.best_link(subject, at_least=0.5) is None
    return bool(_labelled(facts, subject)) and run.survey.best_link(subject, at_least=_SURE - 0.1) is None


def _heads(fact: _Fact, subject: tuple[str, ...]) -> bool:
    """Whether the list that the fact stands in is headed by the subject and nothing else."""
    return covers(subject, fact.group[1]) and excess(subject, fact.group[1]) == 0


def _labelled(facts: Sequence[_Fact], subject: tuple[str, ...]) -> list[_Fact]:
    return [fact for fact in facts if fact.is_thing and covers(subject, fact.label)]


def _decide(run: Run, facts: list[_Fact], subject: tuple[str, ...]) -> Completed | None:
    if run.intent.extreme:
        return _extreme(run, facts, subject)
    if not subject:
        return _all(facts)
    headed = [fact for fact in facts if fact.is_thing and fact.group[2] >= 0 and _heads(fact, subject)]
    if len({fact.label for fact in headed if fact.group == headed[0].group}) > 1:
        return _written([fact for fact in headed if fact.group == headed[0].group])
    named = _labelled(facts, subject)
    return _one(run, named, subject) if named else _nearby(run, facts, subject)


def _nearby(run: Run, facts: list[_Fact], subject: tuple[str, ...]) -> Completed | None:
    """Without a thing of that name: the list it heads, else the sentence about it, else a question."""
    around = [fact for fact in facts if covers(subject, f"{fact.label} {fact.context}")]
    things = [fact for fact in around if fact.is_thing]
    if things:
        return _group(things, subject)
    if around:
        return _written([around[0]])
    near = [fact for fact in facts if fact.is_thing and coverage(subject, fact.label) >= _CLOSE]
    if near:
        options = [(line, fact) for line, fact in {fact.line: fact for fact in near}.items()]
        return _written([run.answers.choose("price_of", say("did_you_mean", run.language), options)])
    return None


def _one(run: Run, named: list[_Fact], subject: tuple[str, ...]) -> Completed:
    """One amount, or the one thing of exactly that name, else a question."""
    exact = [fact for fact in named if excess(subject, fact.label) == 0] or named
    if len({_worth(fact) for fact in exact}) > 1:
        least = min(excess(subject, fact.label) for fact in exact)
        closest = [fact for fact in exact if excess(subject, fact.label) == least]
        options = [
            (line, fact)
            for line, fact in {fact.line: fact for fact in (closest if least == 0 else exact)}.items()
        ]
        if len(options) > 1:
            return _written([run.answers.choose("price_of", say("which_price", run.language), options)])
    return _written(exact[:1])


def _worth(fact: _Fact) -> Decimal | str:
    return fact.amount.value if fact.amount.value is not None else fact.amount.words


def _group(things: list[_Fact], subject: tuple[str, ...]) -> Completed:
    """All of the list whose heading names the subject best."""
    fit = {fact.group: (coverage(subject, fact.group[1]), -excess(subject, fact.group[1])) for fact in things}
    best = max(fit, key=lambda group: fit[group])
    return _written([fact for fact in things if fact.group == best])


def _all(facts: list[_Fact]) -> Completed | None:
    things = [fact for fact in facts if fact.is_thing] or facts
    if not things:
        return None
    sizes: dict[str, int] = {}
    for fact in things:
        sizes[fact.page.url] = sizes.get(fact.page.url, 0) + 1
    fullest = max(sizes, key=lambda url: sizes[url])
    return _written([fact for fact in things if fact.page.url == fullest])


def _extreme(run: Run, facts: list[_Fact], subject: tuple[str, ...]) -> Completed | None:
    # Of products the goods are meant, not every amount on the site.
    goods = [fact for fact in facts if covers((_PRODUCT,), fact.context) or fact.group[2] < 0]
    if not subject and goods and any(likeness(term, _PRODUCT) >= 0.9 for term in run.intent.terms):
        facts = goods
    about = [fact for fact in facts if covers(subject, f"{fact.label} {fact.context}")] if subject else facts
    known = [(fact.amount.value, fact) for fact in about if fact.is_thing and fact.amount.value is not None]
    if not known:
        return None
    values = [value for value, _ in known]
    wanted = min(values) if run.intent.extreme == "min" else max(values)
    chosen = {fact.label: fact for value, fact in known if value == wanted}
    return _written(list(chosen.values()))


def _written(facts: list[_Fact]) -> Completed:
    shown = list({fact.line: fact for fact in facts}.values())[:_MAX_LISTED]
    text = "\n".join(fact.line for fact in shown)
    table = {
        "type": "table",
        "columns": ["what", "price"],
        "rows": [[fact.label, fact.amount.words] for fact in shown],
    }
    citations = [cite(fact.page, fact.quote) for fact in shown]
    return completed(text, citations, shown[0].page, [{"type": "text", "text": text}, table])


def _facts(page: PageView) -> list[_Fact]:
    found = [*_rows(page), *_cards(page), *_products(page)]
    return found or list(_sentences(page))


def _rows(page: PageView) -> Iterator[_Fact]:
    for block in page.blocks:
        if block.kind in (BlockKind.ROW, BlockKind.DEFINITION) and len(block.cells) > 1:
            yield from _cells(page, block)
        elif block.kind is BlockKind.ITEM and len(block.text) < 200:
            yield from _line(page, block)


def _cells(page: PageView, block: Block) -> Iterator[_Fact]:
    priced = [
        (at, amount)
        for at, cell in enumerate(block.cells)
        if at and (amount := _cell_amount(block, at, cell))
    ]
    for at, amount in priced:
        label = block.cells[0]
        if len(priced) > 1 and at < len(block.columns):
            label = f"{label}, {block.columns[at]}"
        if label:
            yield _fact(page, block, label, amount)


def _cell_amount(block: Block, at: int, cell: str) -> Amount | None:
    """The amount in a cell; a bare number counts where the column says that it is a price."""
    amounts = find_amounts(cell)
    if amounts and len(cell) < 60:
        return amounts[0]
    head = block.columns[at] if at < len(block.columns) else ""
    if not _PRICE_HEAD & set(stems(head)) and not any(sign in head for sign in "€£$"):
        return None
    free = find_free(cell)
    if free is not None:
        return free
    value = read_value(cell) if any(sign.isdigit() for sign in cell) and len(cell) < 15 else None
    return Amount(words=f"{cell} ({head})", value=value) if value is not None else None


def _line(page: PageView, block: Block) -> Iterator[_Fact]:
    """`Sourdough, 800 g … 4.80 €`: what stands before the one amount of a list item is the thing."""
    amounts = find_amounts(block.text)
    if len(amounts) != 1:
        return
    label = block.text.partition(amounts[0].words)[0].strip(" :,.–-—…")
    if label and len(label) <= 80:
        yield _fact(page, block, label, amounts[0])


def _fact(page: PageView, block: Block, label: str, amount: Amount) -> _Fact:
    heading = block.headings[-1] if block.headings else page.title
    return _Fact(
        label=label,
        amount=amount,
        context=" ".join((page.title, *block.headings, *block.columns)),
        quote=block.text,
        page=page,
        group=(page.url, heading, block.group),
    )


def _cards(page: PageView) -> Iterator[_Fact]:
    for item in page.items:
        amounts = find_amounts(item.text)
        rows = any(item.text == block.text for block in page.blocks if block.kind is BlockKind.ROW)
        if amounts and item.in_main and not rows and item.title and not find_amounts(item.title):
            heading = item.headings[-1] if item.headings else page.title
            yield _Fact(
                label=item.title,
                amount=amounts[0],
                context=" ".join((page.title, *item.headings)),
                quote=item.text,
                page=page,
                group=(page.url, heading, item.group),
            )


def _products(page: PageView) -> Iterator[_Fact]:
    for data in page.linked_data:
        name = data.node.get("name")
        for offer in _offers(data.node.get("offers")):
            price = offer.get("price", offer.get("lowPrice"))
            currency = str(offer.get("priceCurrency") or "")
            if (
                not isinstance(name, str)
                or not isinstance(price, (str, int, float))
                or str(price).strip() == ""
            ):
                continue
            own = offer.get("name")
            label = f"{name}, {own}" if isinstance(own, str) and own and own != name else name
            yield _Fact(
                label=label,
                amount=_stated(page, str(price), currency),
                context=" ".join((page.title, str(data.node.get("category") or ""))),
                quote=quote_of_value(data.source, "price" if "price" in offer else "lowPrice", price),
                page=page,
                group=(page.url, page.title, -1),
            )


def _stated(page: PageView, price: str, currency: str) -> Amount:
    """The amount as the page shows it, else as the data say it."""
    value = read_value(price)
    for block in page.blocks:
        for amount in find_amounts(block.text) if block.in_main else ():
            if amount.value == value:
                return amount
    symbol = _SYMBOLS.get(currency)
    return Amount(words=f"{symbol}{price}" if symbol else f"{price} {currency}".strip(), value=value)


def _offers(value: object) -> Iterator[dict[str, object]]:
    for offer in value if isinstance(value, list) else [value]:
        if isinstance(offer, dict):
            yield offer
            yield from _offers(offer.get("offers"))


def _sentences(page: PageView) -> Iterator[_Fact]:
    for block in page.blocks:
        if block.kind in (BlockKind.TEXT, BlockKind.ITEM) and block.in_main:
            amounts = find_amounts(block.text)
            if amounts:
                heading = block.headings[-1] if block.headings else page.title
                yield _Fact(
                    label=block.text,
                    amount=amounts[0],
                    context=" ".join((page.title, *block.headings)),
                    quote=block.text,
                    page=page,
                    group=(page.url, heading, block.group),
                    is_thing=False,
                )
