"""The operations of RoverBook's private settings, for the document."""

from pydantic import Field

from roverbook.api import bodies
from workspace.api.described import BY_SITE, READERS, SITE_ID, management_operation
from workspace.api.operations import Content, Record


class WebhookRecord(Record):
    """One webhook. Its secret, the values of its headers, and what of its address is secret are masked."""

    id: str
    url: str = Field(description="Where events are posted; `***` for what is masked.")
    events: list[str] = Field(description="Names of events, or `*` for all.")
    secret: str | None = Field(
        description="`••••` and its last characters; whole only in the answer that made it; null: none."
    )
    has_secret: bool
    active: bool = Field(description="Whether events are sent.")
    disabled_reason: str | None = Field(
        description="Why Rover switched it off: `gone` after an answer 410, `failing` after 20 failures."
    )
    description: str
    headers: dict[str, str] = Field(description="Names of the headers that are sent along; values masked.")
    last_status: int | None = Field(description="Status of the last answer; null without one.")
    last_attempt_at: int | None = Field(description="When the last attempt was, ms since 1970.")
    failure_count: int = Field(description="Attempts that failed in a row.")
    created_at: int = Field(description="When it was made, ms since 1970.")


class NotificationSettingsRecord(Record):
    """What a site's owners decided for RoverBook."""

    site_id: str
    enabled: bool = Field(description="Whether RoverBook tells the outside what happens on the site.")
    webhooks: list[WebhookRecord] = Field(description="Who is told what happens, in the order of making.")
    interview_questions: list[str] = Field(description="What agents are asked when they leave.")


_QUESTIONS = ["What did you come for?", "What was in your way?"]
_WEBHOOK = {
    "id": "01a2b3c4-d5e6-7f00-8a1b-2c3d4e5f6071",
    "url": "https://hooks.example.com/rover",
    "events": ["visit.finalized", "visit.failed"],
    "secret": "••••Jx4=",
    "hasSecret": True,
    "active": True,
    "disabledReason": None,
    "description": "Tells the team",
    "headers": {"X-Team": "••••"},
    "lastStatus": 200,
    "lastAttemptAt": 1_790_000_000_000,
    "failureCount": 0,
    "createdAt": 1_789_990_000_000,
}
_SETTINGS = {"siteId": SITE_ID, "enabled": True, "webhooks": [_WEBHOOK], "interviewQuestions": _QUESTIONS}

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
        description="What is not there stays. A secret that was made for a new webhook is whole in this "
        "answer, and in no other.",
        body=Content(
            shape=bodies.UpsertNotificationSettings,
            examples={
                "Both": {"siteId": SITE_ID, "enabled": True, "interviewQuestions": _QUESTIONS},
                "A new webhook": {
                    "siteId": SITE_ID,
                    "enabled": True,
                    "webhooks": [{"url": "https://hooks.example.com/rover", "events": ["visit.failed"]}],
                },
            },
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
