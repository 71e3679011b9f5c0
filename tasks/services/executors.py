"""Who carries wishes out on this server, and by which hands: chosen by its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings

from tasks.executing.http_hands import HttpHands, InScope
from tasks.executing.model import ModelEndpoint, ModelExecutor
from tasks.executing.protocol import Budget, Executor
from tasks.executing.rules import RulesExecutor
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.resolving import CachingResolver, SystemResolver
from tasks.services.engines import ssrf_policy

MODEL_BUDGET = Budget(pages=24, seconds=300.0, bytes=20 * 1024 * 1024)


def configured_executor() -> tuple[Executor, Budget]:
    """The decider of this server: the model where one is configured, else the rules."""
    conf = settings.ROVER
    if not conf.llm_base_url:
        return RulesExecutor(), Budget()
    return ModelExecutor(configured_endpoint()), MODEL_BUDGET


def configured_endpoint() -> ModelEndpoint:
    """The model's endpoint; only where one is configured."""
    conf = settings.ROVER
    return ModelEndpoint(
        base_url=conf.llm_base_url, model=conf.llm_model, api_key=conf.llm_api_key.get_secret_value()
    )


@asynccontextmanager
async def http_hands(in_scope: InScope) -> AsyncIterator[HttpHands]:
    """Hands that reach what is in scope, under this server's address policy."""
    system = SystemResolver()
    try:
        async with Fetcher(
            policy=ssrf_policy(), resolver=CachingResolver(system), user_agent=settings.ROVER.agent
        ) as fetcher:
            yield HttpHands(fetch=fetcher.fetch, in_scope=in_scope)
    finally:
        system.close()
