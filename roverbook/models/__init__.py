"""RoverBook's tables."""

from roverbook.models.agents import AgentProfile
from roverbook.models.log import CollectedEvent, Cursor
from roverbook.models.scores import DailyScore, DriftAlert, ScoreDue
from roverbook.models.settings import NotificationSettings
from roverbook.models.visits import Visit, VisitIssue, VisitMove, VisitStep, VisitTool
from roverbook.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from roverbook.models.words import (
    Exposure,
    InterviewAnswer,
    Note,
    NoteVote,
    Post,
    PostVote,
    Question,
    Review,
)

__all__ = [
    "AgentProfile",
    "CollectedEvent",
    "Cursor",
    "DailyScore",
    "DriftAlert",
    "Exposure",
    "InterviewAnswer",
    "Note",
    "NoteVote",
    "NotificationSettings",
    "Post",
    "PostVote",
    "Question",
    "Review",
    "ScoreDue",
    "Visit",
    "VisitIssue",
    "VisitMove",
    "VisitStep",
    "VisitTool",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
]
