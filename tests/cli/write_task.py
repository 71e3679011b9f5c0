"""Writes to the database of ROVER_DATA_DIR as a server would: run as a program with `create` or `end`."""

import os
import sys


def main(step: str) -> None:
    """Make the tables and a running task and print its id, or end that task."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rover_site.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from tasks.core.events import EventKind, NewEvent
    from tasks.models import Task
    from tests.cli.conftest import append, end, make_task

    if step == "create":
        call_command("migrate", verbosity=0, skip_checks=True)
        task = make_task()
        append(task, NewEvent(kind=EventKind.TASK_STARTED))
        sys.stdout.write(f"{task.pk}\n")
    else:
        end(Task.objects.get())


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - started by path, from the root of the project
    main(sys.argv[1])
