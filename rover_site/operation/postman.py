"""The thread in `rover worker` that sends webhooks."""

import asyncio
import logging
import threading

from roverbook.services.webhooks.postman import STOP_SECONDS, Postman

JOIN_SECONDS = STOP_SECONDS + 1.0
AGAIN_SECONDS = 5.0

logger = logging.getLogger("rover_site.worker")


class PostmanThread:
    """Sends with an event loop and a database connection of its own; begins anew should it ever break."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin; call it after the last fork of this process."""
        self._thread.start()

    def tell(self) -> None:
        """Say that nothing new is to be begun."""
        self._stopped.set()

    def stop(self) -> None:
        """End; attempts in flight get a few seconds to land, the rest is given back."""
        self._stopped.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                asyncio.run(Postman().run(self._stopped.is_set))
            except Exception:
                logger.exception("sending webhooks broke off, beginning anew")
                self._stopped.wait(AGAIN_SECONDS)
