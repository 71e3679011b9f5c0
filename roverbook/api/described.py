"""The operations of RoverBook's private settings, for the document."""

from typing import Any

from pydantic import Field

from roverbook.api import bodies
from workspace.api.described import BY_SITE, READERS, SITE_ID, management_operation
from workspace.api.operations import Content, Record


class NotificationSettingsRecord(Record):
    """What a site's owners decided for RoverBook."""

    site_id: str
    enabled: bool = Field(description="Whether RoverBook tells the outside what happens on the site.")
    webhooks: list[dict[str, Any]] = Field(description="Empty: webhooks come with a later version.")
    interview_questions: list[str] = Field(description="What agents are asked when they leave.")


_QUESTIONS = ["What did you come for?", "What was in your way?"]
_SETTINGS = {"siteId": SITE_ID, "enabled": True, "webhooks": [], "interviewQuestions": _QUESTIONS}

OPERATIONS = (
    management_operation(
        "getRoverBookNotificationSettings",
        summary="Read RoverBook's settings",
        description="Private to the people who work on the site; no public answer holds any of them.",
        body=Content(shape=bodies.GetNotificationSettings, examples={"By the site": {"siteId": SITE_ID}}),
        answer=NotificationSettingsRecord,
        examples={"The settings": _SETTINGS},
        says="The settings.",
        refused=BY_SITE,
        scopes=READERS,
    ),
    management_operation(
        "upsertRoverBookNotificationSettings",
        summary="Change RoverBook's settings",
        description="What is not there stays.",
        body=Content(
            shape=bodies.UpsertNotificationSettings,
            examples={"Both": {"siteId": SITE_ID, "enabled": True, "interviewQuestions": _QUESTIONS}},
        ),
        answer=NotificationSettingsRecord,
        examples={"The settings": _SETTINGS},
        says="The settings as they are now.",
        refused=BY_SITE,
    ),
    management_operation(
        "upsertRoverBookQuestions",
        summary="Change RoverBook's questions",
        description="Replaces the list.",
        body=Content(
            shape=bodies.UpsertQuestions,
            examples={"Two questions": {"siteId": SITE_ID, "interviewQuestions": _QUESTIONS}},
        ),
        answer=NotificationSettingsRecord,
        examples={"The settings": _SETTINGS},
        says="The settings as they are now.",
        refused=BY_SITE,
    ),
)
