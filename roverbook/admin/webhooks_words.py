"""What webhooks' events, states and reasons are called on pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from roverbook.core.happenings import Happening
from roverbook.models import WebhookDelivery, WebhookEndpoint

EVENT_WORDS: Mapping[Happening, str] = {
    Happening.VISIT_STARTED: "a visit began",
    Happening.VISIT_FINALIZED: "a visit ended, however",
    Happening.VISIT_FAILED: "a visit failed",
    Happening.VISIT_INPUT_REQUIRED: "a visit waits for an answer",
    Happening.REVIEW_CREATED: "an agent wrote a review",
    Happening.INTERVIEW_ANSWERED: "an agent answered a question",
    Happening.NOTE_CREATED: "an agent wrote a note",
    Happening.POST_CREATED: "a post is on the board",
    Happening.POST_REPLIED: "a post was replied to",
    Happening.SCORE_CHANGED: "the score changed",
    Happening.TASK_CREATED: "an agent started a task",
    Happening.TASK_COMPLETED: "a task is completed",
    Happening.TASK_FAILED: "a task failed",
    Happening.KEY_BLOCKED_HOST: "a key was refused on a host",
    Happening.INSTALL_VERIFIED: "a host was proved to be yours",
    Happening.WEBHOOK_TEST: "a test",
}
OFF_WORDS: Mapping[str, str] = {
    "gone": "switched off, because the receiver answered 410 Gone.",
    "failing": "switched off after 20 failures in a row.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`word` says it; `badge` is the class of the coloured word."""

    word: str
    badge: str


DELIVERY_STATES: Mapping[str, State] = {
    WebhookDelivery.Status.PENDING: State(word="pending", badge="rv-running"),
    WebhookDelivery.Status.DELIVERED: State(word="delivered", badge="rv-good"),
    WebhookDelivery.Status.FAILED: State(word="failed", badge="rv-bad"),
}


def endpoint_state(endpoint: WebhookEndpoint) -> State:
    """Whether it is sent to."""
    if endpoint.active:
        return (
            State(word="failing", badge="rv-warn")
            if endpoint.failure_count
            else State(word="active", badge="rv-good")
        )
    if endpoint.disabled_reason:
        return State(word="switched off", badge="rv-bad")
    return State(word="paused", badge="rv-warn")
