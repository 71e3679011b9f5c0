"""The bodies of RoverBook's part of the management API."""

from typing import Annotated, Any

from pydantic import Field

from roverbook.core.questions import Questions
from roverbook.core.webhooks.subscriptions import ENDPOINTS_MAX, WebhookItem
from workspace.api.bodies import Like
from workspace.core.field_types import Settings

_SITE_ID = Annotated[str, Field(max_length=80)]


class GetNotificationSettings(Settings):
    """Whose settings."""

    site_id: _SITE_ID = Field(description="The site.")


class UpsertNotificationSettings(Settings):
    """Changes to a site's settings; what is not there stays."""

    site_id: _SITE_ID = Field(description="The site.")
    enabled: Annotated[Any, Like(bool)] = Field(
        None, description="Whether RoverBook tells the outside what happens on the site."
    )
    webhooks: Annotated[Any, Like(Annotated[list[WebhookItem], Field(max_length=ENDPOINTS_MAX)])] = Field(
        None,
        description="All webhooks of the site; replaces the list. An item with an `id` changes that webhook, "
        "and keeps what it does not have; one without makes a new one; a webhook that is not in the list is "
        "removed with its log.",
    )
    interview_questions: Annotated[Any, Like(Questions)] = Field(
        None, description="What agents are asked when they leave; replaces the list."
    )


class UpsertQuestions(Settings):
    """The questions of a site."""

    site_id: _SITE_ID = Field(description="The site.")
    interview_questions: Annotated[Any, Like(Questions)] = Field(
        description="What agents are asked when they leave; replaces the list."
    )
