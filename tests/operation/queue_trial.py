"""`python -m tests.operation.queue_trial`: 2,000 messages through four readers while readers are killed.

Prints one JSON object. A process of its own, because it forks.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from typing import Any

from rover_site.operation.forkqueue import STOP, MessageQueue

N_MESSAGES = 2_000
N_READERS = 4
N_KILLS = 25
BIG = 200_000
DEADLINE_SECONDS = 20.0

context: Any = multiprocessing.get_context("fork")


def read(messages: MessageQueue, seen: MessageQueue) -> None:
    """A reader: passes each message's number and size on, until told to stop."""
    while (message := messages.get()) != STOP:
        seen.put((message["number"], len(message["text"])))


def main() -> None:
    """Write everything, killing a waiting reader now and then, and count what arrived."""
    messages, seen = MessageQueue(maxsize=2), MessageQueue()
    readers = [start(messages, seen) for _ in range(N_READERS)]
    kill_at = set(random.Random(7).sample(range(N_MESSAGES), N_KILLS))
    numbers: set[int] = set()
    sizes: set[int] = set()
    for number in range(N_MESSAGES):
        if number in kill_at:
            victim = readers.pop(0)
            os.kill(victim.pid, signal.SIGKILL)
            victim.join()
            readers.append(start(messages, seen))
        messages.put({"number": number, "text": "x" * (BIG if number % 100 == 0 else 50)})
        collect(seen, numbers, sizes)
    for _ in readers:
        messages.put(STOP)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while any(reader.is_alive() for reader in readers) and time.monotonic() < deadline:
        collect(seen, numbers, sizes)
        time.sleep(0.01)
    collect(seen, numbers, sizes)
    wedged = [reader for reader in readers if reader.is_alive()]
    for reader in wedged:
        reader.kill()
    json.dump({"n_seen": len(numbers), "sizes": sorted(sizes), "n_wedged": len(wedged)}, sys.stdout)


def start(messages: MessageQueue, seen: MessageQueue) -> Any:
    """One more reader."""
    reader = context.Process(target=read, args=(messages, seen))
    reader.start()
    return reader


def collect(seen: MessageQueue, numbers: set[int], sizes: set[int]) -> None:
    """Take what the readers have reported so far."""
    while not seen.empty():
        number, size = seen.get()
        numbers.add(number)
        sizes.add(size)


if __name__ == "__main__":
    main()
