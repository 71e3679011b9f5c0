"""What is read of RoverBook."""

from typing import Any

from roverbook.models import NotificationSettings
from workspace.models import Site


def notification_settings(site: Site) -> dict[str, Any]:
    """The contract's record: enabled, webhooks, interviewQuestions. There are no webhooks yet."""
    row = NotificationSettings.objects.filter(site=site).first()
    return {
        "siteId": site.public_id,
        "enabled": row.enabled if row else False,
        "webhooks": [],
        "interviewQuestions": list(row.interview_questions) if row else [],
    }
