"""What every kind of answer works with, and the form in which it answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.executing.protocol import Citation, Completed, PageView
from tasks.executing.rules.asking import Answers, NoAnswer
from tasks.executing.rules.gathering import Survey, observation_of
from tasks.executing.rules.saying import say
from tasks.executing.rules.understanding import Intent
from tasks.executing.rules.words import likeness, stems

MAX_QUOTE_CHARS = 600


@dataclass(slots=True, kw_only=True)
class Run:
    """One wish on its way: understood, with the pages read and the answers given."""

    intent: Intent
    survey: Survey
    answers: Answers

    @property
    def language(self) -> str:
        """The language to answer in."""
        return self.intent.language

    def subject(self) -> tuple[str, ...]:
        """The terms of the wish without the site's own name where it is said in full: all here is about
        that."""
        name = set(stems(self.survey.start.site_name))
        if not name <= set(stems(self.survey.wish_words)):
            return self.intent.terms
        return tuple(term for term in self.intent.terms if all(likeness(term, word) < 0.99 for word in name))

    def nothing(self) -> NoAnswer:
        """That nothing was found, and why the search ended."""
        spent, pages = self.survey.spent, len(self.survey.pages)
        if spent:
            return NoAnswer("budget_exhausted", say("budget", self.language, what=spent, pages=pages))
        return NoAnswer("no_evidence", say("no_evidence", self.language, pages=pages))


def cite(page: PageView, quote: str) -> Citation:
    """A citation of `page`; a long quote is cut at a word."""
    if len(quote) > MAX_QUOTE_CHARS:
        quote = quote[:MAX_QUOTE_CHARS].rpartition(" ")[0]
    return Citation(url=page.url, quote=quote, title=page.title)


def completed(
    text: str, citations: Sequence[Citation], page: PageView, blocks: Sequence[Mapping[str, Any]] = ()
) -> Completed:
    """The answer `text`, resting on `page`. Each quote is cited once."""
    unique = tuple(dict.fromkeys(citations))
    return Completed(
        text=text,
        observation=observation_of(page),
        citations=unique,
        blocks=tuple(blocks) or ({"type": "text", "text": text},),
    )


def quote_of_value(source: str, key: str, value: object) -> str:
    """Where a JSON-LD script says `key`, word for word; the bare value where it is written in another way."""
    written = re.escape(str(value))
    found = re.search(rf'"{re.escape(key)}"\s*:\s*"?{written}"?', source)
    return found[0] if found else str(value)
