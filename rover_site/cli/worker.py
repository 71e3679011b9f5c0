"""`rover worker`: background workers alone."""

import os

import click

WORKERS_VARIABLE = "ROVER_WORKERS"


@click.command("worker")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; default: ROVER_WORKERS.")
def command(workers: int | None) -> int:
    """Work on background tasks until Ctrl-C or SIGTERM.

    A stop gives running batches back within seconds, and another worker goes on with them. A second signal
    ends everything at once.
    """
    if workers is not None:
        os.environ[WORKERS_VARIABLE] = str(workers)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()

    from rover_site.conf import load
    from rover_site.operation.cluster import run_worker

    return run_worker(load())
