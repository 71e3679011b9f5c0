"""Several processes write to one SQLite file: nobody is told that it is locked, nobody starves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server import RoverServer

pytestmark = pytest.mark.processes
WRITERS = 4
SECONDS = 2.0
WRITER = """
import json, sys, time
import django
django.setup()
from django.utils import timezone
from tasks.core.events import EventKind, NewEvent
from tasks.models import Task
from tasks.services.events import events_append

task = Task.objects.create(kind="batch_fetch", status="running", params={}, created_at=timezone.now(),
                           updated_at=timezone.now())
print("ready", flush=True)
sys.stdin.readline()
n, slowest, ends = 0, 0.0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < ends:
    began = time.monotonic()
    events_append(task_id=task.pk, events=[NewEvent(kind=EventKind.TASK_PROGRESS)] * 2, now=timezone.now())
    slowest, n = max(slowest, time.monotonic() - began), n + 1
print(json.dumps({"n": n, "slowest": slowest}))
"""


def test_four_saturating_writers_all_get_on_and_none_fails(tmp_path: Path) -> None:
    server = RoverServer(data_dir=tmp_path)
    environment = server.env | {"DJANGO_SETTINGS_MODULE": "rover_site.settings"}
    manage = [sys.executable, "-m", "django"]
    subprocess.run([*manage, "migrate", "--skip-checks", "-v0"], env=environment, check=True, timeout=60)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(SECONDS)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [writer.communicate(timeout=60)[0] for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * WRITERS
    done = [json.loads(answer) for answer in answers]
    assert min(entry["n"] for entry in done) > max(entry["n"] for entry in done) / 4, done
