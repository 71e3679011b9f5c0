"""Asking the decider of this server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from tasks.executing.in_page.protocol import Decision, StepView

THREADS = 2
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rover-steps")


async def decide_step(view: StepView) -> Decision:
    """What to do next. Rules take processor time and so have threads of their own; a model is waited for."""
    from tasks.executing.in_page.choosing import choose_decider

    conf = settings.ROVER
    decider = choose_decider(
        base_url=conf.llm_base_url, model=conf.llm_model, api_key=conf.llm_api_key.get_secret_value()
    )
    if conf.llm_base_url:
        return await decider.decide(view)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, asyncio.run, decider.decide(view))
