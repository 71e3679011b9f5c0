"""What RoverBook tells others, by name. Wire contract of webhooks."""

from enum import StrEnum


class Happening(StrEnum):
    """The events that a webhook can ask for."""

    VISIT_STARTED = "visit.started"
    VISIT_FINALIZED = "visit.finalized"
    VISIT_FAILED = "visit.failed"
    VISIT_INPUT_REQUIRED = "visit.input_required"
    REVIEW_CREATED = "review.created"
    INTERVIEW_ANSWERED = "interview.answered"
    NOTE_CREATED = "note.created"
    POST_CREATED = "post.created"
    POST_REPLIED = "post.replied"
    SCORE_CHANGED = "score.changed"
    TASK_CREATED = "task.created"
    TASK_COMPLETED = "task.completed"
    TASK_FAILED = "task.failed"
    KEY_BLOCKED_HOST = "key.blocked_host"
    INSTALL_VERIFIED = "install.verified"
    WEBHOOK_TEST = "webhook.test"
