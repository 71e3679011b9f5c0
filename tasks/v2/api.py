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

How they are answered: `tasks.v2.serving`.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tasks.core.negotiation import MediaType
from tasks.services.runtime.commanding import Applied
from tasks.services.runtime.deciding import decide_step
from tasks.services.runtime.external import Plan, external_fetch, external_finish
from tasks.services.runtime.stepping import budget_spent, step_finish
from tasks.streaming.endpoint import Problem
from tasks.streaming.lifetime import Streams
from tasks.streaming.replies import STREAM_HEADERS, content_type
from tasks.streaming.request import Application, Send
from tasks.v2 import answers
from tasks.v2.exchange import MAX_PAGE_BYTES, REPLIES, Call
from tasks.v2.serving import Answer, PageServing, Work
from tasks.v2.streams import SessionStream, SessionStreams
from workspace.core.errors import RoverError


class RuntimeApi:
    """The applications of these paths. `problem` tells the status of an error."""

    def __init__(self, *, streams: Streams, problem: Problem) -> None:
        self._serving = PageServing(streams=streams, problem=problem)
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
        serving = self._serving
        application, answering = serving.application, serving.answering
        state = answering(answers.state)
        snapshot = answering(answers.save_snapshot)
        return [
            *(_route(path, application({"POST": answering(work)})) for path, work in plain.items()),
            _route("state", application({"GET": state, "POST": state})),
            _route("stream", application({"GET": self._stream})),
            _route("context/external", application({"POST": self._external})),
            _route("snapshot", application({"POST": snapshot}, maximum=MAX_PAGE_BYTES)),
            _route("agent/step", application({"POST": self._step}, maximum=MAX_PAGE_BYTES)),
        ]

    # --- handlers ---

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
        await self._serving.succeed(answers.replayable(begun), call, send)

    async def _external(self, call: Call, send: Send) -> None:
        begun = await self._database.run(answers.begin_external, call)
        if not isinstance(begun, Plan):
            await self._serving.succeed(begun, call, send)
            return
        found: Mapping[str, Any] | RoverError
        try:
            found = await external_fetch(begun)
        except RoverError as error:
            found = error
        data = await self._database.run(external_finish, begun, found, now=timezone.now())
        await self._serving.succeed(Answer(data=data), call, send)


def _route(path: str, application: Application) -> tuple[str, Application]:
    return rf"^v2/rover/{path}\Z", application
