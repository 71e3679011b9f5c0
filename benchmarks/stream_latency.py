"""Event streams: how late an event arrives, what a stream costs, and how the server lets go of it."""

import contextlib
from collections.abc import Iterator

import psutil

from benchmarks.processes import BenchmarkError, stop, tree, until
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from benchmarks.server import Server, server
from benchmarks.streams import Writer, delays, following, writing

CLIENTS = (3_000, 1_000, 100, 1)  # the most first: later streams use again what earlier ones have freed
RATE, SECONDS = 20, 15
BUSY_RATE, BUSY_SECONDS, MANY = 500, 6, 1_000
FAN_OUT_RATE = 10
QUIET_PERCENT, SETTLE_SECONDS = 20.0, 30.0


def measure(run: Run) -> Iterator[Result]:
    """Delays at several numbers of streams, memory, threads, connecting, forgetting, and the end."""
    with server(run.folder / "rover-streams") as rover, writing(rover, max(CLIENTS)) as writer:
        for clients in CLIENTS:
            yield from _level(rover, writer, clients)
        yield _busy(rover, writer)
        yield _fan_out(rover, writer)
        yield _forgetting(rover, writer)
        yield _ending(rover, writer)


def _level(rover: Server, writer: Writer, clients: int) -> Iterator[Result]:
    """One stream per task, few events in all: the usual day of a server."""
    web = web_process(rover)
    settle(web)  # letting go of the crowd before is no part of this one's connecting
    memory, threads = web.memory_info().rss, web.num_threads()
    with following(rover, writer, writer.tasks[:clients], clients) as readers:
        settle(web)
        seen = delays(writer, readers, rate=RATE, seconds=SECONDS)
        memory, threads = web.memory_info().rss - memory, web.num_threads() - threads
    detail = {"clients": clients, "rate": RATE, "connect_s": readers.connect, **seen}
    yield Result(
        promise=f"stream_p99_{clients}", value=seen["p99_ms"], unit="ms", bar=at_most(20), detail=detail
    )
    if clients == MANY:
        yield Result(promise="stream_connect_1000", value=readers.connect, unit="s", bar=at_most(0.5))
    if clients == max(CLIENTS):
        each = memory / 1024 / clients
        at = {"clients": clients}
        yield Result(promise="stream_memory", value=each, unit="KiB each", bar=at_most(20), detail=at)
        yield Result(promise="stream_threads", value=threads, unit="threads", bar=at_most(8), detail=at)


def _busy(rover: Server, writer: Writer) -> Result:
    """One stream per task and many events in all."""
    with following(rover, writer, writer.tasks[:MANY], MANY) as readers:
        settle(web_process(rover))
        seen = delays(writer, readers, rate=BUSY_RATE, seconds=BUSY_SECONDS)
    detail = {"clients": MANY, "tasks": MANY, "rate": BUSY_RATE, **seen}
    return Result(promise="stream_p99_busy", value=seen["p99_ms"], unit="ms", bar=at_most(50), detail=detail)


def _fan_out(rover: Server, writer: Writer) -> Result:
    """One task that a thousand clients watch: ten thousand deliveries a second. Without a bar, to compare."""
    with following(rover, writer, writer.tasks[-1:], MANY) as readers:
        settle(web_process(rover))
        seen = delays(writer, readers, rate=FAN_OUT_RATE, seconds=SECONDS)
    detail = {"clients": MANY, "tasks": 1, "rate": FAN_OUT_RATE, **seen}
    return Result(promise="stream_p99_fan_out", value=seen["p99_ms"], unit="ms", detail=detail)


def _forgetting(rover: Server, writer: Writer) -> Result:
    """From the moment a client resets its connection until the server has closed its end."""
    web = web_process(rover)
    with following(rover, writer, writer.tasks[-2:-1], 10) as readers:
        port = readers.drop()
        seconds = until(
            lambda: port not in _remote_ports(web), seconds=30, what="the dropped stream is forgotten"
        )
    return Result(promise="stream_forgotten", value=seconds, unit="s", bar=at_most(1))


def _ending(rover: Server, writer: Writer) -> Result:
    """SIGTERM to the supervisor with many streams open, until the whole tree is gone."""
    members = tree(rover.process.pid)
    with following(rover, writer, writer.tasks[:MANY], MANY):
        seconds = stop(rover.process, seconds=30)
        left = len(psutil.wait_procs(members, timeout=5)[1])
    detail = {"clients": MANY, "exit_code": rover.process.returncode, "left_over": left}
    value = None if left else seconds
    return Result(promise="stream_stop", value=value, unit="s", bar=at_most(5), detail=detail)


def settle(web: psutil.Process) -> None:
    """Waits until the server has done with the crowd that has just come in or left: the bars are for open
    streams."""

    def is_quiet() -> bool:
        return web.cpu_percent(interval=0.5) < QUIET_PERCENT

    until(is_quiet, seconds=SETTLE_SECONDS, what="the server is quiet")


def web_process(rover: Server) -> psutil.Process:
    """The process that answers HTTP: the youngest of the tree that listens on the port.

    Raises: BenchmarkError when none does.
    """
    listening = [process for process in tree(rover.process.pid) if _listens(process, rover.port)]
    if not listening:
        raise BenchmarkError("no process of the server listens")
    return max(listening, key=lambda process: process.create_time())


def _listens(process: psutil.Process, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return True
    return False


def _remote_ports(process: psutil.Process) -> set[int]:
    established = {psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT}
    found = process.net_connections("tcp")
    return {connection.raddr.port for connection in found if connection.status in established}
