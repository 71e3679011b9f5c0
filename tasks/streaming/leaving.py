"""Ending a response when its client is gone."""

import asyncio
from collections.abc import Coroutine

from tasks.streaming.request import Receive


class Response:
    """A response that the present task writes, and that can be cut short from outside of it."""

    __slots__ = ("_is_cut", "_writer")

    def __init__(self) -> None:
        """To be made in the task that writes."""
        self._writer = asyncio.current_task()
        self._is_cut = False

    def cut(self) -> None:
        """Stop writing, wherever that stands."""
        if not self._is_cut and self._writer is not None:
            self._is_cut = True
            self._writer.cancel()

    async def write(self, writing: Coroutine[None, None, None], receive: Receive) -> None:
        """Run `writing` until it is done, `cut` is called, or the client has left. A server tells of a client
        that left only to who waits for it, so that is what a second task does.

        Raises whatever `writing` raises, but for the OSError of a send to a client that is gone (ASGI HTTP
        2.4).
        """
        leaving = asyncio.create_task(self._cut_when_left(receive))
        try:
            await writing
        except OSError:
            return
        except asyncio.CancelledError:
            if not self._is_cut or self._writer is None or self._writer.uncancel() > 0:
                raise  # the server cancels the whole request
        finally:
            leaving.cancel()
            self._writer = None  # what is done cannot be cut any more, and the task is free of this circle

    async def _cut_when_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self.cut()
