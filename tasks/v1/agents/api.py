"""`/v1/tasks` and `/v1/workflows`: which method of which path does what.

    POST   /v1/tasks                            make a task
    GET    /v1/tasks/{id}                       the resource, or its events
    POST   /v1/tasks/{id}                       answer it
    DELETE /v1/tasks/{id}                       cancel it
    POST   /v1/tasks/claim-browser              let a page's session have it
    POST   /v1/tasks/{id}/handoffs              hand it over to another site
    GET    /v1/tasks/{id}/artifacts/{event}     the data of an event that was too large for a stream
    GET    /v1/workflows/{id}                   the workflow, or its events
    GET    /v1/workflows/{id}/artifacts/{event}

Plain ASGI: neither a stream nor a caller who waits costs a thread. The database is asked in threads of its
own.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from tasks.core.idempotency import network_of, parse_key
from tasks.core.negotiation import MediaType, negotiate
from tasks.core.prefer import Preferences, parse_prefer
from tasks.core.public_errors import InternalError, MethodNotAllowed
from tasks.core.public_input import read_claim
from tasks.core.signature_verdicts import SignatureFailed, VerifiedSignature
from tasks.core.states import TERMINAL, TaskStatus
from tasks.selectors.agents import task_url
from tasks.services.agents.acting import agent_task_cancel, handoff_create, task_answer
from tasks.services.agents.callers import Caller, DatabaseNonces
from tasks.services.agents.creating import Created, CreateRequest
from tasks.services.agents.tokens import task_token
from tasks.services.signature_directories import signature_directories, verify_request
from tasks.streaming.endpoint import Problem, refusal_headers
from tasks.streaming.errors import LogUnavailable
from tasks.streaming.lifetime import Streams
from tasks.streaming.replies import PROBLEM, RETRY_AFTER_SECONDS, Headers, header_lines
from tasks.streaming.request import Application, Receive, Scope, Send
from tasks.streaming.stream import Stream
from tasks.v1.agents.exchange import PREFLIGHT, REPLIES, ClientLeft, Exchange, read_exchange
from tasks.v1.agents.making import Maker
from tasks.v1.agents.reading import TASKS, WORKFLOWS, Kind, LogReader
from tasks.v1.agents.resources import (
    claimed_answer,
    created_answer,
    created_resource,
    read_artifact,
    read_task,
)
from workspace.api.envelope import failure
from workspace.core.errors import ErrorKind, RoverError

logger = logging.getLogger(__name__)

Handler = Callable[[Exchange, Receive, Send], Awaitable[Stream | None]]
Routes = Mapping[str, tuple[Kind, Mapping[str, Handler]]]
OFFERS = tuple(MediaType)
SETTLED = frozenset({*TERMINAL, TaskStatus.INPUT_REQUIRED})


class AgentApi:
    """The applications of these paths. `problem` renders an error as status and body."""

    def __init__(self, *, streams: Streams, problem: Problem) -> None:
        self._streams = streams
        self._problem = problem
        self._database = streams.database
        self._tasks = LogReader(streams, TASKS)
        self._workflows = LogReader(streams, WORKFLOWS)
        self._nonces = DatabaseNonces(streams.database)
        self._maker = Maker()

    def close(self) -> None:
        """End the threads that make tasks."""
        self._maker.close()

    def routes(self) -> list[tuple[str, Application]]:
        """Patterns for the router, each with its application."""
        one = r"(?P<task_id>[^/]+)"
        artifact = r"artifacts/(?P<event>[^/]+)"
        get_task, get_workflow = self._reading(self._tasks), self._reading(self._workflows)
        get_artifact, get_workflow_artifact = self._artifact(self._tasks), self._artifact(self._workflows)
        of_task: Mapping[str, Handler] = {"GET": get_task, "POST": self._answer, "DELETE": self._cancel}
        return [
            (r"^v1/tasks\Z", self._application(TASKS, {"POST": self._create})),
            (r"^v1/tasks/claim-browser\Z", self._application(TASKS, {"POST": self._claim}, wrapped=True)),
            (rf"^v1/tasks/{one}\Z", self._application(TASKS, of_task)),
            (rf"^v1/tasks/{one}/handoffs\Z", self._application(TASKS, {"POST": self._hand_over})),
            (rf"^v1/tasks/{one}/{artifact}\Z", self._application(TASKS, {"GET": get_artifact})),
            (rf"^v1/workflows/{one}\Z", self._application(WORKFLOWS, {"GET": get_workflow})),
            (
                rf"^v1/workflows/{one}/{artifact}\Z",
                self._application(WORKFLOWS, {"GET": get_workflow_artifact}),
            ),
        ]

    def _application(
        self, kind: Kind, handlers: Mapping[str, Handler], *, wrapped: bool = False
    ) -> Application:
        """One path. With `wrapped` refusals have the envelope of the browser's paths."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            method, path = scope["method"], scope["path"]
            event = scope["url_route"]["kwargs"].get("event", "")
            try:
                exchange = await read_exchange(scope, receive, kind.read_name, event)
                scope.clear()  # the router made it for this call, which may last for long
                stream = await self._serve(exchange, handlers, receive, send)
                del exchange  # an open stream keeps what it needs and no more
            except ClientLeft:
                return
            except RoverError as error:
                await self._refuse(error, method, path, send, wrapped=wrapped)
                return
            if stream is not None:
                await stream.run(receive, send)

        return application

    async def _serve(
        self, exchange: Exchange, handlers: Mapping[str, Handler], receive: Receive, send: Send
    ) -> Stream | None:
        if exchange.method == "OPTIONS":
            allowed = {"Allow": ", ".join(_methods(handlers))}
            await REPLIES.whole(
                204,
                MediaType.JSON,
                b"",
                method="OPTIONS",
                send=send,
                headers=header_lines(PREFLIGHT | allowed),
            )
            return None
        handler = handlers.get("GET" if exchange.method == "HEAD" else exchange.method)
        if handler is None:
            methods = _methods(handlers)
            raise MethodNotAllowed(f"This path takes {', '.join(methods)}.", allowed=methods)
        try:
            return await handler(exchange, receive, send)
        except DatabaseError as exc:
            logger.exception("a task could not be read or written")
            raise LogUnavailable("the database cannot be used just now") from exc
        except RoverError:
            raise
        except Exception as exc:
            logger.exception("a request could not be answered")
            raise InternalError("Something went wrong inside Rover.") from exc

    async def _refuse(self, error: RoverError, method: str, path: str, send: Send, *, wrapped: bool) -> None:
        status, body = self._problem(error, path)
        media_type = PROBLEM
        if wrapped:
            media_type = MediaType.JSON
            body = failure(
                code=error.code, message=error.message, retryable=error.retryable, extra=error.data
            )
        headers = refusal_headers(error)
        if error.kind is ErrorKind.METHOD_NOT_ALLOWED:
            headers += header_lines({"Allow": ", ".join(error.data["allowed"])})
        await REPLIES.json(status, body, method=method, send=send, media_type=media_type, headers=headers)

    # --- reading ---

    def _reading(self, reader: LogReader) -> Handler:
        async def read(exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
            media = negotiate(exchange.headers.get("accept"), offers=OFFERS)
            preferences = parse_prefer(exchange.lines_of("prefer"))
            head, grant = await reader.look_up(exchange.request)
            if media is not MediaType.JSON:
                return await reader.stream(head, grant, media, exchange.request, send)
            if preferences.wait and not await reader.wait(head, grant, preferences.wait, receive):
                return None
            resource = await reader.resource(head.task_id)
            headers = _applied(_only("wait", preferences)) + _poll_again(resource)
            await REPLIES.json(200, resource, method=exchange.method, send=send, headers=headers)
            return None

        return read

    def _artifact(self, reader: LogReader) -> Handler:
        async def read(exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
            head, _ = await reader.look_up(exchange.request)
            body = await self._database.run(read_artifact, head.task_id, exchange.event)
            await REPLIES.json(200, body, method=exchange.method, send=send)
            return None

        return read

    # --- writing ---

    async def _create(self, exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
        asked = await self._asked(exchange)
        created = await self._maker.make(
            CreateRequest(body=asked.body, caller=asked.caller, **asked.arguments)
        )
        return await self._answer_created(created, asked, exchange, receive, send)

    async def _hand_over(self, exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
        head, _ = await self._tasks.look_up(exchange.request)
        asked = await self._asked(exchange)
        created = await self._database.run(
            handoff_create, asked.body, parent_id=head.task_id, caller=asked.caller, **asked.arguments
        )
        return await self._answer_created(created, asked, exchange, receive, send)

    async def _answer(self, exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
        head, _ = await self._tasks.look_up(exchange.request)
        media = negotiate(exchange.headers.get("accept"), offers=OFFERS)
        preferences = parse_prefer(exchange.lines_of("prefer"))
        key = parse_key(exchange.lines_of("idempotency-key"))
        await self._database.run(
            task_answer,
            task_id=head.task_id,
            body=exchange.json(),
            idempotency_key=key,
            now=timezone.now(),
        )
        return await self._answer_changed(head.task_id, media, preferences, exchange, receive, send)

    async def _cancel(self, exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
        head, _ = await self._tasks.look_up(exchange.request)
        cascade = exchange.request.query.get("cascade", "").lower() in ("1", "true")
        await self._database.run(agent_task_cancel, task_id=head.task_id, now=timezone.now(), cascade=cascade)
        resource = await self._database.run(read_task, head.task_id)
        await REPLIES.json(200, resource, method=exchange.method, send=send)
        return None

    async def _claim(self, exchange: Exchange, receive: Receive, send: Send) -> Stream | None:
        claim = read_claim(exchange.json())
        answer = await self._database.run(claimed_answer, claim)
        await REPLIES.json(200, {"success": True, "data": answer}, method=exchange.method, send=send)
        return None

    # --- what they share ---

    async def _asked(self, exchange: Exchange) -> "_Asked":
        """What a request that makes a task holds. Whether it can be answered is seen before it is obeyed."""
        media = negotiate(exchange.headers.get("accept"), offers=OFFERS)
        preferences = parse_prefer(exchange.lines_of("prefer"))
        key = parse_key(exchange.lines_of("idempotency-key"))
        body = exchange.json()
        return _Asked(
            media=media,
            preferences=preferences,
            key=key,
            body=body,
            caller=await self._caller(exchange),
        )

    async def _caller(self, exchange: Exchange) -> Caller:
        """Who sent the request. A signature that does not hold is no refusal: the caller is then whoever the
        rest says, and never verified."""
        verdict: VerifiedSignature | SignatureFailed | None = None
        if "signature-input" in exchange.headers:
            verdict = await verify_request(
                exchange.signed(settings.ROVER.base_url),
                now=timezone.now(),
                asker=network_of(exchange.address),
                directories=signature_directories(),
                nonces=self._nonces,
            )
        caller = Caller(address=exchange.address, headers=exchange.headers)
        if isinstance(verdict, SignatureFailed):
            logger.info("a signature was not accepted: %s", verdict.reason)
            return replace(caller, complaint=verdict.reason)
        return replace(caller, verified=verdict)

    async def _answer_created(
        self, created: Created, asked: "_Asked", exchange: Exchange, receive: Receive, send: Send
    ) -> Stream | None:
        token = task_token(created.task_id)
        location = {"Location": task_url(created.task_id, token)}
        replayed = {"Idempotency-Replayed": "true"} if created.replayed else {}
        is_stream = asked.media is not MediaType.JSON
        counting = _only("execution", asked.preferences) if is_stream else asked.preferences
        complaint = {"Signature-Error": asked.caller.complaint} if asked.caller.complaint else {}
        headers = header_lines(location | replayed | complaint) + _applied(counting)
        if is_stream:
            head, grant = await self._tasks.find(created.task_id, token)
            return await self._tasks.stream(
                head, grant, asked.media, exchange.request, send, headers=tuple(headers)
            )
        if not asked.preferences.wait:
            await self._accepted(created_answer(created), exchange, send, headers)
            return None
        head, grant = await self._tasks.find(created.task_id, token)
        if await self._tasks.wait(head, grant, asked.preferences.wait, receive):
            resource = await self._database.run(created_resource, created)
            await self._accepted(resource, exchange, send, headers)
        return None

    async def _answer_changed(
        self,
        task_id: UUID,
        media: MediaType,
        preferences: Preferences,
        exchange: Exchange,
        receive: Receive,
        send: Send,
    ) -> Stream | None:
        """The task after an answer to it: at once, after a while, or as its events behind the cursor."""
        head, grant = await self._tasks.look_up(exchange.request)
        if media is not MediaType.JSON:
            return await self._tasks.stream(head, grant, media, exchange.request, send)
        if preferences.wait and not await self._tasks.wait(head, grant, preferences.wait, receive):
            return None
        resource = await self._database.run(read_task, task_id)
        await self._accepted(resource, exchange, send, _applied(_only("wait", preferences)))
        return None

    async def _accepted(
        self, resource: dict[str, Any], exchange: Exchange, send: Send, headers: Headers
    ) -> None:
        """200 when there is something to read, 202 while there is not."""
        is_settled = resource["status"] in SETTLED
        again = [] if is_settled else header_lines({"Retry-After": str(RETRY_AFTER_SECONDS)})
        await REPLIES.json(
            200 if is_settled else 202,
            resource,
            method=exchange.method,
            send=send,
            headers=[*headers, *again],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request that makes a task, read but not yet judged."""

    media: MediaType
    preferences: Preferences
    key: str | None
    body: Any
    caller: Caller

    @property
    def arguments(self) -> dict[str, Any]:
        """What the services take beside body and caller."""
        return {"preferences": self.preferences, "idempotency_key": self.key, "now": timezone.now()}


def _methods(handlers: Mapping[str, Handler]) -> list[str]:
    """The methods of a path, for people and for `Allow`."""
    reading = ["GET", "HEAD"] if "GET" in handlers else []
    return [*reading, *(method for method in handlers if method != "GET"), "OPTIONS"]


def _applied(preferences: Preferences) -> Headers:
    applied = ", ".join(preferences.applied)
    return header_lines({"Preference-Applied": applied}) if applied else []


def _only(name: str, preferences: Preferences) -> Preferences:
    """Where a task runs is decided when it is made; a stream is not held back."""
    applied = (each for each in preferences.applied if each.startswith(f"{name}="))
    return replace(preferences, applied=tuple(applied))


def _poll_again(resource: Mapping[str, Any]) -> Headers:
    is_settled = resource["status"] in SETTLED
    return [] if is_settled else header_lines({"Retry-After": str(RETRY_AFTER_SECONDS)})
