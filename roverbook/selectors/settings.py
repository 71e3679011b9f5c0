"""A site's settings for RoverBook, and the questions that it asks."""

from collections.abc import Mapping
from typing import Any

from roverbook.core.questions import USUAL_QUESTIONS, question_id
from roverbook.models import NotificationSettings, Question
from roverbook.selectors.webhooks import webhook_records
from workspace.models import Site


def settings_of(site: Site) -> NotificationSettings:
    """The site's row, or one with the defaults that is not stored."""
    found = NotificationSettings.objects.filter(site=site).first()
    return found or NotificationSettings(site=site)


def asked_questions(site: Site) -> list[dict[str, Any]]:
    """What agents are asked, in order: {questionId, text, order, active}."""
    if not settings_of(site).has_own_questions:
        return [
            {"questionId": question_id(text), "text": text, "order": order, "active": True}
            for order, text in enumerate(USUAL_QUESTIONS)
        ]
    rows = Question.objects.filter(site=site, active=True)
    return [
        {"questionId": row.question_id, "text": row.text, "order": row.order, "active": row.active}
        for row in rows
    ]


def notification_settings(site: Site, *, secrets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The contract's record: enabled, webhooks, interviewQuestions. `secrets`: those made this moment, by the
    webhook's id; all others are masked."""
    return {
        "siteId": site.public_id,
        "enabled": settings_of(site).enabled,
        "webhooks": webhook_records(site, secrets=secrets or {}),
        "interviewQuestions": [question["text"] for question in asked_questions(site)],
    }
