"""The messages that wait for one request's application."""

import asyncio
from typing import Any


class Inbox:
    """The messages of one request, from the server to the one coroutine that receives them."""

    __slots__ = ("_arrival", "_messages")

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._arrival: asyncio.Future[None] | None = None

    def put_nowait(self, message: dict[str, Any]) -> None:
        """Hand over one more message."""
        self._messages.append(message)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def get(self) -> dict[str, Any]:
        """The next message, waiting for it.

        Raises:
            RuntimeError: another coroutine waits already.
        """
        if self._arrival is not None:
            raise RuntimeError("two coroutines receive the messages of one request")
        while not self._messages:
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        return self._messages.pop(0)
