"""How paths that pages call are answered: one application for each path, in front of Django.

Plain ASGI: neither a stream nor a decider that waits for a model costs a thread. The database is asked in
threads of its own.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError

from tasks.core.negotiation import MediaType
from tasks.core.public_errors import InternalError, MethodNotAllowed
from tasks.streaming.endpoint import Problem, refusal_headers
from tasks.streaming.errors import LogUnavailable
from tasks.streaming.lifetime import Streams
from tasks.streaming.replies import header_lines
from tasks.streaming.request import Application, Receive, Scope, Send
from tasks.v1.agents.exchange import ClientLeft
from tasks.v2.exchange import MAX_BODY_BYTES, PREFLIGHT, REPLIES, Call, read_call
from tasks.v2.streams import SessionStream
from workspace.api.envelope import failure
from workspace.core.errors import ErrorKind, RoverError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`data` of a success; `beside`: what stands next to it."""

    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Call, Send], Awaitable[SessionStream | None]]
Work = Callable[[Call], Answer]


class PageServing:
    """Makes the applications. `problem` tells the status of an error."""

    def __init__(self, *, streams: Streams, problem: Problem) -> None:
        self._problem = problem
        self._database = streams.database

    def application(self, handlers: Mapping[str, Handler], *, maximum: int = MAX_BODY_BYTES) -> Application:
        """One path: what does which method. A body has at most `maximum` bytes."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            method, path = scope["method"], scope["path"]
            try:
                call = await read_call(scope, receive, maximum=maximum)
                scope.clear()  # the router made it for this call, which may last for long
                stream = await self._serve(call, handlers, send)
                del call  # an open stream keeps what it needs and no more
            except ClientLeft:
                return
            except RoverError as error:
                await self._refuse(error, method, path, send)
                return
            if stream is not None:
                await stream.run(receive, send)

        return application

    def answering(self, work: Work) -> Handler:
        """A handler that only asks the database, in a thread."""

        async def answer(call: Call, send: Send) -> None:
            await self.succeed(await self._database.run(work, call), call, send)

        return answer

    async def succeed(self, answer: Answer, call: Call, send: Send) -> None:
        """Send it."""
        body: dict[str, Any] = {"success": True, "data": answer.data, **answer.beside}
        await REPLIES.json(200, body, method=call.method, send=send, headers=header_lines(answer.headers))

    async def _serve(self, call: Call, handlers: Mapping[str, Handler], send: Send) -> SessionStream | None:
        methods = [*handlers, *(["HEAD"] if "GET" in handlers else []), "OPTIONS"]
        if call.method == "OPTIONS":
            headers = header_lines(PREFLIGHT | {"Allow": ", ".join(methods)})
            await REPLIES.whole(204, MediaType.JSON, b"", method="OPTIONS", send=send, headers=headers)
            return None
        handler = handlers.get("GET" if call.method == "HEAD" else call.method)
        if handler is None:
            raise MethodNotAllowed(f"This path takes {', '.join(methods)}.", allowed=methods)
        try:
            return await handler(call, send)
        except DatabaseError as exc:
            logger.exception("a session could not be read or written")
            raise LogUnavailable("the database cannot be used just now") from exc
        except RoverError:
            raise
        except Exception as exc:
            logger.exception("a request could not be answered")
            raise InternalError("Something went wrong inside Rover.") from exc

    async def _refuse(self, error: RoverError, method: str, path: str, send: Send) -> None:
        status, _ = self._problem(error, path)
        body = failure(
            code=error.code,
            message=error.message,
            retryable=error.retryable,
            extra=dict(error.data) | ({"next_action": error.next_action} if error.next_action else {}),
        )
        headers = refusal_headers(error)
        if error.kind is ErrorKind.METHOD_NOT_ALLOWED:
            headers += header_lines({"Allow": ", ".join(error.data["allowed"])})
        await REPLIES.json(status, body, method=method, send=send, headers=headers)
