"""Refusals of the public task resource. Their codes are upper-case: callers know them in that form.

RoverError
├── InvalidRequest          the body has a wrong shape
├── InvalidTargetUrl        `url` is missing, or no complete http(s) URL
├── MissingInstruction      neither a prompt nor a shortcut
├── PromptTooLong           the prompt is over its limit
├── InvalidIdempotencyKey   the header holds no usable key
├── PublicSiteNotFound      no site here answers for the host
├── AiAccessDisabled        the site takes no tasks from agents
├── CloudNotAllowed         the site allows no run without a browser
├── PublicShortcutNotFound  the site has no such shortcut
├── IdempotencyKeyReused    the key was used with another body
├── InsufficientCredits     the site has no credits left
└── TaskRateLimited         too many tasks from this caller or for this site
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
