"""Signed requests: HTTP Message Signatures (RFC 9421) as agents use them (Web Bot Auth).

Two steps, because between them a key has to be fetched, and nobody may make this server fetch one with a
request that could not be accepted anyway:

    signature_claims   what the fields say, judged without any key: tag, times, coverage, whose key it is
    check_claim        the signature itself, and the digest of the body (RFC 9530), with that key

`http_message_signatures` parses the fields, rebuilds what was signed and verifies; the rules are ours. They
are stricter than the standard's, which leaves them to its users.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import http_sf
from cryptography.exceptions import InvalidSignature as SignatureMismatch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)

from tasks.core.signature_keys import DIRECTORY_PATH, PUBLISHED_TEST_KEYS
from tasks.core.signature_verdicts import Reason, SignatureFailed, VerifiedSignature
from tasks.fetching.errors import InvalidUrl
from tasks.fetching.urls import parse
from workspace.core.oidc import is_trustworthy_url

TAG = "web-bot-auth"
ALGORITHM = "ed25519"
CLOCK_SKEW = timedelta(minutes=5)
"""How far `created` may lie ahead. Nothing is added to `expires`: what has expired stays expired."""
MAX_LIFETIME = timedelta(hours=1)
MAX_FIELD_CHARS = 4096
MAX_LABELS = 8
MAX_CLAIMS = 2
"""Signatures with our tag in one request; each may cost a request to a directory."""
MAX_COMPONENTS = 32
MAX_NONCE_CHARS = 256
THUMBPRINT_CHARS = 43
_OUR_FIELDS = ("signature-input", "signature", "signature-agent")
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

Parameters = Mapping[str, Any]
Item = tuple[Any, Parameters]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as its sender wrote it.

    `url`: absolute, as the outside calls this server: its configured public address, never the Host field of
    the request, then path and query byte for byte as received. `headers`: one pair for each field line, in
    order, values read as latin-1. `body`: as received, a content coding still in place.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def field(self, name: str) -> str | None:
        """The value of a field, several lines joined by a comma (RFC 9110 5.3); None when it is not there."""
        values = [value.strip(" \t") for found, value in self.headers if found.lower() == name]
        return ", ".join(values) if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A signature that would count, if the key `keyid` of that directory made it.

    `replay_token`: what may be seen once for this key before `expires`; None for a signature without nonce
    that does not bind the request, which its holder may send with any number of them.
    """

    label: str
    keyid: str
    signature_agent: str
    directory_url: str
    expires: datetime
    binds_request: bool
    replay_token: str | None


class NonceStore(Protocol):
    """Remembers what was seen, for all processes of a server."""

    async def remember(self, *, keyid: str, nonce: str, expires: datetime, now: datetime) -> bool:
        """True the first time; False when `nonce` was given for this key before and has not expired by `now`.

        Of two callers at once with the same arguments one gets True. `nonce` has at most 258 characters.
        """
        ...


class MemoryNonces:
    """The nonces of one process; `capacity` bounds them. When full it refuses new ones until some expire."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._seen: dict[tuple[str, str], datetime] = {}

    async def remember(self, *, keyid: str, nonce: str, expires: datetime, now: datetime) -> bool:
        """See `NonceStore.remember`."""
        known = self._seen.get((keyid, nonce))
        if known is not None and known > now:
            return False
        if len(self._seen) >= self._capacity:
            self._seen = {key: until for key, until in self._seen.items() if until > now}
        if len(self._seen) >= self._capacity:
            return False
        self._seen[keyid, nonce] = expires
        return True


def signature_claims(
    request: SignedRequest, *, now: datetime, refused_keys: Collection[str] = PUBLISHED_TEST_KEYS
) -> tuple[Claim | SignatureFailed, ...]:
    """What the signatures of a request with the tag `web-bot-auth` claim, at most two; () for none at all.

    A claim needs: tag, `keyid` (a JWK thumbprint), `created` and `expires` at most an hour apart, the
    algorithm Ed25519, the signer's member of Signature-Agent among what is covered, and @authority or
    @target-uri. `now` is aware. `refused_keys`: thumbprints that nobody may come with.
    """
    if request.field("signature") is None and request.field("signature-input") is None:
        return ()
    try:
        _check_size(request)
        inputs, signatures = (_dictionary(request, name) for name in ("signature-input", "signature"))
        ours = _with_our_tag(inputs)
    except _Refused as refused:
        return (refused.verdict,)
    return tuple(
        _claim_or_failure(request, label, inputs[label], signatures, now=now, refused_keys=refused_keys)
        for label in ours
    )


def check_claim(
    request: SignedRequest, claim: Claim, key: Ed25519PublicKey
) -> VerifiedSignature | SignatureFailed:
    """Whether `key` made the signature of `claim`, and the body has the digest that was signed.

    Times and coverage have been judged by `signature_claims`. Whether it was seen before is not asked here.
    """
    verifier = _Verifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={claim.keyid: key}, private_keys={}),
    )
    message = _Message(request)
    try:
        results = verifier.verify(message, max_age=None, expect_tag=TAG, expect_label=claim.label)
    except HTTPMessageSignaturesException as exc:
        return _mismatch(exc)
    if any(name.startswith('"content-digest"') for name in results[0].covered_components):
        try:
            verifier.verify_body(message, results, request.body)
        except HTTPMessageSignaturesException as exc:
            return SignatureFailed(reason=Reason.DIGEST_MISMATCH, detail=f"The body: {exc}.")
    return VerifiedSignature(
        keyid=claim.keyid,
        signature_agent=claim.signature_agent,
        directory_url=claim.directory_url,
        binds_request=claim.binds_request,
    )


def _mismatch(error: HTTPMessageSignaturesException) -> SignatureFailed:
    if isinstance(error.__cause__, SignatureMismatch):
        return SignatureFailed(
            reason=Reason.BAD_SIGNATURE,
            detail="The key did not sign this: the signature base rebuilt from the request is another one.",
        )
    return SignatureFailed(reason=Reason.MALFORMED, detail=f"The request cannot be rebuilt: {error}.")


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.verdict = SignatureFailed(reason=reason, detail=detail)


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Done by `signature_claims`, with the caller's clock and without a margin after `expires`."""


class _Fields:
    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = lines

    def items(self) -> Iterable[tuple[str, str]]:
        return self._lines


class _Message:
    """The request in the shape that the library reads."""

    def __init__(self, request: SignedRequest) -> None:
        self.method = request.method
        self.url = request.url
        self.headers = _Fields(request.headers)


def _check_size(request: SignedRequest) -> None:
    for name in _OUR_FIELDS:
        value = request.field(name)
        if value is not None and len(value) > MAX_FIELD_CHARS:
            raise _Refused(Reason.TOO_LARGE, f"{name} is longer than {MAX_FIELD_CHARS} characters.")


def _dictionary(request: SignedRequest, name: str) -> dict[str, Item]:
    def refuse_twice(key: str, _where: str) -> None:
        raise _Refused(Reason.MALFORMED, f"{name} has {key!r} twice.")

    value = request.field(name)
    if value is None:
        raise _Refused(Reason.MALFORMED, f"There is no {name}.")
    members = _parsed(value, "dictionary", refuse_twice)
    if members is None:
        raise _Refused(Reason.MALFORMED, f"{name} is not a dictionary of structured fields (RFC 9651).")
    if len(members) > MAX_LABELS:
        raise _Refused(Reason.TOO_LARGE, f"{name} has more than {MAX_LABELS} members.")
    return cast(dict[str, Item], members)


def _parsed(value: str, kind: str, on_duplicate_key: Any = None) -> Any:
    try:
        return http_sf.parse(value.encode("ascii"), tltype=kind, on_duplicate_key=on_duplicate_key)
    except ValueError:  # also what is not ASCII
        return None


def _with_our_tag(inputs: Mapping[str, Item]) -> list[str]:
    labels = [label for label, (_, parameters) in inputs.items() if _is_ours(parameters.get("tag"))]
    if not labels:
        raise _Refused(Reason.OTHER_TAG, f'No signature has the parameter tag="{TAG}".')
    if len(labels) > MAX_CLAIMS:
        raise _Refused(Reason.TOO_LARGE, f"More than {MAX_CLAIMS} signatures have our tag.")
    return labels


def _is_ours(tag: object) -> bool:
    return isinstance(tag, str) and tag == TAG  # a token of the same letters is another type


def _claim_or_failure(
    request: SignedRequest,
    label: str,
    signature_input: Item,
    signatures: Mapping[str, Item],
    *,
    now: datetime,
    refused_keys: Collection[str],
) -> Claim | SignatureFailed:
    try:
        covered = _covered(signature_input)
        parameters = signature_input[1]
        signature = _signature(signatures, label)
        expires = _expiry(parameters, now)
        keyid = _keyid(parameters, refused_keys)
        _check_algorithm(parameters)
        _check_target(request, covered)
        agent = _agent(request, label, covered)
        binds = _binds(request, covered)
        return Claim(
            label=label,
            keyid=keyid,
            signature_agent=agent,
            directory_url=agent + DIRECTORY_PATH,
            expires=expires,
            binds_request=binds,
            replay_token=_replay_token(parameters, signature, binds),
        )
    except _Refused as refused:
        return refused.verdict


def _covered(signature_input: Item) -> list[Item]:
    components = signature_input[0]
    if not isinstance(components, list):
        raise _Refused(Reason.MALFORMED, "A member of signature-input is not a list of components.")
    if len(components) > MAX_COMPONENTS:
        raise _Refused(Reason.TOO_LARGE, f"More than {MAX_COMPONENTS} components are covered.")
    return components


def _signature(signatures: Mapping[str, Item], label: str) -> bytes:
    value = signatures.get(label, (None, {}))[0]
    if not isinstance(value, bytes):
        raise _Refused(Reason.MALFORMED, f"signature has no member {label!r} that is a byte sequence.")
    return value


def _expiry(parameters: Parameters, now: datetime) -> datetime:
    created, expires = parameters.get("created"), parameters.get("expires")
    if type(created) is not int or type(expires) is not int:
        raise _Refused(Reason.NO_TIMES, "The parameters created and expires are needed, as integers.")
    at = now.timestamp()
    if expires <= at:
        raise _Refused(Reason.EXPIRED, f"expires is {expires}, the clock here says {int(at)}.")
    if created > at + CLOCK_SKEW.total_seconds():
        raise _Refused(Reason.NOT_YET_VALID, f"created is {created}, the clock here says {int(at)}.")
    if not 0 < expires - created <= MAX_LIFETIME.total_seconds():
        longest = int(MAX_LIFETIME.total_seconds())
        raise _Refused(Reason.LIFETIME_TOO_LONG, f"expires must be 1 to {longest} seconds after created.")
    return datetime.fromtimestamp(expires, UTC)


def _keyid(parameters: Parameters, refused_keys: Collection[str]) -> str:
    keyid = parameters.get("keyid")
    if not isinstance(keyid, str) or len(keyid) != THUMBPRINT_CHARS or not _BASE64URL.issuperset(keyid):
        raise _Refused(Reason.NO_KEY_ID, "keyid must be the JWK thumbprint (RFC 7638) of the key.")
    if keyid in refused_keys:
        raise _Refused(Reason.TEST_KEY, "The private half of this key is public; anybody can sign with it.")
    return keyid


def _check_algorithm(parameters: Parameters) -> None:
    if parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise _Refused(Reason.UNSUPPORTED_ALGORITHM, f"Only {ALGORITHM} is verified here.")


def _check_target(request: SignedRequest, covered: Iterable[Item]) -> None:
    if not {"@authority", "@target-uri"} & _plain(covered):
        raise _Refused(Reason.NOT_COVERED, "Cover @authority or @target-uri: this was signed for any server.")
    # over plain http, others read the signature and use it first
    if not is_trustworthy_url(request.url):
        raise _Refused(Reason.PLAIN_HTTP, "Signatures are taken over https only.")


def _plain(covered: Iterable[Item]) -> set[str]:
    """The covered components that have no parameters."""
    return {name for name, parameters in covered if isinstance(name, str) and not parameters}


def _binds(request: SignedRequest, covered: Iterable[Item]) -> bool:
    plain = _plain(covered)
    has_target = "@target-uri" in plain or "@request-target" in plain
    if not has_target and "@path" in plain:
        has_target = "@query" in plain or "?" not in request.url
    has_body = "content-digest" in plain or not request.body
    return "@method" in plain and has_target and has_body


def _replay_token(parameters: Parameters, signature: bytes, binds: bool) -> str | None:
    nonce = parameters.get("nonce")
    if nonce is None:
        # the same request signed in the same second gives the same signature, so it serves as its own nonce
        return f"s:{hashlib.sha256(signature).hexdigest()}" if binds else None
    if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE_CHARS:
        raise _Refused(Reason.MALFORMED, f"nonce must be a string of 1 to {MAX_NONCE_CHARS} characters.")
    return f"n:{nonce}"


def _agent(request: SignedRequest, label: str, covered: Iterable[Item]) -> str:
    """The origin of the one agent that the signature covers: another member may be anybody's."""
    value = request.field("signature-agent")
    if value is None:
        raise _Refused(Reason.NO_AGENT, "There is no signature-agent to find the key with.")
    keys = list(_covered_members(covered))
    if not keys:
        raise _Refused(Reason.NOT_COVERED, "signature-agent is not covered by the signature.")
    if len(keys) > 1:
        raise _Refused(Reason.BAD_AGENT, "The signature covers signature-agent more than once.")
    return _origin(_member(value, keys[0], label))


def _covered_members(covered: Iterable[Item]) -> Iterator[str | None]:
    """For each covering of Signature-Agent its `key`, None for the whole field."""
    for name, parameters in covered:
        if name == "signature-agent":
            key = parameters.get("key")
            yield key if isinstance(key, str) else None


def _member(value: str, key: str | None, label: str) -> str:
    """The agent as text: the member `key` of the field; or, if it is covered whole, its only member, the one
    called like the signature, or the bare string that the field was in earlier drafts."""
    members = _parsed(value, "dictionary")
    if members is None:
        item = _parsed(value, "item")
        members = {label: item} if item is not None and key is None else {}
    if key is None:
        key = next(iter(members)) if len(members) == 1 else label
    text, parameters = members.get(key, (None, {}))
    if not isinstance(text, str):
        raise _Refused(Reason.BAD_AGENT, "The covered member of signature-agent is missing or not a string.")
    if str(parameters.get("type", "directory")) != "directory":
        raise _Refused(Reason.BAD_AGENT, "Only agents of the type directory are looked up.")
    return text


def _origin(text: str) -> str:
    try:
        url = parse(text)
    except InvalidUrl as exc:
        raise _Refused(Reason.BAD_AGENT, "signature-agent is not a URL.") from exc
    is_bare = url.target == "/" and not url.fragment and not url.had_userinfo
    if not is_bare or not is_trustworthy_url(url.href):
        raise _Refused(Reason.BAD_AGENT, "signature-agent must be an https origin: no path, no query.")
    return url.origin
