"""`rover web`: the ASGI application under Daphne or uvicorn, on a socket that is already listening.

The socket comes from the caller, so that a port in use is said in plain words before anything starts, and so
that the supervisor can keep it: connections that arrive while the server restarts wait instead of failing.
"""

import errno
import gc
import os
import signal
import socket
from importlib import import_module
from typing import Any

from rover_site.conf import RoverConf

BACKLOG = 4096
"""With the usual 50, a thousand clients that connect together wait up to ten seconds."""
GRACEFUL_SECONDS = 5
COLLECTOR_THRESHOLDS = (10_000, 10, 10)


class CannotListen(Exception):
    """The address is not to be had; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes any free one, `::` serves IPv4 as well.

    Raises:
        CannotListen: the port is in use, not allowed, or the address is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as exc:
        raise CannotListen(_explain(exc, host, port)) from exc


def adopt(fd: int) -> socket.socket:
    """The listening socket that the supervisor handed over as descriptor `fd`."""
    return socket.socket(fileno=fd)


def port_of(listener: socket.socket) -> int:
    """The real port, also when 0 was asked for."""
    port: int = listener.getsockname()[1]
    return port


def serve(conf: RoverConf, listener: socket.socket) -> int:
    """Serve until SIGTERM or SIGINT; returns 0, or 1 when the server ended by itself."""
    conf.run_dir.mkdir(parents=True, exist_ok=True)
    if conf.server == "uvicorn":
        return _serve_uvicorn(listener)
    return _serve_daphne(listener)


def calm_collector() -> None:
    """Keep Python's cycle collector from stopping the event loop. Call it when everything is imported.

    A full collection visits every object that lives: a few hundred thousand of the modules, and a hundred for
    each open stream. With Python's own thresholds collections took a third of the time in which a thousand
    streams opened. What exists at the start stays for good and is not visited again; the rest is visited less
    often. Most objects are freed by their counts, at once and as before.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def _serve_daphne(listener: socket.socket) -> int:
    lean_daphne = import_module("rover_site.operation.lean_daphne")  # first: it chooses Twisted's event loop

    from rover_site.asgi import application

    reactor: Any = import_module("twisted.internet.reactor")
    asked: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        asked.append(number)
        reactor.callFromThread(server.stop)

    server = lean_daphne.LeanServer(application=application, listener=listener, signal_handlers=False)
    calm_collector()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run()
    return 0 if asked else 1


def _serve_uvicorn(listener: socket.socket) -> int:
    import uvicorn

    from rover_site.asgi import application

    config = uvicorn.Config(
        application,
        backlog=BACKLOG,
        lifespan="off",
        access_log=False,  # query strings may hold tokens
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    server = uvicorn.Server(config)
    calm_collector()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes the signals over and, once it has stopped, raises them again for these handlers
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])
    return 0 if server.should_exit else 1


def _explain(exc: OSError, host: str, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program. Stop that one, or choose another port "
            "with --port or ROVER_PORT."
        )
    if exc.errno == errno.EACCES:
        return f"this user may not listen on port {port}. Choose one above 1023 with --port or ROVER_PORT."
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine. Set --bind or ROVER_BIND to one that is."
    return f"cannot listen on {host}, port {port}: {exc.strerror or os.strerror(exc.errno or 0)}"
