"""The server that `rover web` runs, with an application of the test's choice: `FD MODULE:APPLICATION`."""

import sys
from importlib import import_module

from rover_site.operation.lean_daphne import LeanServer
from rover_site.operation.serving import adopt, calm_collector

if __name__ == "__main__":
    fd, where = sys.argv[1:]
    module, _, name = where.partition(":")
    application = getattr(import_module(module), name)
    calm_collector()
    LeanServer(application=application, listener=adopt(int(fd)), signal_handlers=True).run()
