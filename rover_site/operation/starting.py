"""`rover up`: prepare, then supervise, with one log for everything."""

import json
import logging
import logging.config
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from rover_site.conf import RoverConf
from rover_site.logs import logging_config
from rover_site.operation.child_output import dress, write_line
from rover_site.operation.supervisor import CANNOT_START, ChildSpec, Supervisor, child_environment
from rover_site.operation.walkthrough import DEMO_ANNOUNCEMENT, Facts, ServerNotReady, show
from tasks.cli.exits import CommandFailed, ExitCode

logger = logging.getLogger("rover_site.up")


def start(conf: RoverConf, *, listener: socket.socket, is_demo: bool) -> int:
    """Run the server on `listener` until a signal; the exit code of `rover up`.

    Raises:
        CommandFailed: the settings or the database refuse the start.
    """
    logging.config.dictConfig(logging_config(conf))
    prepared = prepare(is_demo=is_demo)
    demo_url: list[str] = []
    demo_known = threading.Event()

    def on_line(name: str, line: str) -> None:
        if name == "demo" and line.startswith(DEMO_ANNOUNCEMENT):
            demo_url.append(line.removeprefix(DEMO_ANNOUNCEMENT).strip())
            demo_known.set()
        write_line(dress(line, origin=name, log_format=conf.log_format))

    def narrate() -> None:
        if is_demo:
            demo_known.wait()
        show(_facts(conf, prepared, demo_url))

    supervisor = Supervisor(_specs(conf, listener, is_demo=is_demo, embed=prepared["embed"]), on_line=on_line)
    _in_background(narrate)
    return ExitCode.OK if supervisor.run() == 0 else ExitCode.FAILED


def prepare(*, is_demo: bool) -> dict[str, str]:
    """Check the settings and migrate, in a process of its own that ends with this one; what it says of owner
    and token.

    Raises:
        CommandFailed: it refused or failed, and has said why on standard error.
    """
    watched, held = os.pipe()
    lifeline = ["-m", "rover_site.operation.lifeline", str(watched), "rover_site.operation.preparing"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", *lifeline, *(["--demo"] if is_demo else [])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=child_environment(),
            pass_fds=(watched,),
            check=False,
        )
    finally:
        os.close(watched)
        os.close(held)
    if done.returncode == CANNOT_START:
        raise CommandFailed("the settings refuse a start; see above.", code=ExitCode.USAGE)
    if done.returncode == -signal.SIGINT:
        raise KeyboardInterrupt
    if done.returncode != 0:
        raise CommandFailed(
            "the database could not be prepared; see above.",
            code=ExitCode.UNREACHABLE,
            advice=["`rover doctor` checks this installation."],
        )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _specs(conf: RoverConf, listener: socket.socket, *, is_demo: bool, embed: str) -> list[ChildSpec]:
    fd = listener.fileno()
    specs = [
        ChildSpec(name="web", module="rover_site.cli", arguments=("web", "--fd", str(fd)), pass_fds=(fd,)),
        ChildSpec(name="worker", module="rover_site.cli", arguments=("worker",)),
    ]
    if is_demo:
        arguments = ("--port", "0", "--task-endpoint", f"{conf.base_url}/v1/tasks", "--embed", embed)
        specs.append(ChildSpec(name="demo", module="rover_site.demo", arguments=arguments))
    return specs


def _facts(conf: RoverConf, prepared: dict[str, str], demo_url: list[str]) -> Facts:
    return Facts(
        base_url=conf.base_url,
        bind=conf.bind,
        port=conf.port,
        has_owner=bool(prepared["n_owners"]),
        token=prepared["token"],
        sign_in_path=prepared["sign_in_path"],
        site_path=prepared["site_path"],
        demo_url=demo_url[-1].rstrip("/") if demo_url else "",
    )


def _in_background(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        except ServerNotReady as exc:
            logger.error("%s; the log above may say why", exc)
        except Exception:
            logger.exception("the walk-through broke off; the server runs on")

    threading.Thread(target=run, name="walk-through", daemon=True).start()
