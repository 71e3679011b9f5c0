"""`rover up`: the whole server in one go."""

import os
import socket
from typing import TYPE_CHECKING

import click

from tasks.cli.exits import CommandFailed, ExitCode

if TYPE_CHECKING:
    from rover_site.conf import RoverConf


@click.command("up")
@click.option("--bind", help="Address to listen on; default: ROVER_BIND.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes any free one. Default: ROVER_PORT."
)
@click.option("--demo", is_flag=True, help="Also serve a demo site, fetch it once and show what to try next.")
def command(bind: str | None, port: int | None, demo: bool) -> int:
    """Prepare the database, then run web server and workers until Ctrl-C.

    A process that dies is started again. Stopping takes a few seconds at most: running batches are given back
    and go on with the next start.
    """
    from rover_site.operation.standard_fds import fill_standard_fds
    from rover_site.operation.starting import start

    fill_standard_fds()
    if demo:
        os.environ.setdefault("ROVER_SSRF_LEVEL", "loopback")
    with listening(bind, port) as listener:
        return start(current_conf(), listener=listener, is_demo=demo)


def listening(bind: str | None, port: int | None) -> socket.socket:
    """A socket that listens where the options or the settings say. The settings of this process and of its
    children then name the real port.

    Raises:
        CommandFailed: the address cannot be had.
        rover_site.conf.ConfigurationError: a setting is wrong.
    """
    from rover_site.operation.serving import CannotListen, listen, port_of

    if bind is not None:
        os.environ["ROVER_BIND"] = bind
    if port is not None:
        os.environ["ROVER_PORT"] = str(port)
    conf = current_conf()
    try:
        listener = listen(conf.bind, conf.port)
    except CannotListen as exc:
        raise CommandFailed(str(exc), code=ExitCode.FAILED) from exc
    os.environ["ROVER_PORT"] = str(port_of(listener))
    current_conf()
    return listener


def current_conf() -> "RoverConf":
    """The settings as the environment says now."""
    from rover_site.conf import load

    load.cache_clear()
    return load()
