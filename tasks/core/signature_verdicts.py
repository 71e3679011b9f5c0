"""What looking at the signature of a request came to. The values that attribution and the verifier share."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a signature counts for nothing. The values go to callers: a signer has to find its mistake."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    OTHER_TAG = "other_tag"
    NO_AGENT = "no_signature_agent"
    BAD_AGENT = "bad_signature_agent"
    NOT_COVERED = "not_covered"
    NO_KEY_ID = "no_key_id"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    NO_TIMES = "no_times"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    PLAIN_HTTP = "plain_http"
    TEST_KEY = "test_key"
    DIRECTORY_UNAVAILABLE = "directory_unavailable"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    DIGEST_MISMATCH = "digest_mismatch"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSignature:
    """A signature that a key of the agent's own directory made, in its time and for the first time.

    `keyid`: the key's JWK thumbprint. `signature_agent`: the agent's origin, `https://bot.example`.
    `binds_request`: it covers method, whole target and body. One that covers less is genuine too, but fits
    any other request to this server until it expires, so it says who the agent is, not what it asked for.
    """

    keyid: str
    signature_agent: str
    directory_url: str
    binds_request: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFailed:
    """`detail`: one sentence for the developer of the signer; nothing in it is secret."""

    reason: Reason
    detail: str
