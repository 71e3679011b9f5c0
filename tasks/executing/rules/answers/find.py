"""A question, answered by the passage that fits it best."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.executing.protocol import Completed, PageView, Question
from tasks.executing.rules.answers.pages import SENTENCE, lead_of
from tasks.executing.rules.asking import NeedsInput
from tasks.executing.rules.money import find_amounts, find_free
from tasks.executing.rules.passages import Passage, passages_of
from tasks.executing.rules.ranking import Fit, Ranking, coverage, covers, excess, speaks_of
from tasks.executing.rules.run import Run, cite, completed
from tasks.executing.rules.saying import say
from tasks.executing.rules.vocabulary import Kind
from tasks.executing.rules.weekdays import TIME, days_in
from tasks.executing.rules.words import STOP, stem, stems, tokens
from tasks.executing.viewing.dates import find_day

_LEADS = tuple(stems("faq questions fragen help hilfe about ueber"))
_ENOUGH = 0.72
_LOOKED_AT = 300  # passages that are weighed with more than BM25
MAX_PASSAGES = 10_000
_TOGETHER = 0.6
_FULL = 0.97
_EQUAL = 0.995
_MAX_PASSAGE_CHARS = 1_200
_MONTH = re.compile(
    r"\b(?:January|February|March|April|June|July|August|September|October|November|December|Januar|Februar|März|"
    r"Mai|Juni|Juli|Oktober|Dezember|(?:18|19|20)\d\d)\b"
)
_NUMBER = re.compile(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    passage: Passage
    score: float
    coverage: float


async def answer_find(
    run: Run, terms: tuple[str, ...] | None = None, *, strictly: bool = False
) -> Completed | None:
    """The passage that speaks of all that is asked; None when none speaks of enough of it.

    `strictly`: the passage itself, not only what it stands under.

    Raises: NeedsInput for a wish without a subject, and when passages of different pages fit equally well.
    """
    question = terms if terms is not None else (run.subject() or run.intent.asked)
    if not question:
        raise NeedsInput(
            say("no_subject", run.language), (Question(key="subject", query=say("no_subject", run.language)),)
        )
    needed = _needed(run, question)
    passages: list[Passage] = []
    is_said = False
    async for page in run.survey.explore(question, leads=_LEADS, words=_search_words(run)):
        new = list(passages_of(page))
        passages.extend(new[: MAX_PASSAGES - len(passages)])
        is_said = is_said or _is_said(run, new, question)
        if is_said and run.survey.best_link(question, at_least=0.9) is None:
            break
    if run.intent.is_topic and (topic := _page_about(run, question)) is not None:
        return lead_of(topic)
    hits = _hits(run, passages, question, question, strictly=strictly)
    if not hits and len(needed) < len(question):
        hits = _hits(run, passages, question, needed, strictly=strictly)
        # One word left of a question is enough only for what begins with it, or is headed by it.
        hits = [hit for hit in hits if len(needed) > 1 or _is_headed(hit.passage, needed)]
    return _written(_chosen(run, hits)) if hits else None


def _is_said(run: Run, passages: Sequence[Passage], question: Sequence[str]) -> bool:
    """Whether one page answers in the very words of the question, with a number where one is asked for."""
    likely = [passage for passage in passages if speaks_of(passage.weights, question)]
    hits = _hits(run, likely, question, question, strictly=False) if likely else []
    return any(
        hit.coverage >= _FULL and not (run.intent.wants_number and not _NUMBER.search(hit.passage.text))
        for hit in hits
    )


def _hits(
    run: Run, passages: Sequence[Passage], question: Sequence[str], needed: Sequence[str], *, strictly: bool
) -> list[_Hit]:
    ranked = [hit for hit in _ranked(run, passages, question, needed) if hit.coverage >= _ENOUGH]
    return [
        hit
        for hit in ranked
        if _answers(run, hit.passage, needed)
        and (not strictly or coverage(needed, hit.passage.text) >= _ENOUGH)
    ]


def _is_headed(passage: Passage, terms: Sequence[str]) -> bool:
    return covers(terms, " ".join(passage.text.split()[:2])) or covers(terms, passage.about)


def _answers(run: Run, passage: Passage, question: Sequence[str]) -> bool:
    """Whether the passage says more than the question: for a price an amount, for opening hours a time."""
    if run.intent.kind is Kind.PRICE and not (find_amounts(passage.text) or find_free(passage.text)):
        return False
    if run.intent.kind is Kind.HOURS and not _says_when(passage.text):
        return False
    return excess(question, passage.text) > 0 and _says_it_at_once(passage, question)


def _says_it_at_once(passage: Passage, question: Sequence[str]) -> bool:
    """Whether one sentence, with the heading above it, speaks of enough: words far apart are chance."""
    sentences = SENTENCE.split(passage.text)
    return any(coverage(question, f"{passage.about} {sentence}") >= _TOGETHER for sentence in sentences)


def _page_about(run: Run, question: Sequence[str]) -> PageView | None:
    """The page whose title names the topic with the fewest other words; asked for when several do."""
    pages = {page.url: page for page in run.survey.pages.values() if page.kind == "html"}
    named = [page for page in pages.values() if covers(question, page.title)]
    if not named:
        return None
    least = min(excess(question, page.title) for page in named)
    closest = {page.title: page for page in named if excess(question, page.title) == least}
    if len(closest) == 1:
        return next(iter(closest.values()))
    return run.answers.choose("which_page", say("which_page", run.language), list(closest.items()))


def _needed(run: Run, question: Sequence[str]) -> Sequence[str]:
    """What a passage must speak of: not what the whole site is about, as the front page says."""
    start = run.survey.start
    around = set(stems(f"{start.title} {start.description} {start.site_name}"))
    return [term for term in question if term not in around] or question


def _ranked(
    run: Run, passages: Sequence[Passage], question: Sequence[str], needed: Sequence[str]
) -> list[_Hit]:
    """Best first. The whole question ranks; what covers counts the needed part only."""
    ranking = Ranking([passage.weights for passage in passages])
    scores, needs = ranking.fits(question), ranking.fits(needed)
    fits = [Fit(score=all_.score, coverage=need.coverage) for all_, need in zip(scores, needs, strict=True)]
    found = [pair for pair in zip(passages, fits, strict=True) if pair[1].coverage > 0]
    # Words of the question that a passage leaves out weigh more than how often it repeats the others.
    found.sort(key=lambda pair: pair[1].score * pair[1].coverage ** 2, reverse=True)
    hits = [
        _Hit(passage=passage, score=fit.score * _bonus(run, passage, question), coverage=fit.coverage)
        for passage, fit in found[:_LOOKED_AT]
    ]
    return sorted(hits, key=lambda hit: hit.score * hit.coverage**2, reverse=True)


def _bonus(run: Run, passage: Passage, question: Sequence[str]) -> float:
    """A heading that asks the question is what a reader would turn to; 'how many' wants a number, 'when' a
    time; and what only stands under the words, without saying one, says less."""
    if passage.is_heading and not (run.intent.wants_number or run.intent.wants_time):
        return 0.1
    asked = coverage(question, passage.about) >= _FULL and passage.about.endswith("?")
    bonus = 1.5 if asked else 0.4 + 0.6 * coverage(question, passage.text)
    if run.intent.wants_number:
        bonus *= 1.4 if _NUMBER.search(passage.text) else 0.5
    if run.intent.wants_time:
        bonus *= 1.4 if _says_when(passage.text) else 0.4
    return bonus


def _says_when(text: str) -> bool:
    return bool(days_in(text) or TIME.search(text) or find_day(text) or _MONTH.search(text))


def _search_words(run: Run) -> str:
    """The wish's own words for the site's search: whole words, since a stem finds nothing there."""
    words = tokens(run.survey.wish_words)
    return " ".join(word for word in words if word not in STOP and stem(word) in run.intent.terms)


def _chosen(run: Run, hits: list[_Hit]) -> Passage:
    best = hits[0]
    equal: dict[str, Passage] = {}
    for hit in hits:
        if hit.score * hit.coverage**2 >= _EQUAL * best.score * best.coverage**2:
            equal.setdefault(hit.passage.text, hit.passage)
    pages = {passage.page.url: passage for passage in reversed(equal.values())}
    if len(pages) > 1:
        options = [
            (f"{passage.page.title}: {passage.text[:80]}", passage) for passage in reversed(pages.values())
        ]
        return run.answers.choose("which_page", say("which_page", run.language), options)
    return best.passage


def _written(passage: Passage) -> Completed:
    text = passage.text[:_MAX_PASSAGE_CHARS]
    page: PageView = passage.page
    block = {"type": "passage", "text": text, "about": passage.about, "url": page.url}
    return completed(text, [cite(page, passage.text)], page, [block])
