"""Wishes for a page: follow a link to it, read it, sum it up."""

import re
from collections.abc import Sequence

from tasks.executing.protocol import BlockKind, Completed, Link, PageView
from tasks.executing.rules.answers.latest import find_entries
from tasks.executing.rules.asking import NoAnswer
from tasks.executing.rules.gathering import path_fit
from tasks.executing.rules.ranking import Ranking, covers, excess, weigh
from tasks.executing.rules.run import Run, cite, completed
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import fold, subject_of

_SURE = 0.85
_MAX_READ_CHARS = 8_000
_MAX_SENTENCES = 4
SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[A-ZÄÖÜ\d“\"„])")
_MIN_SENTENCE = 25
_END = re.compile(r"[.!?…:][\"”“’')]?$")


async def follow(run: Run) -> PageView:
    """The page behind the link that the wish names.

    Raises: NeedsInput when several fit; NoAnswer; HandsError for a page that cannot be had; TimeoutError.
    """
    words = run.intent.phrase or " ".join(run.intent.terms)
    found = _links(run.survey.start, run)
    if not found:
        found = await _in_sitemap(run)
    if not found:
        raise NoAnswer("link_not_found", say("no_link", run.language, words=words))
    url = found[0][1]
    if len(found) > 1:
        url = run.answers.choose("which_link", say("which_link", run.language), found)
    return await run.survey.read_or_raise(url)


def _links(page: PageView, run: Run) -> list[tuple[str, str]]:
    """Text and address of the links that fit best: of exactly that text, else with all of its words."""
    links = [link for link in page.links if link.url.startswith("http") and link.text]
    wanted = fold(run.intent.phrase).strip()
    exact = [link for link in links if wanted and fold(link.text).strip() == wanted]
    terms = run.intent.terms or subject_of(run.intent.phrase)
    fitting = exact or [link for link in links if covers(terms, link.text)]
    if not fitting:
        fitting = [link for link in links if path_fit(terms, link.url) >= _SURE]
    elif not exact:
        least = min(excess(terms, link.text) for link in fitting)
        fitting = [link for link in fitting if excess(terms, link.text) == least]
    return _distinct(fitting)


def _distinct(links: Sequence[Link]) -> list[tuple[str, str]]:
    by_url: dict[str, str] = {}
    for link in links:
        by_url.setdefault(link.url, link.text)
    texts = list(by_url.values())
    return [(text if texts.count(text) == 1 else f"{text} ({url})", url) for url, text in by_url.items()]


async def _in_sitemap(run: Run) -> list[tuple[str, str]]:
    """Pages whose address names the whole subject, for a wish that is not about a link's exact text."""
    if run.intent.phrase or not run.intent.terms:
        return []
    urls = [url for url in await run.survey.sitemap() if path_fit(run.intent.terms, url) >= _SURE]
    return [(url, url) for url in urls]


async def answer_follow(run: Run) -> Completed:
    """Where the link led, and what the page is about."""
    return lead_of(await follow(run))


async def answer_read(run: Run) -> Completed | None:
    """The text of the page that the wish is about."""
    page = await _page_meant(run)
    if page is None:
        return None
    texts = [block.text for block in page.blocks if block.in_main] or [
        text for text, _ in _linked_texts(page)
    ]
    if not texts:
        raise NoAnswer("empty_page", say("empty_page", run.language))
    text = ""
    for part in texts:
        if len(text) + len(part) > _MAX_READ_CHARS:
            break
        text += part + "\n\n"
    text = text.strip() or texts[0][:_MAX_READ_CHARS]
    blocks = [{"type": "text", "text": text, "url": page.url}]
    return completed(text, [cite(page, texts[0]), *(cite(page, part) for part in texts[1:3])], page, blocks)


async def answer_summary(run: Run) -> Completed | None:
    """A few sentences of the page that the wish is about, chosen and not written: each stands there."""
    page = await _page_meant(run)
    if page is None:
        return None
    sentences = _sentences(page)
    if not sentences and not page.description:
        raise NoAnswer("empty_page", say("empty_page", run.language))
    chosen = _central(page, sentences, run.intent.count or _MAX_SENTENCES)
    lead = [page.description] if page.description and page.description not in " ".join(chosen) else []
    parts = [*lead, *chosen][: max(run.intent.count or 0, 1) if run.intent.count else None]
    text = " ".join(parts)
    block = {"type": "summary", "title": page.title, "text": text, "url": page.url}
    return completed(text, [cite(page, part) for part in parts], page, [block])


async def _page_meant(run: Run) -> PageView | None:
    """The newest entry when that is meant; the start page for a wish without a subject; else the page whose
    link, address or title names the subject."""
    if run.intent.latest:
        entries, _ = await find_entries(run)
        return await run.survey.read_or_raise(entries[0].url) if entries else None
    subject = run.subject()
    if not subject or covers(subject, run.survey.start.title):
        return run.survey.start
    found = _links(run.survey.start, run)
    if found:
        url = (
            run.answers.choose("which_link", say("which_link", run.language), found)
            if len(found) > 1
            else found[0][1]
        )
        return await run.survey.read_or_raise(url)
    async for page in run.survey.explore(subject):
        if covers(subject, page.title) or path_fit(subject, page.url) >= _SURE:
            return page
    return None


def lead_of(page: PageView) -> Completed:
    """What the page is called, what it says of itself, and where it is."""
    texts = [block.text for block in page.blocks if block.in_main and block.kind is BlockKind.TEXT]
    lead = page.description or next((text for text in texts if len(text) > _MIN_SENTENCE), "")
    text = "\n".join(part for part in (page.title, lead, page.url) if part)
    quotes = [part for part in (page.title, lead) if part]
    block = {"type": "page", "title": page.title, "text": lead, "url": page.url}
    return completed(text, [cite(page, quote) for quote in quotes], page, [block])


def _linked_texts(page: PageView) -> list[tuple[str, str]]:
    keys = ("articleBody", "text", "description")
    return [
        (value, data.source)
        for data in page.linked_data
        for key in keys
        if isinstance(value := data.node.get(key), str) and value in data.source
    ]


def _sentences(page: PageView) -> list[str]:
    blocks = [
        block for block in page.blocks if block.in_main and block.kind in (BlockKind.TEXT, BlockKind.ITEM)
    ]
    texts = [block.text for block in blocks if len(block.text) >= _MIN_SENTENCE]
    texts = texts or [text for text, _ in _linked_texts(page)]
    parts = [sentence for text in texts for sentence in SENTENCE.split(text)]
    # Bylines, labels and rows of links do not end like a sentence.
    return [part for part in dict.fromkeys(parts) if len(part) >= _MIN_SENTENCE and _END.search(part)]


def _central(page: PageView, sentences: list[str], n: int) -> list[str]:
    """The sentences closest to what the page is about (its title, headings and first words), in page
    order."""
    headings = " ".join(
        block.text for block in page.blocks if block.kind is BlockKind.HEADING and block.in_main
    )
    about = subject_of(f"{page.title} {page.description} {headings}")[:40]
    fits = Ranking([weigh([(sentence, 1.0)]) for sentence in sentences]).fits(about)
    order = sorted(range(len(sentences)), key=lambda at: (-fits[at].score - (0.5 if at == 0 else 0.0), at))
    return [sentences[at] for at in sorted(order[:n])]
