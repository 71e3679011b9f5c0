"""Who is calling: one record for every caller, and how far it can be believed.

Trust and name are two questions. The strongest evidence decides the trust: a signature that binds the whole
request, a signature that does not, an agent object in the body, headers, nothing. The name is whatever the
caller calls himself, checked against what others have proved.

Private notes hang on `memory_key`, so it never mixes evidence: `verified:` is reached with the private key
only, `self:` by whoever says the key, `vendor:` and `anon:` are shared by design.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from tasks.core.known_agents import KnownAgent, recognise
from tasks.core.printable import printable
from tasks.core.signature_verdicts import VerifiedSignature

MAX_KEY_CHARS = 128
MAX_NAME_CHARS = 120
MAX_LINE_CHARS = 300
ANONYMOUS_NAME = "Anonymous agent"
_HASH_CHARS = 32
_V4_PREFIX, _V6_PREFIX = 24, 48
_NOT_SLUG = re.compile(r"[^a-z0-9]+")

KEY_HEADERS = ("x-rtrvr-agent-id", "x-rtrvr-agent-key")
CLIENT_HEADERS = ("x-rtrvr-client-id", "x-client-id")
_NAMING_HEADERS = (*KEY_HEADERS, *CLIENT_HEADERS)
_HINT_HEADERS = ("signature", "signature-input")


class Trust(StrEnum):
    """How far an identity can be believed, strongest first."""

    VERIFIED_SIGNED = "verified_signed"
    SIGNED_DIRECTORY_ONLY = "signed_directory_only"
    SELF_REPORTED = "self_reported"
    HEURISTIC = "heuristic"
    ANONYMOUS = "anonymous"


class VerificationMethod(StrEnum):
    """What the trust rests on; one for each `Trust`."""

    HTTP_MESSAGE_SIGNATURES = "http_message_signatures"
    SIGNATURE_AGENT_DIRECTORY = "signature_agent_directory"
    SELF_REPORTED = "self_reported"
    HEURISTIC_HEADERS = "heuristic_headers"
    ANONYMOUS = "anonymous"


class Source(StrEnum):
    """Where the identity came from."""

    PUBLIC_TASK_AGENT = "public_task_agent"
    HANDOFF_AGENT = "handoff_agent"
    WEBMCP_AGENT = "webmcp_agent"
    SIGNATURE_AGENT = "signature_agent"
    USER_AGENT = "user_agent"
    OWNER_RESOLVER = "owner_resolver"
    ANONYMOUS = "anonymous"


_Clean = Callable[[object], str | None]
_METHODS = dict(zip(Trust, VerificationMethod, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The record of a caller. All text is one line without control characters, but is not escaped: it is
    written by strangers and must never be taken for HTML.

    `vendor` of a signed agent is the host that proved it, whatever it says of itself.
    """

    key: str
    display_name: str
    trust: Trust
    source: Source
    memory_key: str
    verification_method: VerificationMethod
    vendor: str | None = None
    model: str | None = None
    version: str | None = None
    homepage: str | None = None
    client_id: str | None = None
    signature_agent: str | None = None
    signature_directory: str | None = None
    signature_key_id: str | None = None
    user_agent: str | None = None

    def as_wire(self) -> dict[str, str]:
        """The record as JSON: camelCase names, nothing for what is not known."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {_camel(name): str(value) for name, value in values if value is not None}

    @classmethod
    def from_wire(cls, record: Mapping[str, str]) -> "Agent":
        """The record that `as_wire` wrote."""
        read: Mapping[str, Callable[[str], Any]] = {
            "trust": Trust,
            "source": Source,
            "verification_method": VerificationMethod,
        }
        said = {field.name: record.get(_camel(field.name)) for field in fields(cls)}
        values = {name: read.get(name, str)(value) for name, value in said.items() if value is not None}
        return cls(**values)


def attribute(
    said: "Claims",
    *,
    previous_key: str | None,
    ip: str,
    day: date,
    handoff_parent: Agent | None = None,
    verified_keys: Mapping[str, str] | None = None,
    pepper: bytes = b"",
) -> Agent:
    """The record of who sent a request. Never fails: what makes no sense is left out.

    Args:
        said: what the caller says of himself, and what is proved of it.
        previous_key: the key that the caller's session had before.
        ip: the caller's address; it is used by its /24 or /48 network only.
        day: the day in UTC; an anonymous caller is another one tomorrow.
        handoff_parent: the record of the task that hands over. It is inherited unless the body says who
            calls or another agent signed. A verified parent's trust and notes need its signature here too.
        verified_keys: keys that were seen verified, with the `signature_agent` that proved each. Nobody else
            can use them; such a key counts as not sent. Only those of `claimed_keys` are looked at.
        pepper: a secret of the server, so that nobody can tell addresses from hashes.
    """
    verified = said.verified
    anonymous = f"anon:{_fingerprint(ip, said.user_agent, day, pepper)}"
    if handoff_parent is not None and not said.has_body and _hands_on(handoff_parent, verified):
        return _inherited(handoff_parent, anonymous, is_proved=verified is not None)
    owners = verified_keys or {}
    trust = _trust(said, verified)
    signer = verified.signature_agent if verified is not None else None
    prover = signer if trust is Trust.VERIFIED_SIGNED else None
    explicit = _usable(said.key, owners, prover)
    others = (
        _usable(said.client_id, owners, prover),
        _usable(_key(signer or said.signature_agent), owners, signer),
        _usable(_text(previous_key, MAX_KEY_CHARS), owners, None),
    )
    vendor = _host(signer) if signer else said.vendor
    known = said.known
    return Agent(
        key=explicit or next(filter(None, others), anonymous),
        display_name=_display_name(said, signer),
        trust=trust,
        source=Source.HANDOFF_AGENT if handoff_parent is not None else _source(said, trust),
        memory_key=_memory_key(trust, verified, explicit, vendor or said.signature_agent, anonymous),
        verification_method=_METHODS[trust],
        vendor=vendor,
        model=said.model,
        version=said.version or (known.version if known is not None and not said.has_body else None),
        homepage=said.homepage,
        client_id=said.client_id,
        signature_agent=signer or said.signature_agent,
        signature_directory=verified.directory_url if verified is not None else None,
        signature_key_id=verified.keyid if verified is not None else None,
        user_agent=said.user_agent,
    )


def claimed_keys(said: "Claims", *, previous_key: str | None = None) -> tuple[str, ...]:
    """The keys that `attribute` may take for this caller: those to look up for `verified_keys`."""
    signer = said.verified.signature_agent if said.verified is not None else said.signature_agent
    claimed = (said.key, said.client_id, _key(signer), _text(previous_key, MAX_KEY_CHARS))
    return tuple(dict.fromkeys(key for key in claimed if key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the caller says of himself, cleaned and cut. `verified`: what verifying the signature of this very
    request gave; None also for a bad signature."""

    verified: VerifiedSignature | None
    has_body: bool
    has_headers: bool
    key: str | None
    name: str | None
    vendor: str | None
    model: str | None
    version: str | None
    homepage: str | None
    client_id: str | None
    signature_agent: str | None
    user_agent: str | None
    known: KnownAgent | None

    @classmethod
    def of(
        cls,
        body_agent: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        verified: VerifiedSignature | None,
    ) -> "Claims":
        """Those of one request. Never fails: what makes no sense is left out.

        Args:
            body_agent: the `agent` object of the body, of any shape; `agentKey`, `agentId` of the body go in
                it.
            headers: names in any case. Of a caller whose signature binds the request they give no key:
                nobody signed them.
            verified: as above.
        """
        body = body_agent if isinstance(body_agent, Mapping) else {}
        unsigned = _NAMING_HEADERS if verified is not None and verified.binds_request else ()
        sent = {name.lower(): value for name, value in headers.items() if name.lower() not in unsigned}
        body_key = _first(body, ("key", "agentKey", "agentId"), _key)
        texts = {name: _text(body.get(name), MAX_NAME_CHARS) for name in ("vendor", "model", "version")}
        name = _first(body, ("name", "displayName"), lambda value: _text(value, MAX_NAME_CHARS))
        body_client = _first(body, ("clientId",), _key)
        homepage = _homepage(body.get("homepage"))
        user_agent = _text(sent.get("user-agent"), MAX_LINE_CHARS)
        known = recognise(user_agent) if user_agent else None
        header_key, header_client = _first(sent, KEY_HEADERS, _key), _first(sent, CLIENT_HEADERS, _key)
        signature_agent = _signature_agent(sent.get("signature-agent"))
        hints = any(_text(sent.get(name), 1) for name in _HINT_HEADERS)
        has_body = any((body_key, name, body_client, homepage, *texts.values()))
        vendor = texts["vendor"] or (known.vendor if known is not None and not has_body else None)
        return cls(
            verified=verified,
            has_body=has_body,
            has_headers=hints or any((header_key, header_client, signature_agent, user_agent)),
            key=body_key or header_key,
            name=name,
            vendor=vendor,
            model=texts["model"],
            version=texts["version"],
            homepage=homepage,
            client_id=body_client or header_client,
            signature_agent=signature_agent,
            user_agent=user_agent,
            known=known,
        )


def _trust(said: Claims, verified: VerifiedSignature | None) -> Trust:
    if verified is not None:
        return Trust.VERIFIED_SIGNED if verified.binds_request else Trust.SIGNED_DIRECTORY_ONLY
    if said.has_body:
        return Trust.SELF_REPORTED
    return Trust.HEURISTIC if said.has_headers else Trust.ANONYMOUS


def _source(said: Claims, trust: Trust) -> Source:
    if trust in (Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY):
        return Source.SIGNATURE_AGENT
    if trust is Trust.SELF_REPORTED:
        return Source.PUBLIC_TASK_AGENT
    if trust is Trust.HEURISTIC:
        return Source.SIGNATURE_AGENT if said.signature_agent else Source.USER_AGENT
    return Source.ANONYMOUS


def _usable(key: str | None, owners: Mapping[str, str], signer: str | None) -> str | None:
    """`key`, unless another than `signer` has proved it, or a signer takes another's origin for his name."""
    if key is None or owners.get(key, signer) != signer:
        return None
    is_anothers = signer is not None and "://" in key and key != _key(signer)
    return None if is_anothers else key


def _memory_key(
    trust: Trust, verified: VerifiedSignature | None, key: str | None, vendor: str | None, anonymous: str
) -> str:
    if verified is not None and trust is Trust.VERIFIED_SIGNED:
        return f"verified:{verified.keyid}"
    if key:
        return f"self:{key}"
    return f"vendor:{_slug(vendor)}" if vendor else anonymous


def _display_name(said: Claims, signer: str | None) -> str:
    if said.name:
        return said.name
    if signer:
        return _host(signer)
    if said.has_body:
        return said.model or said.vendor or said.key or ANONYMOUS_NAME
    if said.known is not None:
        return said.known.name
    return said.signature_agent or said.client_id or ANONYMOUS_NAME


def _hands_on(parent: Agent, verified: VerifiedSignature | None) -> bool:
    """Whether the parent's record is inherited: nobody signed, or the parent itself, as it did before."""
    if verified is None:
        return True
    is_same = verified.keyid == parent.signature_key_id and parent.trust is Trust.VERIFIED_SIGNED
    return is_same and verified.binds_request


def _inherited(parent: Agent, anonymous: str, *, is_proved: bool) -> Agent:
    """The parent's record. Who hands over shows the parent's access token, which travels in URLs: what the
    parent proved with its key has to be proved again."""
    if is_proved or parent.trust not in (Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY):
        return replace(parent, source=Source.HANDOFF_AGENT)
    was_private = parent.memory_key.startswith("verified:")
    return replace(
        parent,
        source=Source.HANDOFF_AGENT,
        trust=Trust.SELF_REPORTED,
        verification_method=VerificationMethod.SELF_REPORTED,
        memory_key=anonymous if was_private else parent.memory_key,
    )


def _fingerprint(ip: str, user_agent: str | None, day: date, pepper: bytes) -> str:
    message = "\n".join((_network(ip), user_agent or "", day.isoformat()))
    return hmac.new(pepper, message.encode(), hashlib.sha256).hexdigest()[:_HASH_CHARS]


@lru_cache(maxsize=1024)
def _network(ip: str) -> str:
    try:
        address = ip_address(ip)
    except ValueError:  # a unix socket has none
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    prefix = _V4_PREFIX if address.version == 4 else _V6_PREFIX
    return str(ip_network((address, prefix), strict=False))


def _text(value: object, max_chars: int) -> str | None:
    """`value` as one clean line of at most `max_chars`; None for what is no text, or empty."""
    if not isinstance(value, str):
        return None
    clean = printable(value[: 8 * max_chars]).strip()
    return clean[:max_chars].rstrip() or None


def _key(value: object) -> str | None:
    """`value` as a key. One that is too long keeps its start and gets a hash: cut alone, two keys would be
    one."""
    clean = _text(value, 8 * MAX_KEY_CHARS)
    if clean is None or len(clean) <= MAX_KEY_CHARS:
        return clean
    digest = hashlib.sha256(str(value).encode(errors="replace")).hexdigest()[:_HASH_CHARS]
    return f"{clean[: MAX_KEY_CHARS - len(digest) - 1]}~{digest}"


def _first(
    found: Mapping[str, Any], names: tuple[str, ...], clean: Callable[[object], str | None]
) -> str | None:
    return next(filter(None, (clean(found.get(name)) for name in names)), None)


def _homepage(value: object) -> str | None:
    """An https URL of at most 300 characters without a user name; longer ones are dropped, not cut."""
    text = _text(value, MAX_LINE_CHARS + 1)
    if text is None or len(text) > MAX_LINE_CHARS or " " in text:
        return None
    try:
        parts = urlsplit(text)
        is_good = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return None
    return text if is_good else None


def _signature_agent(value: object) -> str | None:
    """The unproved Signature-Agent: the text in quotes if there is one, else all of it."""
    text = _text(value, MAX_LINE_CHARS)
    quoted = re.search(r'"([^"]+)"', text) if text else None
    return quoted.group(1) if quoted else text


def _host(origin: str) -> str:
    return origin.partition("://")[2] or origin


def _slug(text: str) -> str:
    """`text` in the letters a to z and digits, without accents; a hash stands for what those cannot say."""
    decomposed = unicodedata.normalize("NFKD", _host(text).rstrip("/")).casefold()
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    slug = _NOT_SLUG.sub("-", plain).strip("-")[:MAX_NAME_CHARS]
    if slug and plain.isascii():
        return slug
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_HASH_CHARS]
    return f"{slug}-{digest}" if slug else digest


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
