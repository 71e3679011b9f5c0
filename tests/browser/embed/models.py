"""A model for a real server: it says what a test wants it to say, and keeps what it was told."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.tasks.executing.model_server import ModelServer, Reply, Script, Sent, calls


@dataclass
class Brain:
    """Answers in the order of `plan`; when that is at its end, with the last one."""

    base_url: str = ""
    plan: deque[Script] = field(default_factory=deque)
    sent: list[Sent] = field(default_factory=list)

    def will(self, *plan: Script) -> None:
        """Forget what was, and answer this."""
        self.plan = deque(plan)
        self.sent = []

    def answer(self, sent: Sent) -> Reply:
        """The next one."""
        self.sent.append(sent)
        entry = self.plan.popleft() if len(self.plan) > 1 else self.plan[0]
        return entry if isinstance(entry, Reply) else entry(sent)

    @property
    def told(self) -> list[str]:
        """What it was told about each page."""
        return [sent.last for sent in self.sent]

    def tools(self) -> dict[str, dict[str, Any]]:
        """The tools that it was offered last, by name."""
        offered = [tool["function"] for tool in self.sent[-1].body["tools"]]
        return {tool["name"]: tool for tool in offered}


@contextmanager
def thinking() -> Iterator[Brain]:
    """A brain with an address, in a thread of its own."""
    brain = Brain()
    brain.will(answers("Nothing was planned."))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = ModelServer(brain.answer)

    async def stop() -> None:
        await server.__aexit__(None, None, None)

    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    brain.base_url = server.base_url
    yield brain
    asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def answers(text: str) -> Reply:
    """The end of a task."""
    return calls(("answer_task", {"text": text}))


def asks(query: str) -> Reply:
    """A question to the visitor."""
    return calls(("ask_user", {"questions": [{"key": "it", "query": query}]}))


def does(name: str, **args: Any) -> Reply:
    """One call."""
    return calls((name, args))
