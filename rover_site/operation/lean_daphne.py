"""Daphne with less memory for each open request.

Its queue of a request's messages is made for any number of senders and readers and takes 3 KiB. A request has
one of each, and for nearly all of its life the queue is empty: it waits for the client to leave. Import this
module only where Daphne is to serve: the import chooses Twisted's event loop.
"""

import asyncio
from functools import partial
from typing import Any

from daphne.server import Server

from rover_site.operation.inbox import Inbox


class LeanServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server with an `Inbox` for each request."""

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
