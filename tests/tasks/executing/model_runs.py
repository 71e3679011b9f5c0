"""Runs a wish with a scripted model against a site, through real hands."""

import asyncio
from dataclasses import dataclass

from tasks.executing.http_hands import HttpHands, InScope
from tasks.executing.model import ModelEndpoint, ModelExecutor, ModelLimits
from tasks.executing.protocol import (
    Answer,
    Budget,
    Completed,
    Executor,
    Failed,
    InputRequired,
    Outcome,
    Wish,
)
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.resolving import SystemResolver
from tasks.fetching.screening import Level, SsrfPolicy
from tests.tasks.executing.journeys import Notes
from tests.tasks.executing.model_server import ModelServer, Script, Sent

KEY = "sk-test-Zm9yLXRlc3RzLW9ubHk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a run ended, what it noted, and what the model was sent."""

    outcome: Outcome
    notes: Notes
    sent: list[Sent]

    @property
    def completed(self) -> Completed:
        assert isinstance(self.outcome, Completed), self.outcome
        return self.outcome

    @property
    def failed(self) -> Failed:
        assert isinstance(self.outcome, Failed), self.outcome
        return self.outcome

    @property
    def asked(self) -> InputRequired:
        assert isinstance(self.outcome, InputRequired), self.outcome
        return self.outcome


async def run(
    site: str,
    *script: Script,
    prompt: str = "How much is the kettle?",
    answers: tuple[Answer, ...] = (),
    shortcut: str | None = None,
    context: str = "",
    budget: Budget | None = None,
    limits: ModelLimits | None = None,
    stop: asyncio.Event | None = None,
    retries: int = 0,
    timeout: float = 10.0,
    in_scope: InScope | None = None,
    notes: Notes | None = None,
) -> Ran:
    """The wish `prompt` for the site at `site`, decided by `script`."""
    async with ModelServer(*script) as server:
        endpoint = ModelEndpoint(
            base_url=server.base_url, model="tiny", api_key=KEY, timeout=timeout, retries=retries
        )
        notes = notes or Notes()
        outcome = await run_at(
            endpoint,
            Wish(url=f"{site}/", prompt=prompt, answers=answers, shortcut=shortcut, context=context),
            budget=budget,
            limits=limits,
            stop=stop,
            in_scope=in_scope or (lambda url: url.startswith(f"{site}/")),
            notes=notes,
        )
        return Ran(outcome=outcome, notes=notes, sent=server.sent)


async def run_at(
    endpoint: ModelEndpoint,
    wish: Wish,
    *,
    in_scope: InScope,
    notes: Notes,
    budget: Budget | None = None,
    limits: ModelLimits | None = None,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """The outcome of `wish` with the model at `endpoint`."""
    resolver = SystemResolver(threads=2)
    policy = SsrfPolicy(level=Level.LOOPBACK)
    try:
        async with Fetcher(policy=policy, resolver=resolver, user_agent="Rover/1.0") as fetcher:
            executor: Executor = ModelExecutor(endpoint, limits=limits or ModelLimits())
            return await executor.run(
                wish,
                hands=HttpHands(fetch=fetcher.fetch, in_scope=in_scope),
                journal=notes,
                budget=budget or Budget(),
                stop=stop or asyncio.Event(),
            )
    finally:
        resolver.close()
