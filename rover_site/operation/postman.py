"""The thread in `rover worker` that sends webhooks."""

import asyncio
import logging

from rover_site.operation.worker_thread import WorkerThread
from roverbook.services.webhooks.postman import STOP_SECONDS, Postman

AGAIN_SECONDS = 5.0

logger = logging.getLogger("rover_site.worker")


class PostmanThread(WorkerThread):
    """Sends with an event loop and a database connection of its own; begins anew should it ever break. At a
    stop, attempts in flight get a few seconds to land, the rest is given back."""

    def __init__(self) -> None:
        super().__init__(name="webhooks", join_seconds=STOP_SECONDS + 1.0)

    def run(self) -> None:
        """See the class."""
        while not self.is_stopped:
            try:
                asyncio.run(Postman().run(lambda: self.is_stopped))
            except Exception:
                logger.exception("sending webhooks broke off, beginning anew")
                self.wait(AGAIN_SECONDS)
