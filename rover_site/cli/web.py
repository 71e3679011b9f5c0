"""`rover web`: the web server alone."""

import logging
import os

import click

from rover_site.cli.up import listening
from tasks.cli.exits import CommandFailed, ExitCode


@click.command("web")
@click.option("--bind", help="Address to listen on; default: ROVER_BIND.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes any free one. Default: ROVER_PORT."
)
@click.option("--fd", type=int, hidden=True, help="A listening socket that the supervisor handed over.")
def command(bind: str | None, port: int | None, fd: int | None) -> int:
    """Serve HTTP until Ctrl-C or SIGTERM. ROVER_SERVER says with which server."""
    from rover_site.operation.serving import adopt, serve

    listener = listening(bind, port) if fd is None else adopt(fd)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()

    from rover_site.conf import load
    from rover_site.operation.preparing import checks_pass

    if fd is None and not checks_pass():  # the supervisor has done it for its own
        raise CommandFailed("the settings refuse a start; see above.", code=ExitCode.USAGE)
    conf = load()
    logging.getLogger("rover_site.web").info("%s on %s", conf.server, conf.base_url)
    return ExitCode.OK if serve(conf, listener) == 0 else ExitCode.FAILED
