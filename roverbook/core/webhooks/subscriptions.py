"""What owners may set of a webhook, as the management API and the pages send it.

The list that is sent replaces the one there was; an item with an `id` is the webhook of that id, and what the
item does not have stays. What was read masked and comes back masked stays, too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.signing import PREFIX, key_of
from tasks.fetching.errors import FetchError
from tasks.fetching.screening import Level, Rejected, SsrfPolicy, screen_url
from tasks.fetching.urls import MASK, mask_secrets, parse
from workspace.core.field_types import URL_MAX, Settings, refusal, single_line
from workspace.core.fields import FieldError, InvalidFields, validated

ENDPOINTS_MAX = 10
EVERY_EVENT = "*"
DESCRIPTION_MAX = 200
HEADERS_MAX = 10
HEADER_VALUE_MAX = 1_000
SECRET_CHARS = range(16, 201)
_Checked = TypeVar("_Checked")
VEIL = "••••"
"""Stands for what is not shown."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OURS = re.compile(
    r"(webhook-.*|x-roverbook-.*|host|content-.*|connection|transfer-encoding|te|trailer|upgrade|expect"
    r"|keep-alive|proxy-.*|accept-encoding|user-agent|date)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A webhook that there is: its address as shown, and the names of its headers."""

    url: str
    headers: frozenset[str] = frozenset()


class SecretChange(Enum):
    """What becomes of a webhook's secret."""

    KEEP = auto()
    REPLACE = auto()
    REMOVE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One item, checked. None means as it is, of a new webhook as by default. `headers`: a value of None
    stays as it is stored. `url`: whole, to be sealed where `masked_url` changes it."""

    id: str | None = None
    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    active: bool | None = None
    headers: Mapping[str, str | None] | None = None
    secret: SecretChange = SecretChange.KEEP
    new_secret: str = field(default="", repr=False)


def _known_event(name: str) -> str:
    if name != EVERY_EVENT and name not in set(Happening):
        raise refusal("not_allowed", "Must be the name of an event that RoverBook tells, or *.")
    return name


def _distinct(names: list[str]) -> list[str]:
    if not names:
        raise refusal("required", "Must name at least one event, or * for all.")
    if len(set(names)) < len(names):
        raise refusal("duplicate", "Must not name an event twice.")
    return names


Events = Annotated[
    list[Annotated[str, AfterValidator(_known_event)]],
    Field(max_length=len(Happening) + 1),
    AfterValidator(_distinct),
]
Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=DESCRIPTION_MAX),
    AfterValidator(single_line),
]
_Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=URL_MAX)]


class WebhookItem(Settings):
    """A webhook as it is sent and read. What is only read is ignored when it comes back."""

    id: str | None = Field(None, max_length=40, description="Which webhook; a new one has none yet.")
    url: _Url | None = Field(
        None, description="Where events are posted: an https address; a user's name and password are masked."
    )
    events: Events | None = Field(None, description="Names of events, or `*` for all; without it `*`.")
    secret: str | None = Field(
        None,
        max_length=SECRET_CHARS[-1],
        description="Signs what is sent. Missing or masked: stays; null: none. A new webhook without one "
        "gets one, which the answer shows this once.",
    )
    active: bool | None = Field(None, description="Whether events are sent; without it true.")
    description: Description | None = Field(None, description="For people.")
    headers: dict[str, str] | None = Field(
        None, max_length=HEADERS_MAX, description="Sent along; values are masked when read."
    )
    has_secret: Any = Field(None, description="Whether there is a secret; only read.")
    last_status: Any = Field(None, description="Status of the last answer, null without one; only read.")
    last_attempt_at: Any = Field(None, description="When the last attempt was, ms since 1970; only read.")
    failure_count: Any = Field(None, description="Attempts that failed in a row; only read.")
    disabled_reason: Any = Field(
        None, description="`gone` or `failing` where Rover switched it off; only read."
    )
    created_at: Any = Field(None, description="When it was made, ms since 1970; only read.")


def wanted_webhooks(value: object, *, known: Mapping[str, Known], policy: SsrfPolicy) -> list[Wanted]:
    """The items of a list, checked. `known`: the site's webhooks by id; `policy`: what this server may reach.

    Raises:
        InvalidFields: with every field that is wrong, as `webhooks[n].name`.
    """
    if not isinstance(value, list):
        raise InvalidFields([FieldError("webhooks", "Must be a list.", "wrong_type")])
    if len(value) > ENDPOINTS_MAX:
        too_many = f"Must have at most {ENDPOINTS_MAX} entries."
        raise InvalidFields([FieldError("webhooks", too_many, "too_long")])
    errors: list[FieldError] = []
    items: list[Wanted] = []
    for n, item in enumerate(value):
        try:
            items.append(wanted_webhook(item, known=known, policy=policy, prefix=f"webhooks[{n}]"))
        except InvalidFields as invalid:
            errors.extend(invalid.errors)
    errors.extend(_twice(items))
    if errors:
        raise InvalidFields(errors)
    return items


def wanted_webhook(value: object, *, known: Mapping[str, Known], policy: SsrfPolicy, prefix: str) -> Wanted:
    """One item, checked.

    Raises:
        InvalidFields: with every field that is wrong.
    """
    item = validated(WebhookItem, value, prefix=prefix)
    before = None if item.id is None else known.get(item.id)
    checks = _Checks(prefix)
    if item.id is not None and before is None:
        unknown = "This site has no webhook of this id; leave the id out to make one."
        raise InvalidFields([FieldError(f"{prefix}.id".lstrip("."), unknown, "not_allowed")])
    url = checks.run("url", lambda: _url(item.url, before, policy))
    headers = checks.run("headers", lambda: _headers(item.headers, before))
    is_null = isinstance(value, Mapping) and "secret" in value and value["secret"] is None
    secret = checks.run("secret", lambda: _secret(item.secret, is_null=is_null, is_new=item.id is None))
    checks.done()
    change, new_secret = secret or (SecretChange.KEEP, "")
    return Wanted(
        id=item.id,
        url=url,
        events=None if item.events is None else tuple(item.events),
        description=item.description,
        active=item.active,
        headers=headers,
        secret=change,
        new_secret=new_secret,
    )


def shown_secret(hint: str, *, has_secret: bool) -> str | None:
    """The secret as it is read: four bullets and its last characters; None without one."""
    return f"{VEIL}{hint}" if has_secret else None


class _Checks:
    """Runs checks and keeps what they refuse."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._errors: list[FieldError] = []

    def run(self, name: str, check: Callable[[], _Checked]) -> _Checked | None:
        """What the check gives; None when it refuses."""
        try:
            return check()
        except PydanticCustomError as refused:
            code = refused.type.removeprefix("rover_")
            self._errors.append(FieldError(f"{self._prefix}.{name}".lstrip("."), refused.message(), code))
            return None

    def done(self) -> None:
        """Raises: InvalidFields."""
        if self._errors:
            raise InvalidFields(self._errors)


def _url(text: str | None, before: Known | None, policy: SsrfPolicy) -> str | None:
    if text is None:
        if before is None:
            raise refusal("required", "This field is required.")
        return None
    if before is not None and text == before.url:
        return None
    single_line(text)
    try:
        url = parse(text)
    except FetchError:
        raise refusal("not_allowed", "Must be a complete https:// address.") from None
    if f"{MASK}@" in text or f"={MASK}" in text:
        raise refusal("not_allowed", "A masked address cannot be stored; give the whole one.")
    if url.scheme != "https" and not _is_for_development(url.scheme, text, policy):
        raise refusal("not_allowed", "Must be a complete https:// address.")
    verdict = screen_url(policy, url, 1)
    if isinstance(verdict, Rejected):
        raise refusal("not_allowed", f"This server may not send there: {verdict.reason}.")
    return text.partition("#")[0]


def _is_for_development(scheme: str, text: str, policy: SsrfPolicy) -> bool:
    """Whether it is plain http to this machine, on a server that may reach it."""
    if scheme != "http" or not policy.level.includes(Level.LOOPBACK):
        return False
    verdict = screen_url(SsrfPolicy(), parse(text), 1)
    return isinstance(verdict, Rejected) and verdict.reason == "loopback"


def _headers(given: Mapping[str, str] | None, before: Known | None) -> dict[str, str | None] | None:
    if given is None:
        return None
    if len({name.lower() for name in given}) < len(given):
        raise refusal("duplicate", "Must not name a header twice.")
    return {name: _header(name, value, before) for name, value in given.items()}


def _header(name: str, value: str, before: Known | None) -> str | None:
    if not _TOKEN.fullmatch(name) or _OURS.fullmatch(name):
        raise refusal(
            "not_allowed", "Must not name a header that is no HTTP name, or that Rover sets itself."
        )
    if value == VEIL:
        if before is None or name not in before.headers:
            raise refusal("not_allowed", "A masked value cannot be stored; give the whole one.")
        return None
    if len(value) > HEADER_VALUE_MAX or not _FIELD_VALUE.fullmatch(value):
        raise refusal("not_allowed", f"Values must be 1 to {HEADER_VALUE_MAX} visible ASCII characters.")
    return value


def _secret(text: str | None, *, is_null: bool, is_new: bool) -> tuple[SecretChange, str]:
    if is_null:
        return SecretChange.REMOVE, ""
    if text is None:
        return SecretChange.KEEP, ""
    if text.startswith(VEIL):
        if is_new:
            raise refusal("not_allowed", "A masked secret cannot be stored; leave it out to get one made.")
        return SecretChange.KEEP, ""
    if text.startswith(PREFIX) and key_of(text) is None:
        raise refusal("not_allowed", "After whsec_ there must be the base64 of 24 to 64 bytes.")
    if len(text) not in SECRET_CHARS or not _FIELD_VALUE.fullmatch(text):
        raise refusal("not_allowed", "Must be 16 to 200 visible ASCII characters, best whsec_ and base64.")
    return SecretChange.REPLACE, text


def _twice(items: Sequence[Wanted]) -> list[FieldError]:
    ids = [item.id for item in items if item.id is not None]
    if len(set(ids)) == len(ids):
        return []
    return [FieldError("webhooks", "Must not name a webhook twice.", "duplicate")]


def masked_url(text: str) -> str:
    """The address as people may see it."""
    return mask_secrets(text)
