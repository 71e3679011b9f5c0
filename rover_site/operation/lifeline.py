"""`python -m rover_site.operation.lifeline FD MODULE [ARGUMENT…]`: runs a module that ends when a pipe does.

The supervisor holds the writing end. It goes away with the supervisor in every case, kill -9 included, and
then the module is asked to stop; a second later its whole process group is killed.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 1.0


def main() -> None:
    """Watch the pipe of the command line and become the module."""
    fd, module = int(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    os.set_inheritable(fd, False)
    threading.Thread(target=_watch, args=(fd,), name="lifeline", daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch(fd: int) -> None:
    while os.read(fd, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if os.getpgrp() == os.getpid():  # the supervisor made us the leader, so the group is ours
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
