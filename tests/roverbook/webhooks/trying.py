"""A test send on a real server, without a browser."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.server import RoverServer

REPOSITORY = Path(__file__).parents[3]
_SCRIPT = """
import django; django.setup()
from django.utils import timezone
from roverbook.core.happenings import Happening
from roverbook.models import WebhookEndpoint
from roverbook.services.webhooks.replaying import webhook_test_send
from workspace.services.audit import COMMAND_LINE
webhook_test_send(
    actor=COMMAND_LINE, endpoint=WebhookEndpoint.objects.get(), event=Happening.WEBHOOK_TEST, now=timezone.now()
)
"""


def try_webhook(server: RoverServer) -> None:
    """Send a test to the server's only webhook."""
    env = server.env | {"DJANGO_SETTINGS_MODULE": "rover_site.settings"}
    subprocess.run([sys.executable, "-c", _SCRIPT], env=env, cwd=REPOSITORY, check=True, timeout=60)
