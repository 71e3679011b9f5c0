"""`python -m rover_site.demo`: serves the demo site until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from rover_site.demo.server import DemoSite


def main() -> int:
    """Runs the site; 0 after a signal, 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m rover_site.demo", description="Serve the demo web site.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free port")
    parser.add_argument("--delay-ms", type=int, default=0, help="hold back every answer this long")
    parser.add_argument("--addresses", default="127.0.0.1", help="loopback addresses, comma-separated")
    parser.add_argument("--log", type=Path, default=None, help="append a JSON line per request")
    parser.add_argument("--task-endpoint", default="", help="where agents make tasks; pages say it then")
    parser.add_argument("--embed", default="", help="the script tag of an assistant, for every page's head")
    given = parser.parse_args()
    site = DemoSite(
        port=given.port,
        addresses=given.addresses.split(","),
        delay_ms=given.delay_ms,
        log_path=given.log,
        task_endpoint=given.task_endpoint,
        embed=given.embed,
    )
    try:
        asyncio.run(_serve(site))
    except OSError as error:
        sys.stderr.write(f"demo site cannot start: {error}\n")
        return 1
    return 0


async def _serve(site: DemoSite) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with site:
        sys.stdout.write(f"demo site on {site.base_url}/\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
