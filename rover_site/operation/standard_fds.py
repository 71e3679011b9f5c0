"""Making sure that the numbers 0, 1 and 2 are taken."""

import os
from contextlib import suppress


def fill_standard_fds() -> None:
    """Open the null device for each standard stream that this process was started without.

    Otherwise the next socket or pipe would get such a number, and a child started with its own standard
    streams would lose it.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
