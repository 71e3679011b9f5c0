"""`/v2/rover/*`: which method of which path does what.

    POST       session/open        open or refresh a session
    POST       session/close       end it
    POST       command             RUN_INPUT, RUN_CONTROL, TAB_EVENT, ASK_USER_ANSWER, RUN_PROGRESS
    GET, POST  state               its projection
    GET        stream              the projection whenever it changes
    POST       agent/step          what to do next in the page
    POST       context/external    a page of another site
    POST       snapshot            keep what another page needs to go on
    POST       events/ingest       progress of a task that a page carries out
    POST       telemetry/ingest

Plain ASGI: neither a stream nor a decider that waits for a model costs a thread. The database is asked in
threads of its own.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from tasks.core.negotiation import MediaType
from tasks.core.public_errors import InternalError, MethodNotAllowed
from tasks.services.runtime.commanding import Applied
from tasks.services.runtime.deciding import decide_step
from tasks.services.runtime.external import Plan, external_fetch, external_finish
from tasks.services.runtime.stepping import budget_spent, step_finish
from tasks.streaming.endpoint import Problem, refusal_headers
from tasks.streaming.errors import LogUnavailable
from tasks.streaming.lifetime import Streams
from tasks.streaming.replies import STREAM_HEADERS, content_type, header_lines
from tasks.streaming.request import Application, Receive, Scope, Send
from tasks.v1.agents.exchange import ClientLeft
from tasks.v2 import answers
from tasks.v2.exchange import MAX_BODY_BYTES, MAX_PAGE_BYTES, PREFLIGHT, REPLIES, Call, read_call
from tasks.v2.streams import SessionStream, SessionStreams
from workspace.api.envelope import failure
from workspace.core.errors import ErrorKind, RoverError

logger = logging.getLogger(__name__)

Handler = Callable[[Call, Send], Awaitable[SessionStream | None]]
Work = Callable[[Call], answers.Answer]


class RuntimeApi:
    """The applications of these paths. `problem` tells the status of an error."""

    def __init__(self, *, streams: Streams, problem: Problem) -> None:
        self._problem = problem
        self._database = streams.database
        self._sessions = SessionStreams(streams.database, streams.hub)

    def routes(self) -> list[tuple[str, Application]]:
        """Patterns for the router, each with its application."""
        plain: Mapping[str, Work] = {
            "session/open": answers.open_session,
            "session/close": answers.close_session,
            "command": answers.command,
            "events/ingest": answers.ingest,
            "telemetry/ingest": answers.take_telemetry,
        }
        state = self._answering(answers.state)
        snapshot = self._answering(answers.save_snapshot)
        return [
            *(
                _route(path, self._application({"POST": self._answering(work)}))
                for path, work in plain.items()
            ),
            _route("state", self._application({"GET": state, "POST": state})),
            _route("stream", self._application({"GET": self._stream})),
            _route("context/external", self._application({"POST": self._external})),
            _route("snapshot", self._application({"POST": snapshot}, maximum=MAX_PAGE_BYTES)),
            _route("agent/step", self._application({"POST": self._step}, maximum=MAX_PAGE_BYTES)),
        ]

    def _application(self, handlers: Mapping[str, Handler], *, maximum: int = MAX_BODY_BYTES) -> Application:
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

    # --- handlers ---

    def _answering(self, work: Work) -> Handler:
        async def answer(call: Call, send: Send) -> None:
            await self._succeed(await self._database.run(work, call), call, send)

        return answer

    async def _stream(self, call: Call, send: Send) -> SessionStream | None:
        reader = await self._database.run(answers.reader, call)
        if call.method == "HEAD":
            await REPLIES.start(200, [*content_type(MediaType.SSE), *STREAM_HEADERS], send=send)
            await send({"type": "http.response.body"})
            return None
        return self._sessions.open(reader)

    async def _step(self, call: Call, send: Send) -> None:
        begun, token = await self._database.run(answers.begin_step, call)
        if not isinstance(begun, Applied):
            end = await self._database.run(budget_spent, begun, now=timezone.now())
            decision = end or await decide_step(begun.view)
            begun = await self._database.run(step_finish, begun, decision, token=token, now=timezone.now())
        await self._succeed(answers.replayable(begun), call, send)

    async def _external(self, call: Call, send: Send) -> None:
        begun = await self._database.run(answers.begin_external, call)
        if not isinstance(begun, Plan):
            await self._succeed(begun, call, send)
            return
        found: Mapping[str, Any] | RoverError
        try:
            found = await external_fetch(begun)
        except RoverError as error:
            found = error
        data = await self._database.run(external_finish, begun, found, now=timezone.now())
        await self._succeed(answers.Answer(data=data), call, send)

    async def _succeed(self, answer: answers.Answer, call: Call, send: Send) -> None:
        body: dict[str, Any] = {"success": True, "data": dict(answer.data)}
        await REPLIES.json(200, body, method=call.method, send=send, headers=header_lines(answer.headers))


def _route(path: str, application: Application) -> tuple[str, Application]:
    return rf"^v2/rover/{path}\Z", application
