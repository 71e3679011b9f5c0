"""How to reach the people of a site: e-mail, telephone, address."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from tasks.executing.protocol import BlockKind, Completed, PageView
from tasks.executing.rules.ranking import coverage, covers
from tasks.executing.rules.run import Run, cite, completed, quote_of_value
from tasks.executing.rules.saying import say
from tasks.executing.rules.understanding import Facet
from tasks.executing.rules.words import fold, stems

_LEADS = tuple(stems("contact kontakt impressum imprint about anfahrt visit"))
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?:tel(?:\.|efon|ephone)?|phone|fon|call|ruf(?:nummer)?|mobil(?:e)?)\b[\s.:]*(\+?[\d(][\d\s()/.–-]{5,24}\d)",
    re.I,
)
_STREET = re.compile(
    r"\b[A-ZÄÖÜ][\wäöüß.' -]{1,40}(?:straße|strasse|str\.|weg|platz|gasse|allee|ufer|damm|"
    r"markt)\s+\d+\s?[a-z]?\b.{0,40}?"
    r"\b\d{4,5}\s+[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?"
)
_STREET_NAME = re.compile(
    r"\b\d{1,5}\s+[A-Z][\w'. ]{1,40}\b(?:Street|Road|Lane|Avenue|Square|Drive|Way|Close)\b"
)
_ADDRESS_HEAD = re.compile(r"\b(?:address|adresse|anschrift|find us|sitz)\b")
_SURE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    facet: Facet
    value: str
    context: str
    heading: str
    quote: str
    page: PageView


async def answer_contact(run: Run) -> Completed | None:
    """The e-mail address, telephone number or postal address that is asked for, or all of them."""
    wanted = run.intent.facets or frozenset(Facet)
    subject = run.subject()
    facts: list[_Fact] = []
    async for page in run.survey.explore(subject, leads=_LEADS, wide=False):
        facts.extend(_facts(page))
        # Off the contact page there may be more: a footer shows one number, the contact page all.
        if _found(facts, wanted, subject) and run.survey.best_link((), leads=_LEADS[:4]) is None:
            break
    chosen = [fact for facet in Facet if facet in wanted for fact in _of(run, facts, facet, subject)]
    if not chosen or (subject and not _found(chosen, frozenset({chosen[0].facet}), subject)):
        return None
    return _written(chosen)


def _found(facts: list[_Fact], wanted: frozenset[Facet], subject: tuple[str, ...]) -> bool:
    about = [fact for fact in facts if not subject or covers(subject, fact.context)]
    return wanted <= {fact.facet for fact in about}


def _of(run: Run, facts: list[_Fact], facet: Facet, subject: tuple[str, ...]) -> list[_Fact]:
    """What there is of one facet; a question when one was asked for and several differ."""
    unique: dict[str, _Fact] = {}
    for fact in facts:
        if fact.facet is facet:
            unique.setdefault(_key(fact), fact)
            if coverage(subject, fact.context) > coverage(subject, unique[_key(fact)].context):
                unique[_key(fact)] = fact
    found = list(unique.values())
    if subject and any(covers(subject, fact.context) for fact in found):
        found = [fact for fact in found if covers(subject, fact.context)]
        # Whoever asks for the workshop's number wants the line that names it, not the page that does.
        near = [fact for fact in found if covers(subject, f"{fact.quote} {fact.heading}")]
        found = near or found
    if facet is Facet.ADDRESS and len(found) > 1:
        # The same place is written in many ways; the fullest one says most.
        found = [max(found, key=lambda fact: min(len(fact.value), 150))]
    if len(found) > 1 and run.intent.facets:
        options = [
            (f"{fact.quote}" if len(fact.quote) < 120 else f"{fact.heading}: {fact.value}", fact)
            for fact in found
        ]
        return [run.answers.choose(f"which_{facet.value}", say("which_contact", run.language), options)]
    return found


def _key(fact: _Fact) -> str:
    if fact.facet is Facet.PHONE:
        return re.sub(r"\D", "", fact.value)[-9:]
    return re.sub(r"\W+", "", fold(fact.value))


def _written(facts: list[_Fact]) -> Completed:
    text = "\n".join(fact.value for fact in facts)
    table = {
        "type": "table",
        "columns": ["kind", "value"],
        "rows": [[fact.facet.value, fact.value] for fact in facts],
    }
    citations = [cite(fact.page, fact.quote) for fact in facts]
    return completed(text, citations, facts[0].page, [{"type": "text", "text": text}, table])


def _facts(page: PageView) -> list[_Fact]:
    return [*_in_blocks(page), *_in_links(page), *_in_data(page)]


def _in_blocks(page: PageView) -> Iterator[_Fact]:
    for block in page.blocks:
        heading = block.headings[-1] if block.headings else ""
        context = " ".join((page.title, *block.headings, block.text))
        found = [(Facet.EMAIL, match[0]) for match in _EMAIL.finditer(block.text)]
        found += [(Facet.PHONE, match[1]) for match in _PHONE.finditer(block.text)]
        if block.kind is BlockKind.ADDRESS and not found:
            found.append((Facet.ADDRESS, block.text))
        elif match := _STREET.search(block.text) or _STREET_NAME.search(block.text):
            found.append((Facet.ADDRESS, match[0]))
        elif (
            _ADDRESS_HEAD.search(fold(heading))
            and re.search(r"\d", block.text)
            and len(block.text) < 200
            and not found
        ):
            found.append((Facet.ADDRESS, block.text))
        for facet, value in found:
            yield _Fact(
                facet=facet, value=value, context=context, heading=heading, quote=block.text, page=page
            )


def _in_links(page: PageView) -> Iterator[_Fact]:
    for link in page.links:
        scheme, _, target = link.url.partition(":")
        if scheme not in ("mailto", "tel"):
            continue
        value = unquote(target.partition("?")[0])
        facet = Facet.EMAIL if scheme == "mailto" else Facet.PHONE
        block = next((block for block in page.blocks if link.text and link.text in block.text), None)
        shown = link.text if _key_of(facet, link.text) == _key_of(facet, value) else value
        headings = block.headings if block else ()
        quote = block.text if block else link.text or value
        yield _Fact(
            facet=facet,
            value=shown,
            context=" ".join((page.title, *headings, quote)),
            heading=headings[-1] if headings else "",
            quote=quote,
            page=page,
        )


def _key_of(facet: Facet, value: str) -> str:
    return re.sub(r"\D", "", value)[-9:] if facet is Facet.PHONE else value.strip().casefold()


def _in_data(page: PageView) -> Iterator[_Fact]:
    for data in page.linked_data:
        name = data.node.get("name")
        context = f"{name if isinstance(name, str) else ''} {page.title}"
        for key, facet in (("email", Facet.EMAIL), ("telephone", Facet.PHONE)):
            value = data.node.get(key)
            if isinstance(value, str) and value.strip():
                clean = value.removeprefix("mailto:").strip()
                quote = quote_of_value(data.source, key, value)
                yield _Fact(facet=facet, value=clean, context=context, heading="", quote=quote, page=page)
        address = data.node.get("address")
        if isinstance(address, dict) and isinstance(address.get("streetAddress"), str):
            place = f"{address.get('postalCode') or ''} {address.get('addressLocality') or ''}".strip()
            value = ", ".join(part for part in (address["streetAddress"], place) if part)
            quote = quote_of_value(data.source, "streetAddress", address["streetAddress"])
            yield _Fact(facet=Facet.ADDRESS, value=value, context=context, heading="", quote=quote, page=page)
