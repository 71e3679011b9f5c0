"""Runs a wish against a site through real hands, and checks what must hold for every answer."""

import asyncio
import re
from dataclasses import dataclass, field

import httpx
from selectolax.lexbor import LexborHTMLParser

from tasks.executing.http_hands import HttpHands, InScope
from tasks.executing.protocol import Answer, Budget, Completed, Entry, Outcome, Wish
from tasks.executing.rules import RulesExecutor
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.resolving import SystemResolver
from tasks.fetching.screening import Level, SsrfPolicy


@dataclass(slots=True)
class Notes:
    """A journal in memory."""

    entries: list[Entry] = field(default_factory=list)

    async def write(self, entry: Entry) -> None:
        self.entries.append(entry)


async def wish(
    base_url: str,
    prompt: str,
    *answers: str | Answer,
    path: str = "/",
    notes: Notes | None = None,
    budget: Budget | None = None,
    stop: asyncio.Event | None = None,
    in_scope: InScope | None = None,
    shortcut: str | None = None,
) -> Outcome:
    """The outcome of `prompt` asked of the site at `base_url`; every citation is checked against the site."""
    given = tuple(answer if isinstance(answer, Answer) else Answer(text=answer) for answer in answers)
    resolver = SystemResolver(threads=2)
    policy = SsrfPolicy(level=Level.LOOPBACK)
    try:
        async with Fetcher(policy=policy, resolver=resolver, user_agent="Rover/1.0") as fetcher:
            hands = HttpHands(
                fetch=fetcher.fetch, in_scope=in_scope or (lambda url: url.startswith(f"{base_url}/"))
            )
            outcome = await RulesExecutor().run(
                Wish(url=base_url + path, prompt=prompt, answers=given, shortcut=shortcut),
                hands=hands,
                journal=notes or Notes(),
                budget=budget or Budget(),
                stop=stop or asyncio.Event(),
            )
    finally:
        resolver.close()
    if isinstance(outcome, Completed):
        await _check_citations(outcome)
    return outcome


async def answer(base_url: str, prompt: str, *answers: str, path: str = "/") -> str:
    """The text of a completed wish, with the site's address as `~`."""
    outcome = await wish(base_url, prompt, *answers, path=path)
    assert isinstance(outcome, Completed), outcome
    return outcome.text.replace(base_url, "~")


async def _check_citations(outcome: Completed) -> None:
    """An answer rests on something, and what it quotes stands on the page it names."""
    assert outcome.citations
    async with httpx.AsyncClient(trust_env=False) as client:
        for citation in outcome.citations:
            assert citation.quote
            source = (await client.get(citation.url)).text
            assert _blanks(citation.quote) in _blanks(source) or _squeezed(citation.quote) in _seen(source), (
                citation
            )


def _blanks(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _seen(source: str) -> str:
    """The text of the page without any blanks: where one block ends no blank need stand in the source."""
    tree = LexborHTMLParser(source)
    return _squeezed(tree.body.text() if tree.body is not None else source)
