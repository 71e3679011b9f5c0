"""Asking the decider of this server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from tasks.executing.in_page.choosing import step_decider
from tasks.executing.in_page.protocol import Decision, StepView
from tasks.services.executors import configured_endpoint

THREADS = 2
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rover-steps")


async def decide_step(view: StepView) -> Decision:
    """What to do next. Rules take processor time and so have threads of their own; a model is waited for."""
    if settings.ROVER.llm_base_url:
        return await step_decider(configured_endpoint()).decide(view)
    return await asyncio.get_running_loop().run_in_executor(_threads, _by_rules, view)


def _by_rules(view: StepView) -> Decision:
    return asyncio.run(step_decider(None).decide(view))
