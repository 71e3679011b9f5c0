"""Refusals of the public task resource. Their codes are upper-case: callers know them in that form.

RoverError
├── InvalidRequest          the body has a wrong shape
├── InvalidTargetUrl        `url` is missing, or no complete http(s) URL
├── MissingInstruction      neither a prompt nor a shortcut
├── PromptTooLong           the prompt is over its limit
├── InvalidIdempotencyKey   the header holds no usable key
├── PublicSiteNotFound      no site here answers for the host
├── AiAccessDisabled        the site takes no tasks from agents
├── AgentBlocked            the site's owner lets this agent start no tasks
├── CloudNotAllowed         the site allows no run without a browser
├── PublicShortcutNotFound  the site has no such shortcut
├── IdempotencyKeyReused    the key was used with another body
├── InsufficientCredits     the site has no credits left
├── TaskRateLimited         too many tasks from this caller or for this site
├── PublicTaskNotFound      no such task, or not with this token
├── NotAwaitingInput        the task has asked nothing
├── MissingInput            an answer without text
├── BodyTooLarge            the body is over its limit
├── MethodNotAllowed        nothing does this here
├── HandoffsNotAllowed      the receiving site takes no tasks from other sites
├── ParentEnded             the task that would hand over has ended
├── WorkflowFull            the workflow is too long, too deep, or goes in circles
├── ReceiptInvalid          no task has this receipt
├── ReceiptExpired          its time is over
├── ReceiptAlreadyClaimed   another browser has taken the task up
├── SiteMismatch            the session is another site's
└── InternalError           a fault of this server
"""

from workspace.core.errors import ErrorKind, RoverError


class InvalidRequest(RoverError):
    """`data`: errors, a list of {field, message, code}."""

    code = "INVALID_REQUEST"
    kind = ErrorKind.INVALID


class InvalidTargetUrl(RoverError):
    code = "INVALID_URL"
    kind = ErrorKind.INVALID


class MissingInstruction(RoverError):
    code = "MISSING_INSTRUCTION"
    kind = ErrorKind.INVALID


class PromptTooLong(RoverError):
    """`data`: length, maximum, in characters."""

    code = "PROMPT_TOO_LONG"
    kind = ErrorKind.INVALID


class InvalidIdempotencyKey(RoverError):
    code = "INVALID_IDEMPOTENCY_KEY"
    kind = ErrorKind.INVALID


class PublicSiteNotFound(RoverError):
    code = "SITE_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class AiAccessDisabled(RoverError):
    code = "AI_ACCESS_DISABLED"
    kind = ErrorKind.FORBIDDEN


class AgentBlocked(RoverError):
    code = "AGENT_BLOCKED"
    kind = ErrorKind.FORBIDDEN


class CloudNotAllowed(RoverError):
    code = "CLOUD_NOT_ALLOWED"
    kind = ErrorKind.FORBIDDEN


class PublicShortcutNotFound(RoverError):
    code = "SHORTCUT_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class IdempotencyKeyReused(RoverError):
    code = "IDEMPOTENCY_KEY_REUSED"
    kind = ErrorKind.CONFLICT


class InsufficientCredits(RoverError):
    code = "INSUFFICIENT_CREDITS"
    kind = ErrorKind.PAYMENT_REQUIRED


class TaskRateLimited(RoverError):
    """`data`: retry_after_s, whole seconds."""

    code = "RATE_LIMITED"
    kind = ErrorKind.RATE_LIMITED
    retryable = True


class PublicTaskNotFound(RoverError):
    code = "TASK_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class NotAwaitingInput(RoverError):
    """`data`: taskStatus."""

    code = "NOT_AWAITING_INPUT"
    kind = ErrorKind.CONFLICT


class MissingInput(RoverError):
    code = "MISSING_INPUT"
    kind = ErrorKind.INVALID


class BodyTooLarge(RoverError):
    """`data`: maximum, in bytes."""

    code = "PAYLOAD_TOO_LARGE"
    kind = ErrorKind.TOO_LARGE


class MethodNotAllowed(RoverError):
    """`data`: allowed, a list of methods."""

    code = "METHOD_NOT_ALLOWED"
    kind = ErrorKind.METHOD_NOT_ALLOWED


class HandoffsNotAllowed(RoverError):
    code = "HANDOFFS_NOT_ALLOWED"
    kind = ErrorKind.FORBIDDEN


class ParentEnded(RoverError):
    """`data`: taskStatus."""

    code = "TASK_ENDED"
    kind = ErrorKind.CONFLICT


class WorkflowFull(RoverError):
    """`data`: limit, the name of the one that was met, and maximum."""

    code = "WORKFLOW_LIMIT"
    kind = ErrorKind.CONFLICT


class ReceiptInvalid(RoverError):
    code = "RECEIPT_INVALID"
    kind = ErrorKind.NOT_FOUND


class ReceiptExpired(RoverError):
    code = "RECEIPT_EXPIRED"
    kind = ErrorKind.GONE


class ReceiptAlreadyClaimed(RoverError):
    code = "RECEIPT_ALREADY_CLAIMED"
    kind = ErrorKind.CONFLICT


class SiteMismatch(RoverError):
    code = "SITE_MISMATCH"
    kind = ErrorKind.FORBIDDEN


class InternalError(RoverError):
    code = "INTERNAL"
    kind = ErrorKind.INTERNAL
    retryable = True
