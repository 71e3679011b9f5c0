"""Refusals of the browser runtime, `/v2/rover/*`.

RoverError
├── InvalidArgument        the body is not valid
├── BootstrapRequired      neither a session token nor a site key
├── InvalidApiKey          the site key is unknown, switched off, or too old
├── SecretKeyNotAllowed    a secret key where only a public one may be
├── HostNotAllowed         the key is not for this host
├── CapabilityMissing      the key may not do this
├── PermissionDenied       the token is good, but not for this
├── ExternalPolicyBlocked  the site keeps its agent from this page of another site
├── AdversarialBlocked     the address or the prompt looks like an attack
├── ExternalUnavailable    the page of another site cannot be had, or not read
├── ExternalTimeout        it took too long
├── SessionNotFound        no such session
├── RunNotFound            no such run in the session, or none to go on with
├── StaleEpoch, StaleSeq   the caller's counters are behind
├── ActiveRunExists        the session has a run that has not ended
├── ReplayedNonce          the request was seen before
└── SnapshotTooLarge       the snapshot is over its limit

The others that it sends are those of sessions (SessionTokenExpired, SessionTokenInvalid) and of public tasks
(SiteMismatch, InsufficientCredits, TaskRateLimited, BodyTooLarge, InternalError). The codes of the three
conflicts are lower-case, all others upper-case.
"""

from typing import Self

from tasks.core.public_errors import (
    BodyTooLarge,
    InsufficientCredits,
    InternalError,
    SiteMismatch,
    TaskRateLimited,
)
from tasks.core.session_tokens import SessionTokenExpired, SessionTokenInvalid
from workspace.core.credentials import Unauthenticated
from workspace.core.errors import ErrorKind, RoverError

__all__ = [
    "ActiveRunExists",
    "AdversarialBlocked",
    "BodyTooLarge",
    "BootstrapRequired",
    "CapabilityMissing",
    "ExternalPolicyBlocked",
    "ExternalTimeout",
    "ExternalUnavailable",
    "HostNotAllowed",
    "InsufficientCredits",
    "InternalError",
    "InvalidApiKey",
    "InvalidArgument",
    "PermissionDenied",
    "ReplayedNonce",
    "RunNotFound",
    "SecretKeyNotAllowed",
    "SessionNotFound",
    "SessionTokenExpired",
    "SessionTokenInvalid",
    "SiteMismatch",
    "SnapshotTooLarge",
    "StaleEpoch",
    "StaleSeq",
    "TaskRateLimited",
    "bootstrap_required",
    "session_token_expired",
    "session_token_invalid",
]


class InvalidArgument(RoverError):
    """`data`: errors, a list of {field, message, code}."""

    code = "INVALID_ARGUMENT"
    kind = ErrorKind.INVALID


class BootstrapRequired(Unauthenticated):
    code = "BOOTSTRAP_REQUIRED"


class InvalidApiKey(Unauthenticated):
    """`data`: reason, one of unknown_key, revoked, site_archived, expired, inactive."""

    code = "INVALID_API_KEY"


class SecretKeyNotAllowed(RoverError):
    code = "SECRET_KEY_NOT_ALLOWED"
    kind = ErrorKind.FORBIDDEN


class HostNotAllowed(RoverError):
    """`data`: host."""

    code = "HOST_NOT_ALLOWED"
    kind = ErrorKind.FORBIDDEN


class CapabilityMissing(RoverError):
    """`data`: capability."""

    code = "CAPABILITY_MISSING"
    kind = ErrorKind.FORBIDDEN


class PermissionDenied(RoverError):
    code = "PERMISSION_DENIED"
    kind = ErrorKind.FORBIDDEN


class ExternalPolicyBlocked(RoverError):
    code = "EXTERNAL_POLICY_BLOCKED"
    kind = ErrorKind.FORBIDDEN


class AdversarialBlocked(RoverError):
    """`data`: adversarial, {score, reasons}."""

    code = "ADVERSARIAL_BLOCKED"
    kind = ErrorKind.FORBIDDEN


class ExternalUnavailable(RoverError):
    """`data`: reason, the code of what went wrong; url."""

    code = "EXTERNAL_UNAVAILABLE"
    kind = ErrorKind.UPSTREAM
    retryable = True


class ExternalTimeout(RoverError):
    """`data`: url."""

    code = "EXTERNAL_TIMEOUT"
    kind = ErrorKind.TIMEOUT
    retryable = True


class SessionNotFound(RoverError):
    code = "SESSION_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class RunNotFound(RoverError):
    code = "RUN_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class StaleEpoch(RoverError):
    """`data`: sessionId, runId (None without an active run), expectedEpoch (None when it was not said),
    currentEpoch, decisionReason, conflict."""

    code = "stale_epoch"
    kind = ErrorKind.CONFLICT
    retryable = True

    @classmethod
    def of(cls, *, session_id: str, run_id: str | None, expected: int | None, current: int) -> Self:
        """The conflict between the epoch that the caller expected and the session's."""
        return cls(
            "The session is in another epoch than the command expects.",
            sessionId=session_id,
            runId=run_id,
            expectedEpoch=expected,
            currentEpoch=current,
            decisionReason="stale_epoch_retryable",
            conflict={"type": cls.code, "currentEpoch": current, "retryable": cls.retryable},
        )


class StaleSeq(RoverError):
    """`data`: sessionId, runId, expectedSeq (None when it was not said), currentSeq, currentEpoch,
    decisionReason, clientEventId (None when it was not said), conflict."""

    code = "stale_seq"
    kind = ErrorKind.CONFLICT
    retryable = True

    @classmethod
    def of(
        cls,
        *,
        session_id: str,
        run_id: str,
        expected: int | None,
        current: int,
        epoch: int,
        client_event_id: str | None,
    ) -> Self:
        """The conflict between the place in the run's log that the caller expected and the last one."""
        return cls(
            "The run has gone on since the place that the command expects.",
            sessionId=session_id,
            runId=run_id,
            expectedSeq=expected,
            currentSeq=current,
            currentEpoch=epoch,
            decisionReason="stale_seq_retryable",
            clientEventId=client_event_id,
            conflict={
                "type": cls.code,
                "currentSeq": current,
                "currentEpoch": epoch,
                "retryable": cls.retryable,
            },
        )


class ActiveRunExists(RoverError):
    """`data`: continuePrompt, runId, state, acceptedMode (those of the active run), decisionReason,
    conflict."""

    code = "active_run_exists"
    kind = ErrorKind.CONFLICT

    @classmethod
    def of(cls, *, run_id: str, state: str, mode: str, continue_prompt: bool) -> Self:
        """The conflict with the run that the session has. `continue_prompt`: the caller may ask its user
        whether to go on with that run or to replace it."""
        return cls(
            "The session has a run that has not ended.",
            continuePrompt=continue_prompt,
            runId=run_id,
            state=state,
            acceptedMode=mode,
            decisionReason=cls.code,
            conflict={"type": cls.code, "retryable": cls.retryable},
        )


class ReplayedNonce(RoverError):
    code = "replayed_nonce"
    kind = ErrorKind.CONFLICT


class SnapshotTooLarge(RoverError):
    """`data`: size, maximum, in bytes."""

    code = "SNAPSHOT_TOO_LARGE"
    kind = ErrorKind.TOO_LARGE


_OPEN_AGAIN = "Open the session again: /v2/rover/session/open with the site's pk_site_ key as bootstrapToken."


def session_token_expired() -> SessionTokenExpired:
    """The refusal of a token whose time is over, with what to do about it."""
    return SessionTokenExpired("The session token has expired.", next_action=_OPEN_AGAIN)


def session_token_invalid() -> SessionTokenInvalid:
    """The refusal of what is no good token, with what to do about it."""
    return SessionTokenInvalid("This is no valid session token of this server.", next_action=_OPEN_AGAIN)


def bootstrap_required() -> BootstrapRequired:
    """The refusal of a session that is opened with nothing, with what to do about it."""
    return BootstrapRequired(
        "A session is opened with a session token, or with a site's public key.",
        next_action="Send the site's pk_site_ key as bootstrapToken or publicKey.",
    )
