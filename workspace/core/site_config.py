"""What a site tells the widget and agents: shortcuts, greeting, dictation, page capture, AI access.

Stored per site as camelCase JSON; the groups inside are sparse (what was not said is absent). Two readers
share one table of ranges: the API refuses what is outside of it, `sanitised_page_config` bends it into range
for values that were written by something else.
"""

import copy
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from workspace.core.field_types import Settings, json_object, refusal, single_line
from workspace.core.fields import (
    CUSTOM,
    UNKNOWN_FIELD,
    FieldError,
    InvalidFields,
    not_an_object,
    shown,
    validated,
)
from workspace.core.policy import policy_defaults
from workspace.core.shortcuts import validated_shortcuts

FREE_FORM_MAX_BYTES = 32 * 1024
AUTO_STOP_MS = 2_600
GREETING_DELAY_MS = 3_000
GREETING_DURATION_MS = 8_000
# A browser's timer holds a 32-bit number of milliseconds; what is longer fires at once.
TIMER_MAX_MS = 2**31 - 1
AUTO_PROMOTE_SECONDS = 45
AUTO_PROMOTE_MAX = 600
"""Seconds after which a task that no browser has taken runs in the cloud; 0 is never."""

BusinessType = Literal[
    "ecommerce",
    "travel",
    "saas",
    "finance",
    "healthcare",
    "real_estate",
    "restaurant",
    "education",
    "support",
    "legal",
    "automotive",
    "general",
]
BUSINESS_TYPES: tuple[str, ...] = get_args(BusinessType)
READ_ONLY = ("limits", "version")


class Range(NamedTuple):
    """Both ends belong to it."""

    low: int
    high: int


# Milliseconds, but for the two counts (retries, attempts).
PAGE_CAPTURE_RANGES: Mapping[str, Range] = {
    "totalBudgetMs": Range(1_500, TIMER_MAX_MS),
    "pageDataTimeoutMs": Range(500, TIMER_MAX_MS),
    "pdfTextSelectionTimeoutMs": Range(150, TIMER_MAX_MS),
    "adaptiveSettleDebounceMs": Range(20, 500),
    "adaptiveSettleMaxWaitMs": Range(120, 5_000),
    "adaptiveSettleRetries": Range(0, 6),
    "sparseTreeRetryDelayMs": Range(40, 1_000),
    "sparseTreeRetryMaxAttempts": Range(0, 4),
}
PAGE_CAPTURE_SWITCHES = ("disableAutoScroll", "onlyTextContent")
# What the embed script does where a site says nothing.
PAGE_CAPTURE_DEFAULTS: Mapping[str, bool | int] = {
    "disableAutoScroll": True,
    "onlyTextContent": False,
    "totalBudgetMs": 25_000,
    "pageDataTimeoutMs": 22_000,
    "pdfTextSelectionTimeoutMs": 12_000,
    "adaptiveSettleDebounceMs": 24,
    "adaptiveSettleMaxWaitMs": 220,
    "adaptiveSettleRetries": 0,
    "sparseTreeRetryDelayMs": 35,
    "sparseTreeRetryMaxAttempts": 1,
}
_LANGUAGE = re.compile(r"[A-Za-z0-9-]+")


def _in_range(name: str) -> Any:
    """An optional field with the range of PAGE_CAPTURE_RANGES."""
    low, high = PAGE_CAPTURE_RANGES[name]
    return Field(default=None, ge=low, le=high)


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise refusal("not_allowed", "Must be a language tag such as en-US: letters, digits and hyphens.")
    return text


GreetingText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=240),
    AfterValidator(single_line),
]
Language = Annotated[str, StringConstraints(min_length=1, max_length=48), AfterValidator(_language)]


class Greeting(Settings):
    """The bubble that greets a visitor once per tab session; `{name}` in `text` is the assistant's name.

    `delay` (0 to 60,000 ms, 3,000 where unset) before it shows, `duration` (1,200 to 60,000 ms, 8,000) until
    it leaves.
    """

    text: GreetingText | None = None
    delay: int | None = Field(default=None, ge=0, le=60_000)
    duration: int | None = Field(default=None, ge=1_200, le=60_000)
    disabled: bool | None = None


class Voice(Settings):
    """Dictation; `autoStopMs` (800 to 5,000) is the silence after speech that ends it."""

    enabled: bool | None = None
    language: Language | None = None
    auto_stop_ms: int | None = Field(default=None, ge=800, le=5_000)


class PageCapture(Settings):
    """Overrides of how a page is read; ranges in PAGE_CAPTURE_RANGES, defaults in PAGE_CAPTURE_DEFAULTS."""

    disable_auto_scroll: bool | None = None
    only_text_content: bool | None = None
    total_budget_ms: int | None = _in_range("totalBudgetMs")
    page_data_timeout_ms: int | None = _in_range("pageDataTimeoutMs")
    pdf_text_selection_timeout_ms: int | None = _in_range("pdfTextSelectionTimeoutMs")
    adaptive_settle_debounce_ms: int | None = _in_range("adaptiveSettleDebounceMs")
    adaptive_settle_max_wait_ms: int | None = _in_range("adaptiveSettleMaxWaitMs")
    adaptive_settle_retries: int | None = _in_range("adaptiveSettleRetries")
    sparse_tree_retry_delay_ms: int | None = _in_range("sparseTreeRetryDelayMs")
    sparse_tree_retry_max_attempts: int | None = _in_range("sparseTreeRetryMaxAttempts")


class AiAccess(Settings):
    """What agents may start from outside; `ai_access_effective` says what follows from it.

    `allowPromptLaunch` and `allowShortcutLaunch` are older than `enabled` and narrow it.
    """

    enabled: bool | None = None
    allow_prompt_launch: bool | None = None
    allow_shortcut_launch: bool | None = None
    allow_cloud_browser: bool | None = None
    allow_delegated_handoffs: bool | None = None
    debug_streaming: bool | None = None
    auto_promote_seconds: Annotated[int, Field(ge=0, le=AUTO_PROMOTE_MAX)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AiAccessEffective:
    """AI access as it is in force; nothing here needs a second look at `enabled`.

    `enabled`: tasks and discovery; `prompt_launch`, `shortcut_launch`: links that start a prompt or a
    shortcut; `cloud_browser`: tasks may run without a visitor's browser; `delegated_handoffs`: other sites
    may hand tasks over; `debug_streaming`: task events carry full arguments and results;
    `auto_promote_seconds`: how long a task waits for a browser before it runs in the cloud, 0 is for ever.
    """

    enabled: bool
    prompt_launch: bool
    shortcut_launch: bool
    cloud_browser: bool
    delegated_handoffs: bool
    debug_streaming: bool
    auto_promote_seconds: int


def empty_site_config() -> dict[str, Any]:
    """The configuration of a new site."""
    return {
        "shortcuts": [],
        "greeting": None,
        "voice": None,
        "pageConfig": None,
        "aiAccess": {},
        "businessType": "general",
        "experience": {},
        "agentDiscovery": {},
    }


def patched_site_config(
    current: Mapping[str, Any], patch: object, *, max_stored: int, prefix: str = "siteConfig"
) -> dict[str, Any]:
    """`current` with each key of `patch` replaced: the full configuration.

    A key that is present replaces what was there, the list of shortcuts as a whole; null clears greeting,
    voice and pageConfig; an absent key stays. Inside the groups null is the same as absent. `limits` and
    `version` are computed and refused as `read_only`. `experience` and `agentDiscovery` are for now any JSON
    object of at most 32 KiB. `max_stored` is the policy's `shortcutMaxStored`. Raises InvalidFields with
    every error.
    """
    if not isinstance(patch, Mapping):
        raise InvalidFields([not_an_object(prefix)])
    known = empty_site_config()
    config = known | copy.deepcopy({key: value for key, value in current.items() if key in known})
    errors: list[FieldError] = []
    for key, value in patch.items():
        try:
            config[key] = _read(key, value, path=f"{prefix}.{shown(key)}", max_stored=max_stored)
        except InvalidFields as exc:
            errors.extend(exc.errors)
    if errors:
        raise InvalidFields(errors)
    return config


def sanitised_page_config(value: object) -> dict[str, Any] | None:
    """The lenient reading of page-capture overrides: known keys alone, fractions cut off, numbers bent into
    their range; what is no finite number or no boolean is dropped. None when nothing is left."""
    if not isinstance(value, Mapping):
        return None
    clean: dict[str, Any] = {
        key: value[key] for key in PAGE_CAPTURE_SWITCHES if isinstance(value.get(key), bool)
    }
    for key, (low, high) in PAGE_CAPTURE_RANGES.items():
        number = value.get(key)
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if isinstance(number, int) or math.isfinite(number):
            clean[key] = min(max(int(number), low), high)
    return clean or None


def ai_access_effective(ai_access: Mapping[str, Any]) -> AiAccessEffective:
    """What `aiAccess` allows. Only true turns something on, only false turns a default off.

    Unset `enabled` is off. Launch links: where `enabled` is true or false, they follow it unless their own
    field is false; where it is unset, their own field must be true. Cloud runs are allowed unless
    `allowCloudBrowser` is false, handoffs and debug streaming only when theirs is true; all three need
    `enabled`, because without it there are no tasks.
    """
    enabled = ai_access.get("enabled") is True
    return AiAccessEffective(
        enabled=enabled,
        prompt_launch=_launch(ai_access, "allowPromptLaunch"),
        shortcut_launch=_launch(ai_access, "allowShortcutLaunch"),
        cloud_browser=enabled and ai_access.get("allowCloudBrowser") is not False,
        delegated_handoffs=enabled and ai_access.get("allowDelegatedHandoffs") is True,
        debug_streaming=enabled and ai_access.get("debugStreaming") is True,
        auto_promote_seconds=_seconds(ai_access.get("autoPromoteSeconds")),
    )


def public_site_config(
    config: Mapping[str, Any], policy: Mapping[str, Any], version: int | str
) -> dict[str, Any]:
    """The configuration as readers get it: full, with `limits` from the policy and the `version` they cache
    by."""
    limits = policy_defaults() | dict(policy)
    return {
        **empty_site_config(),
        **copy.deepcopy(dict(config)),
        "limits": {name: limits[name] for name in ("shortcutMaxStored", "shortcutMaxRendered")},
        "version": version,
    }


def _seconds(value: object) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return min(max(int(value), 0), AUTO_PROMOTE_MAX) if is_number else AUTO_PROMOTE_SECONDS  # type: ignore[call-overload]


def _launch(ai_access: Mapping[str, Any], own_field: str) -> bool:
    enabled, own = ai_access.get("enabled"), ai_access.get(own_field)
    return enabled and own is not False if isinstance(enabled, bool) else own is True


def _read(key: object, value: object, *, path: str, max_stored: int) -> Any:
    if key in READ_ONLY:
        raise InvalidFields([FieldError(path, "Is computed by the server and cannot be set.", "read_only")])
    if key == "shortcuts":
        return validated_shortcuts(value, max_stored=max_stored, prefix=path)
    reader = _READERS.get(key) if isinstance(key, str) else None
    if reader is None:
        raise InvalidFields([FieldError(path, "There is no field with this name.", UNKNOWN_FIELD)])
    return reader(value, path)


def _greeting(value: object, path: str) -> dict[str, Any] | None:
    return None if value is None else validated(Greeting, value, prefix=path).sparse()


def _voice(value: object, path: str) -> dict[str, Any] | None:
    if value is None:
        return None
    voice = validated(Voice, value, prefix=path)
    materialised = {"autoStopMs": AUTO_STOP_MS} if voice.enabled and voice.auto_stop_ms is None else {}
    return voice.sparse() | materialised


def _page_config(value: object, path: str) -> dict[str, Any] | None:
    """An empty object says as much as null, and is stored as that."""
    return None if value is None else validated(PageCapture, value, prefix=path).sparse() or None


def _ai_access(value: object, path: str) -> dict[str, Any]:
    return validated(AiAccess, value, prefix=path).sparse()


def _business_type(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise InvalidFields([FieldError(path, "Must be text.", "wrong_type")])
    if value not in BUSINESS_TYPES:
        raise InvalidFields([FieldError(path, f"Must be one of {', '.join(BUSINESS_TYPES)}.", "not_allowed")])
    return value


def _free_form(value: object, path: str) -> dict[str, Any]:
    try:
        return json_object(value, max_bytes=FREE_FORM_MAX_BYTES)
    except PydanticCustomError as exc:
        raise InvalidFields([FieldError(path, exc.message(), exc.type.removeprefix(CUSTOM))]) from None


_READERS: Mapping[str, Callable[[object, str], Any]] = {
    "greeting": _greeting,
    "voice": _voice,
    "pageConfig": _page_config,
    "aiAccess": _ai_access,
    "businessType": _business_type,
    "experience": _free_form,
    "agentDiscovery": _free_form,
}
