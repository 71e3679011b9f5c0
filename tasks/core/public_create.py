"""The body that creates a public task, read and bounded. Callers are strangers: agents, scripts, models.

Reading is generous about names and about fields nobody knows, and strict about types, sizes and what can be
stored: no text holds NUL, another control character or half a surrogate pair.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tasks.core.printable import printable
from tasks.core.public_errors import (
    InvalidRequest,
    InvalidTargetUrl,
    MissingInstruction,
    PromptTooLong,
    PublicShortcutNotFound,
)
from tasks.fetching.errors import InvalidUrl
from tasks.fetching.urls import parse
from workspace.core.field_types import https_link, json_object, newlines, several_lines
from workspace.core.fields import FieldError, field_errors, not_an_object
from workspace.core.hosts import WEB_SCHEMES, parse_host
from workspace.core.shortcuts import ShortcutId

PROMPT_MAX = 8_000
AGENT_KEY_MAX = 128
AGENT_LABEL_MAX = 120
AGENT_HOMEPAGE_MAX = 300
ENVELOPE_FIELDS = ("capabilityId", "args", "target", "identity", "execution", "accept", "policy")
"""Members of the richer invocation form: kept with the task as they are, acted upon by nobody yet."""
ENVELOPE_MEMBER_BYTES = 16 * 1024

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "url": ("url", "targetUrl"),
    "prompt": ("prompt", "goal", "instruction"),
    "shortcut": ("shortcut", "shortcutId"),
}
_AGENT_ALIASES: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "agentKey", "agentId"),
    "name": ("name", "displayName"),
}


def read_create(body: object) -> "CreateTask":
    """The checked form of a decoded JSON body.

    Of several names for one thing the first that is not empty counts. The target URL is judged first, then
    the prompt's length, then the types, then whether there is anything to do.

    Raises:
        InvalidTargetUrl: no URL, or none that is complete, http(s), and without a user name.
        PromptTooLong: over 8,000 characters without outer white space.
        PublicShortcutNotFound: the shortcut is a text that no shortcut can have as its id.
        MissingInstruction: neither prompt nor shortcut.
        InvalidRequest: anything else; each field is named.
    """
    if not isinstance(body, Mapping):
        raise _refused([not_an_object("")])
    try:
        return CreateTask.model_validate(body)
    except ValidationError as exc:
        raise _refused(field_errors(exc)) from None


def _label(value: Any) -> Any:
    """Text as one printable line of at most 120 characters; a label may be cut, it identifies nothing."""
    return printable(value).strip()[:AGENT_LABEL_MAX].rstrip() or None if isinstance(value, str) else value


def _key(value: Any) -> Any:
    """A key is cleaned but never cut: two long keys must not become one agent."""
    return printable(value).strip() or None if isinstance(value, str) else value


def _homepage(value: Any) -> Any:
    """A link that we would not show is left out; the task does not depend on it."""
    if not isinstance(value, str):
        return value
    text = printable(value).strip()
    try:
        return https_link(text) if len(text) <= AGENT_HOMEPAGE_MAX else None
    except PydanticCustomError:
        return None


Label = Annotated[str | None, BeforeValidator(_label)]


class AgentClaim(BaseModel):
    """What a caller says about itself. Nothing of it is proved; never render it as HTML.

    Control characters, escape sequences and bidirectional controls are gone. Labels are cut at 120
    characters, `homepage` is an https URL of at most 300 or None.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    key: Annotated[
        Annotated[str, StringConstraints(max_length=AGENT_KEY_MAX)] | None, BeforeValidator(_key)
    ] = None
    name: Label = None
    vendor: Label = None
    model: Label = None
    version: Label = None
    homepage: Annotated[str | None, BeforeValidator(_homepage)] = None

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, data: Any) -> Any:
        return {**data, **_folded(data, _AGENT_ALIASES)} if isinstance(data, Mapping) else data

    @property
    def is_empty(self) -> bool:
        """True when nothing usable was said."""
        return not any(self.model_dump().values())


def _target(value: Any) -> str:
    """The URL in the one spelling browsers give it, with its fragment."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidTargetUrl("`url` is required: the complete address of a page, with http:// or https://.")
    try:
        url = parse(value)
    except InvalidUrl as exc:
        raise InvalidTargetUrl(exc.message) from None
    if url.scheme not in WEB_SCHEMES or parse_host(url.href) is None:
        raise InvalidTargetUrl("`url` must be a complete http:// or https:// address.")
    if url.had_userinfo:
        raise InvalidTargetUrl("`url` must not hold a user name or a password.")
    return f"{url.href}#{url.fragment}" if url.fragment else url.href


def _prompt(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text: str = newlines(value).strip()
    if len(text) > PROMPT_MAX:
        raise PromptTooLong(
            f"The prompt has {len(text):,} characters; at most {PROMPT_MAX:,} are taken.",
            length=len(text),
            maximum=PROMPT_MAX,
        )
    return several_lines(text) or None


def _shortcut(value: Any) -> Any:
    """An id no shortcut can have is one nobody has; it must not reach a database."""
    if not isinstance(value, str):
        return value
    try:
        return _SHORTCUT_ID.validate_python(value.strip()) if value.strip() else None
    except ValidationError:
        raise PublicShortcutNotFound("This site has no shortcut with this id.") from None


def _bounded(value: Any) -> Any:
    """A copy of any JSON value that a database can store, at most 16 KiB and 32 levels deep."""
    return json_object({"": value}, max_bytes=ENVELOPE_MEMBER_BYTES)[""]


def _none_if_empty(agent: AgentClaim | None) -> AgentClaim | None:
    return None if agent is None or agent.is_empty else agent


_SHORTCUT_ID: TypeAdapter[str] = TypeAdapter(ShortcutId)
_STORED = "envelope"


class CreateTask(BaseModel):
    """A task as asked for. `url` is absolute http(s), with fragment, ASCII. With a `shortcut` the `prompt` is
    extra context. `envelope` holds the members of `ENVELOPE_FIELDS` that were sent."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    url: Annotated[str, BeforeValidator(_target)]
    prompt: Annotated[str | None, BeforeValidator(_prompt)]
    shortcut: Annotated[str | None, BeforeValidator(_shortcut)]
    agent: Annotated[AgentClaim | None, AfterValidator(_none_if_empty)]
    envelope: dict[str, Annotated[Any, AfterValidator(_bounded)]]

    @cached_property
    def host(self) -> str:
        """The target's host as sites are looked up: lower-case ASCII, no trailing dot."""
        return parse_host(self.url) or ""  # `_target` let no URL without a host pass

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, body: Mapping[str, Any]) -> dict[str, Any]:
        stored = {name: body[name] for name in ENVELOPE_FIELDS if body.get(name) is not None}
        return _folded(body, _ALIASES) | {"agent": _agent_of(body), _STORED: stored}

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.prompt is None and self.shortcut is None:
            raise MissingInstruction("Say what to do: `prompt`, or `shortcut` with the id of a shortcut.")
        return self


def _agent_of(body: Mapping[str, Any]) -> Any:
    """The agent object; a key beside it counts when it has none of its own."""
    agent = body.get("agent")
    key = _first(body, ("agentKey", "agentId"))
    if key is None or not (agent is None or isinstance(agent, Mapping)):
        return agent
    known = dict(agent or {})
    return known if _first(known, _AGENT_ALIASES["key"]) is not None else known | {"key": key}


def _folded(data: Mapping[str, Any], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Each field once, under its own name; None when no name for it holds anything."""
    return {field: _first(data, names) for field, names in aliases.items()}


def _first(data: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first value that is neither null nor blank text."""
    for name in names:
        value = data.get(name)
        if not (value is None or (isinstance(value, str) and not value.strip())):
            return value
    return None


def _refused(errors: Iterable[FieldError]) -> InvalidRequest:
    named = [replace(error, field=error.field.removeprefix(f"{_STORED}.")) for error in errors]
    fields = ", ".join(error.field or "the body" for error in named[:3])
    return InvalidRequest(f"Not valid: {fields}.", errors=[asdict(error) for error in named])
