"""`empty_server PORT`: the empty view under the server that `rover web` runs, as quick as that one is."""

import socket
import sys

from benchmarks.empty_app import application
from rover_site.operation.lean_daphne import LeanServer
from rover_site.operation.serving import calm_collector, listen


def main() -> None:
    """Serves until it is told to stop."""
    listener: socket.socket = listen("127.0.0.1", int(sys.argv[1]))
    server = LeanServer(application=application, listener=listener, signal_handlers=True)
    calm_collector()
    server.run()


if __name__ == "__main__":
    main()
