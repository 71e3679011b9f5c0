"""The newest entries: from a feed, else from dated lists, else from dated JSON-LD."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.executing.protocol import Citation, Completed, PageView
from tasks.executing.rules.asking import NoAnswer
from tasks.executing.rules.ranking import covers
from tasks.executing.rules.run import Run, cite, completed
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import stems
from tasks.executing.viewing.dates import find_day

_LEADS = tuple(stems("news blog neuigkeiten aktuelles articles beitraege journal press"))
_SURE = 0.85
_SEVERAL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A dated thing. `date`: YYYY-MM-DD; `dated_by`: the words that say it."""

    title: str
    url: str
    date: str
    dated_by: str
    summary: str
    page: PageView
    text: str = ""


async def answer_latest(run: Run) -> Completed | None:
    """The newest entries about the subject: as many as asked for, else one (all of its day), else five for a
    plural.

    Raises: NoAnswer, `no_dates` when there are entries but none says its day.
    """
    entries, were_undated = await find_entries(run)
    if not entries:
        if were_undated:
            raise NoAnswer("no_dates", say("no_dates", run.language))
        return None
    return _written(newest(run, entries))


async def find_entries(run: Run) -> tuple[list[Entry], bool]:
    """Dated entries about the subject, newest first, from the first source that has some; and whether a
    source
    had only undated ones."""
    subject = run.subject()
    were_undated = False
    feeds: list[PageView] = []
    async for page in run.survey.explore((), leads=_LEADS, wide=False):
        async for feed in run.survey.feeds():
            if feed not in feeds:
                feeds.append(feed)
                were_undated = were_undated or not any(item.date for item in feed.items)
            entries = _about(list(_of(feed)), subject)
            if entries:
                return entries, False
        entries = _about([*_of(page), *_posts(page)], subject)
        if len(entries) >= 2 or (entries and run.survey.best_link((), leads=_LEADS) is None):
            return entries, False
    entries = [entry for feed in feeds for entry in _about(list(_of(feed)), subject, whole=True)]
    return entries, were_undated and not entries


def newest(run: Run, entries: list[Entry]) -> list[Entry]:
    """As many of `entries` as the wish wants. Two of the same newest day are equally new: both are given."""
    if run.intent.count:
        return entries[: run.intent.count]
    if run.intent.plural:
        return entries[:_SEVERAL]
    return [entry for entry in entries if entry.date == entries[0].date]


def _about(entries: list[Entry], subject: tuple[str, ...], *, whole: bool = False) -> list[Entry]:
    """Those whose title or summary (or, `whole`, text) speaks of all of the subject, newest first."""

    def said(entry: Entry) -> str:
        return f"{entry.title} {entry.summary} {entry.text if whole else ''}"

    fitting = [entry for entry in entries if not subject or covers(subject, said(entry))]
    return sorted(fitting, key=lambda entry: entry.date, reverse=True)


def _of(page: PageView) -> Iterator[Entry]:
    for item in page.items:
        if item.date and item.title and item.in_main:
            yield Entry(
                title=item.title,
                url=item.url or page.url,
                date=item.date,
                dated_by=item.dated_by,
                summary=item.summary,
                page=page,
                text=item.text,
            )


def _posts(page: PageView) -> Iterator[Entry]:
    """Posts that JSON-LD names. One that the page is itself about names no list, but is an entry."""
    for data in page.linked_data:
        title, said = data.node.get("headline") or data.node.get("name"), data.node.get("datePublished")
        day = find_day(said) if isinstance(said, str) else None
        if isinstance(title, str) and day is not None:
            url = data.node.get("url") or data.node.get("mainEntityOfPage")
            summary = data.node.get("description")
            yield Entry(
                title=title,
                url=url if isinstance(url, str) else page.url,
                date=day.iso,
                dated_by=str(said),
                summary=summary if isinstance(summary, str) else "",
                page=page,
            )


def _written(entries: list[Entry]) -> Completed:
    parts = [
        f"{entry.title} ({entry.date})\n{entry.summary}\n{entry.url}".replace("\n\n", "\n")
        for entry in entries
    ]
    rows = [
        {"title": entry.title, "url": entry.url, "date": entry.date, "text": entry.summary}
        for entry in entries
    ]
    citations: list[Citation] = []
    for entry in entries:
        citations += [cite(entry.page, entry.title), cite(entry.page, entry.dated_by)]
    text = "\n\n".join(parts)
    return completed(text, citations, entries[0].page, [{"type": "list", "items": rows}])
