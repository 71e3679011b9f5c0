"""Daphne with less memory for each open request, and less work for each answered one.

Its queue of a request's messages is made for any number of senders and readers and takes 3 KiB. A request has
one of each, and for nearly all of its life the queue is empty: it waits for the client to leave. And Twisted
reads the forms of a body, which Django does again for itself, and makes a line for an access log that nobody
keeps; the two are a tenth of a short request's time. Before each write it asks the kernel to be told when it
may, which it nearly always may at once; that is a tenth of the time in which a stream opens. Import this
module only where Daphne is to serve: the import chooses Twisted's event loop.
"""

import asyncio
import socket
from functools import partial
from typing import Any, cast

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from twisted.internet import reactor, tcp

from rover_site.operation.inbox import Inbox


class LeanConnection(tcp.Server):
    """A connection that tries to send when the event loop comes round, and has the reactor wait for room only
    when the kernel did not take everything. Until then what is written goes out in one piece, as before."""

    _is_due = _is_waiting = _has_more = False

    def startWriting(self) -> None:  # noqa: N802 - Twisted's name
        """There is something to send."""
        if not (self._is_due or self._is_waiting):
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._send)

    def stopWriting(self) -> None:  # noqa: N802 - Twisted's name
        """All is sent, or nothing can be any more."""
        self._has_more = False
        if self._is_waiting:
            self._is_waiting = False
            super().stopWriting()  # type: ignore[no-untyped-call]

    def _send(self) -> None:
        self._is_due = False
        if not self.connected:
            return
        self._has_more = True
        is_broken = self.doWrite() is not None  # type: ignore[no-untyped-call]
        if is_broken or self._has_more:  # the reactor finds a broken one broken too, and ends it
            self._is_waiting = True
            super().startWriting()  # type: ignore[no-untyped-call]


class LeanFactory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Makes the protocol of each connection."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """A protocol whose requests leave their bodies alone."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = partial(WebRequest, parsePOSTFormSubmission=False)
        return protocol

    def log(self, request: Any) -> None:
        """Nothing: Rover's own log says what there is to say, and no tokens of query strings."""


class LeanServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server on a socket that listens already, with an `Inbox` for each request."""

    def __init__(self, *, application: Any, listener: socket.socket, signal_handlers: bool) -> None:
        super().__init__(
            application=application,
            endpoints=["ours"],  # the constructor insists on one
            signal_handlers=signal_handlers,
            verbosity=0,
            server_name="",
            ready_callable=self._adopt_listener,
        )
        self.endpoints: list[str] = []
        self._listener = listener

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Inbox | None:
        """Start the application for a request or a connection. None when the client is gone already."""
        connection = self.connections.get(protocol)
        if connection is None:
            return None
        inbox = Inbox()
        scope.setdefault("asgi", {"version": "3.0"})
        running = self.application(scope, inbox.get, partial(self.handle_reply, protocol))
        connection["application_instance"] = asyncio.ensure_future(running)
        return inbox

    def _adopt_listener(self) -> None:
        listener, loop = self._listener, cast("Any", reactor)
        listener.setblocking(False)  # the reactor accepts until nobody is left, and would wait for the next
        port = loop.adoptStreamPort(listener.fileno(), listener.family, LeanFactory(self))
        port.transport = LeanConnection
        listener.close()  # the reactor has its own copy of the descriptor
