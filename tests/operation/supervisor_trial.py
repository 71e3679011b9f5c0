"""`python -m tests.operation.supervisor_trial GRACE KIND…`: a supervisor with impatient limits over odd children.

A process of its own, because a supervisor takes over the signals. Prints each line of a child.
"""

import ctypes
import logging
import sys

from rover_site.operation import supervisor
from rover_site.operation.supervisor import ChildSpec, Supervisor
from tests.operation.odd_child import say

PR_SET_CHILD_SUBREAPER = 36
supervisor.LONGEST_BACKOFF_SECONDS = 0.02


def main() -> int:
    """Supervise one child of each KIND, with GRACE seconds to stop; the supervisor's code."""
    supervisor.STOP_SECONDS = float(sys.argv[1])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # inherits orphans, as process 1 of a container does
    logging.basicConfig(level="INFO", stream=sys.stdout, format="log %(message)s")
    specs = [
        ChildSpec(name=kind, module="tests.operation.odd_child", arguments=[kind]) for kind in sys.argv[2:]
    ]
    return Supervisor(specs, on_line=lambda name, line: say(f"{name}: {line}")).run()


if __name__ == "__main__":
    sys.exit(main())
