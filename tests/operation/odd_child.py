"""`python -m tests.operation.odd_child KIND`: children that misbehave."""

import os
import signal
import subprocess
import sys
import time


def main() -> int:
    """Do what KIND says; the exit code."""
    kind = sys.argv[1]
    say(f"{kind} {os.getpid()}")
    if kind == "refuses":
        return 78
    if kind == "fails":
        return 3
    if kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("deaf now")
    if kind == "litters":
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        say(f"left {left.pid}")
        time.sleep(0.2)
        return 3
    if kind == "orphans":
        program = (
            "import os; os.setsid(); os.fork() and os._exit(0); print('orphan', os.getpid(), flush=True)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)
    if kind == "mumbles":
        sys.stdout.write("a line without an end")
        sys.stdout.flush()
        return 78
    time.sleep(60)
    return 0


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
