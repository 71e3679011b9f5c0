"""Goals that are met by telling: a question, answered by the page that is seen, or behind its links."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tasks.executing.in_page.forms import is_search_form, search_box
from tasks.executing.in_page.protocol import Answered, Ask, Decision, GiveUp
from tasks.executing.in_page.rules.needles import Needles
from tasks.executing.in_page.rules.situation import Purpose, Situation
from tasks.executing.in_page.rules.targets import find_lead, words_of
from tasks.executing.in_page.rules.values import EMAIL, PHONE
from tasks.executing.in_page.rules.view import page_view
from tasks.executing.protocol import (
    Budget,
    Citation,
    Completed,
    Entry,
    Failed,
    Form,
    InputRequired,
    Item,
    PageUnavailable,
    PageView,
    Wish,
)
from tasks.executing.rules.answers.pages import lead_of
from tasks.executing.rules.decider import RulesExecutor
from tasks.executing.rules.gathering import observation_of
from tasks.executing.rules.ranking import coverage
from tasks.executing.rules.understanding import Intent, understand
from tasks.executing.rules.vocabulary import Kind
from tasks.executing.rules.words import STOP, stem, stems, tokens

PAGES_MAX: Final = 8
_RESULTS_MAX: Final = 10
_FAIR: Final = 0.5
_FULL: Final = 0.97
_LEADS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PRICE: tuple(stems("prices pricing price preise tickets menu speisekarte rates")),
    Kind.HOURS: tuple(stems("hours opening oeffnungszeiten visit besuch kontakt contact")),
    Kind.CONTACT: tuple(stems("contact kontakt impressum imprint about ueber")),
    Kind.LATEST: tuple(stems("news blog aktuelles neuigkeiten articles")),
    Kind.LIST: tuple(stems("products shop produkte menu speisekarte")),
    Kind.FIND: tuple(stems("faq questions fragen help hilfe about ueber")),
}
_SIGNS: Final[Mapping[Kind, str]] = {
    Kind.PRICE: r"[€$£]|\beur\b|\bchf\b|\bfree\b|kostenlos",
    Kind.HOURS: r"\d[:.]\d\d|\d ?(?:am|pm|uhr)\b|closed|geschlossen|ruhetag",
    Kind.CONTACT: r"@|\d{3}|\btel",
}
"""What a passage of that kind has in it, whatever its words."""
_NODES_READ: Final = 1_000
_BLOCKS_MAX: Final = 300
_ITEMS_MAX: Final = 120
_GOES_ELSEWHERE: Final = frozenset({"budget_exhausted", "no_evidence", "page_unavailable", "link_not_found"})


class _SeenHands:
    """Hands that hold the one page that is seen, and reach no other."""

    def __init__(self, page: PageView) -> None:
        self._page = page

    async def read(self, url: str) -> PageView:
        if url == self._page.url:
            return self._page
        raise PageUnavailable("Only the page that is seen can be read.", url=url)

    async def submit_get_form(self, form: Form, values: Mapping[str, str]) -> PageView:
        raise PageUnavailable("Only the page that is seen can be read.", url=form.action)

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        return ()


class _Silence:
    """A journal that nobody reads."""

    async def write(self, entry: Entry) -> None:
        pass


async def next_answer(situation: Situation) -> Decision:
    """What to do for a question: answer it from the page, ask which of several is meant, or look further."""
    goal = situation.goal
    if not any(node.words for node in situation.page.nodes):
        return situation.give_up("empty_page", "empty_page")
    intent = understand(goal.text)
    page = _readable(situation, intent)
    wish = Wish(url=page.url, prompt=goal.text, answers=situation.view.wish.answers)
    outcome = await RulesExecutor().run(
        wish, hands=_SeenHands(page), journal=_Silence(), budget=Budget(pages=1), stop=asyncio.Event()
    )
    further = _further(situation, intent, sure=not isinstance(outcome, Failed))
    if isinstance(outcome, Completed):
        return further if further and _is_weak(outcome, intent) else _answered(outcome)
    if isinstance(outcome, InputRequired):
        return Ask(message=outcome.message, questions=outcome.questions)
    if isinstance(outcome, Failed) and outcome.code not in _GOES_ELSEWHERE:
        return GiveUp(code=outcome.code, message=outcome.message, data=outcome.data)
    return further or situation.give_up("no_evidence", "no_evidence", pages=len(situation.visited))


def _readable(situation: Situation, intent: Intent) -> PageView:
    """Of a long page what may speak of the subject; reading all of it word by word takes too long."""
    if len(situation.page.nodes) <= _NODES_READ:
        return situation.text
    if intent.kind in (Kind.READ, Kind.SUMMARISE):
        return page_view(situation.page, most=_BLOCKS_MAX)
    needles = Needles((*intent.terms, *intent.asked), more=_SIGNS.get(intent.kind, ""))
    page = page_view(situation.page, keep=needles.may_be_in)
    return replace(page, blocks=page.blocks[:_BLOCKS_MAX], items=page.items[:_ITEMS_MAX])


def _is_weak(outcome: Completed, intent: Intent) -> bool:
    """An answer that leaves out words of the question may be better somewhere else."""
    if intent.kind is not Kind.FIND or not intent.terms:
        return False
    said = " ".join((outcome.text, *(str(block.get("about", "")) for block in outcome.blocks)))
    return coverage(intent.terms, said) < _FULL


def _further(situation: Situation, intent: Intent, *, sure: bool) -> Decision | None:
    """A page that more likely tells it: behind a link, found by the search, or where it all began."""
    made = situation.made(Purpose.LEAD)
    if len(made) >= PAGES_MAX - 1:
        return None
    leads = () if sure else _LEADS.get(intent.kind, _LEADS[Kind.FIND])
    terms = intent.terms or intent.asked
    link = find_lead(situation.page, terms, leads, situation.visited)
    if link is not None:
        call = situation.call(Purpose.LEAD, "click_element", element_id=link.id)
        return situation.calls([call], "leading", what=words_of(link)[:100])
    if sure:
        return None
    words = _search_words(situation.goal.text, terms)
    searched = any(each.done.call.name == "type_and_enter" for each in made)
    form = next((each for each in situation.forms if is_search_form(each)), None)
    box = search_box(form) if form is not None else None
    if box is not None and words and not searched:
        call = situation.call(Purpose.LEAD, "type_and_enter", element_id=box.id, text=words)
        return situation.calls([call], "searching", what=words)
    return _back_to_start(situation)


def _search_words(text: str, terms: Sequence[str]) -> str:
    """The question's own words; an address of the visitor is nothing to search for."""
    plain = PHONE.sub(" ", EMAIL.sub(" ", text))
    return " ".join(word for word in tokens(plain) if word not in STOP and stem(word) in terms)


def _back_to_start(situation: Situation) -> Decision | None:
    """The first page again, once: its other links were not tried."""
    made = situation.made(Purpose.CLEAR)
    start = next((step.url for step in situation.history if step.url), "")
    if not start or made or start.partition("#")[0] == situation.page.url.partition("#")[0]:
        return None
    call = situation.call(Purpose.CLEAR, "goto_url", url=start)
    return situation.calls([call], "returning")


def _answered(outcome: Completed) -> Answered:
    return Answered(
        text=outcome.text,
        blocks=outcome.blocks,
        summary=outcome.summary,
        observation=outcome.observation,
        citations=outcome.citations,
    )


# --- what actions led to ---


def results_of(situation: Situation) -> tuple[list[Item], PageView]:
    """What a search found: the list of the page that speaks most of its words."""
    goal, page = situation.goal, situation.text
    groups: dict[int, list[Item]] = {}
    for item in page.items:
        if item.in_main and item.url:
            groups.setdefault(item.group, []).append(item)

    def said(items: list[Item]) -> float:
        return sum(coverage(goal.terms, item.text) for item in items)

    if groups:
        best = max(groups.values(), key=lambda items: (said(items), len(items)))
        fitting = [item for item in best if coverage(goal.terms, item.text) > 0]
        return (fitting or [])[:_RESULTS_MAX], page
    links = [
        Item(title=link.text, url=link.url, text=link.text)
        for link in page.links
        if link.in_main and link.url.startswith("http") and coverage(goal.terms, link.text) >= _FAIR
    ]
    return links[:_RESULTS_MAX], page


def told(
    text: str, quotes: list[str], page: PageView, *, blocks: tuple[Mapping[str, object], ...] = ()
) -> Answered:
    """An answer in our words with what it rests on."""
    return Answered(
        text=text,
        blocks=blocks or ({"type": "text", "text": text},),
        summary=text.partition("\n")[0],
        observation=observation_of(page),
        citations=tuple(
            dict.fromkeys(Citation(url=page.url, quote=quote[:600], title=page.title) for quote in quotes)
        ),
    )


def lead_quotes(page: PageView) -> tuple[str, list[str]]:
    """What the page is called and says first, and the quotes for it."""
    lead = lead_of(page)
    return lead.text, [citation.quote for citation in lead.citations]
