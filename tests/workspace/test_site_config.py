"""A site's configuration: groups and their limits, the lenient reader of page capture, AI access in force."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.settings_support import any_text, json_objects_about, json_values, only_refusal, refused
from workspace.core.fields import InvalidFields
from workspace.core.policy import policy_defaults
from workspace.core.site_config import (
    BUSINESS_TYPES,
    PAGE_CAPTURE_DEFAULTS,
    PAGE_CAPTURE_RANGES,
    PAGE_CAPTURE_SWITCHES,
    PageCapture,
    ai_access_effective,
    empty_site_config,
    patched_site_config,
    public_site_config,
    sanitised_page_config,
)

EMPTY: dict[str, Any] = {
    "shortcuts": [],
    "greeting": None,
    "voice": None,
    "pageConfig": None,
    "aiAccess": {},
    "businessType": "general",
    "experience": {},
    "agentDiscovery": {},
}
SHORTCUT = {"id": "a", "label": "A", "prompt": "Do a.", "enabled": True}
FILLED: dict[str, Any] = {
    "shortcuts": [SHORTCUT],
    "greeting": {"text": "Hi, I am {name}", "delay": 0},
    "voice": {"enabled": True, "language": "de-CH", "autoStopMs": 800},
    "pageConfig": {"onlyTextContent": True},
    "aiAccess": {"enabled": True},
    "businessType": "travel",
    "experience": {"theme": {"mode": "dark"}},
    "agentDiscovery": {"enabled": False},
}
NUMBERS = {
    ("greeting", "delay"): (0, 60_000),
    ("greeting", "duration"): (1_200, 60_000),
    ("voice", "autoStopMs"): (800, 5_000),
    ("pageConfig", "totalBudgetMs"): (1_500, 2**31 - 1),
    ("pageConfig", "pageDataTimeoutMs"): (500, 2**31 - 1),
    ("pageConfig", "pdfTextSelectionTimeoutMs"): (150, 2**31 - 1),
    ("pageConfig", "adaptiveSettleDebounceMs"): (20, 500),
    ("pageConfig", "adaptiveSettleMaxWaitMs"): (120, 5_000),
    ("pageConfig", "adaptiveSettleRetries"): (0, 6),
    ("pageConfig", "sparseTreeRetryDelayMs"): (40, 1_000),
    ("pageConfig", "sparseTreeRetryMaxAttempts"): (0, 4),
}
AI_SWITCHES = [
    "enabled",
    "allowPromptLaunch",
    "allowShortcutLaunch",
    "allowCloudBrowser",
    "allowDelegatedHandoffs",
    "debugStreaming",
]
SWITCHES = [
    ("greeting", "disabled"),
    ("voice", "enabled"),
    ("pageConfig", "disableAutoScroll"),
    ("pageConfig", "onlyTextContent"),
    *[("aiAccess", name) for name in AI_SWITCHES],
]
OBJECTS = ["greeting", "voice", "pageConfig", "aiAccess", "experience", "agentDiscovery"]
FREE_FORM = ["experience", "agentDiscovery"]
OVERSIZED = {
    "disableAutoScroll": True,
    "onlyTextContent": False,
    "totalBudgetMs": 25,
    "pageDataTimeoutMs": 20,
    "pdfTextSelectionTimeoutMs": 100,
    "adaptiveSettleDebounceMs": 900,
    "adaptiveSettleMaxWaitMs": 10,
    "adaptiveSettleRetries": 99,
    "sparseTreeRetryDelayMs": 1,
    "sparseTreeRetryMaxAttempts": 99,
    "maxParallelTabs": 12,
}


def patch(**changes: Any) -> dict[str, Any]:
    return patched_site_config(EMPTY, changes, max_stored=100)


def refusal(**changes: Any) -> tuple[str, str]:
    field, code = only_refusal(lambda: patch(**changes))
    return field.removeprefix("siteConfig."), code


def test_a_new_site_has_nothing_set() -> None:
    assert empty_site_config() == EMPTY


def test_two_sites_do_not_share_their_lists() -> None:
    empty_site_config()["shortcuts"].append(SHORTCUT)

    assert empty_site_config()["shortcuts"] == []


@pytest.mark.parametrize("name", FILLED)
def test_a_key_that_is_present_replaces_and_the_others_stay(name: str) -> None:
    assert patch(**{name: FILLED[name]}) == EMPTY | {name: FILLED[name]}


def test_shortcuts_are_replaced_as_a_whole() -> None:
    other = SHORTCUT | {"id": "b"}

    assert patched_site_config(FILLED, {"shortcuts": [other]}, max_stored=1)["shortcuts"] == [other]


def test_a_group_is_replaced_as_a_whole() -> None:
    assert patched_site_config(FILLED, {"greeting": {"delay": 5}}, max_stored=1)["greeting"] == {"delay": 5}


@pytest.mark.parametrize("name", ["greeting", "voice", "pageConfig"])
def test_null_clears(name: str) -> None:
    assert patched_site_config(FILLED, {name: None}, max_stored=1) == FILLED | {name: None}


@pytest.mark.parametrize("name", ["shortcuts", "aiAccess", "businessType", "experience", "agentDiscovery"])
def test_null_clears_nothing_else(name: str) -> None:
    assert refusal(**{name: None}) == (name, "wrong_type")


def test_an_absent_key_is_not_checked_again() -> None:
    many = EMPTY | {"shortcuts": [SHORTCUT | {"id": f"s{n}"} for n in range(5)]}

    assert patched_site_config(many, {"businessType": "legal"}, max_stored=2) == many | {
        "businessType": "legal"
    }


def test_a_sparse_configuration_is_filled() -> None:
    assert patched_site_config({"businessType": "legal", "oldKey": 1}, {}, max_stored=1) == EMPTY | {
        "businessType": "legal"
    }


def test_a_patch_does_not_touch_the_configuration_it_is_given() -> None:
    before = copy.deepcopy(FILLED)

    patched_site_config(before, {"voice": None}, max_stored=1)["shortcuts"][0]["label"] = "Changed"

    assert before == FILLED


@pytest.mark.parametrize("name", ["limits", "version"])
@pytest.mark.parametrize("value", [None, {}, 7])
def test_what_the_server_computes_cannot_be_set(name: str, value: object) -> None:
    (error,) = refused(lambda: patch(**{name: value}))

    assert (error.field, error.code) == (f"siteConfig.{name}", "read_only")
    assert error.message == "Is computed by the server and cannot be set."


@pytest.mark.parametrize("name", ["page_config", "Greeting", "bogus", "", "\ud800"])
@pytest.mark.parametrize("value", [None, {}])
def test_an_unknown_key_is_refused_whatever_its_value(name: str, value: object) -> None:
    assert refusal(**{name: value})[1] == "unknown_field"


@pytest.mark.parametrize("group", ["greeting", "voice", "pageConfig", "aiAccess"])
@pytest.mark.parametrize("value", [None, 1])
def test_an_unknown_field_of_a_group_is_refused_whatever_its_value(group: str, value: object) -> None:
    assert refusal(**{group: {"bogus": value}}) == (f"{group}.bogus", "unknown_field")


@pytest.mark.parametrize("value", [None, [], "greeting", 7])
def test_a_patch_is_an_object(value: object) -> None:
    call = lambda: patched_site_config(EMPTY, value, max_stored=1)  # noqa: E731

    assert only_refusal(call) == ("siteConfig", "wrong_type")


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("value", [[], "x", 7, True])
def test_a_group_is_an_object(name: str, value: object) -> None:
    assert refusal(**{name: value}) == (name, "wrong_type")


def test_every_wrong_field_of_every_group_is_named_at_once() -> None:
    errors = refused(
        lambda: patch(
            shortcuts=[{}],
            greeting={"delay": -1},
            voice={"language": "x y"},
            businessType="zoo",
            limits={},
            bogus=1,
        )
    )

    assert {(error.field.removeprefix("siteConfig."), error.code) for error in errors} == {
        ("shortcuts[0].id", "required"),
        ("shortcuts[0].label", "required"),
        ("shortcuts[0].prompt", "required"),
        ("greeting.delay", "out_of_range"),
        ("voice.language", "not_allowed"),
        ("businessType", "not_allowed"),
        ("limits", "read_only"),
        ("bogus", "unknown_field"),
    }


@pytest.mark.parametrize(("place", "value"), [(place, v) for place, ends in NUMBERS.items() for v in ends])
def test_a_number_may_be_at_either_end_of_its_range(place: tuple[str, str], value: int) -> None:
    group, name = place

    assert patch(**{group: {name: value}})[group] == {name: value}


@pytest.mark.parametrize(
    ("place", "value"), [(place, v) for place, (low, high) in NUMBERS.items() for v in (low - 1, high + 1)]
)
def test_a_number_beyond_its_range_is_refused_not_bent(place: tuple[str, str], value: int) -> None:
    group, name = place

    assert refusal(**{group: {name: value}}) == (f"{group}.{name}", "out_of_range")


@pytest.mark.parametrize("place", NUMBERS, ids=".".join)
@pytest.mark.parametrize("value", ["2000", 2_000.0, 2_000.5, float("inf"), True, [2_000]])
def test_a_number_takes_only_whole_numbers(place: tuple[str, str], value: object) -> None:
    group, name = place

    assert refusal(**{group: {name: value}}) == (f"{group}.{name}", "wrong_type")


@pytest.mark.parametrize("place", SWITCHES, ids=".".join)
@pytest.mark.parametrize("value", ["true", 0, 1.0, []])
def test_a_switch_takes_only_true_and_false(place: tuple[str, str], value: object) -> None:
    group, name = place

    assert refusal(**{group: {name: value}}) == (f"{group}.{name}", "wrong_type")


@pytest.mark.parametrize(
    "place", [*SWITCHES, *NUMBERS, ("greeting", "text"), ("voice", "language")], ids=".".join
)
def test_null_inside_a_group_is_the_same_as_absent(place: tuple[str, str]) -> None:
    group, name = place

    assert not patch(**{group: {name: None}})[group]


def test_a_greeting_may_have_240_characters() -> None:
    assert patch(greeting={"text": "ü" * 240})["greeting"] == {"text": "ü" * 240}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 241, "too_long"),
        ("", "required"),
        ("a\0", "not_allowed"),
        ("a\nb", "not_allowed"),
        (7, "wrong_type"),
    ],
)
def test_a_greeting_that_cannot_be_shown_is_refused(text: object, code: str) -> None:
    assert refusal(greeting={"text": text}) == ("greeting.text", code)


@pytest.mark.parametrize("language", ["en", "en-US", "zh-Hant-TW", "x" * 48])
def test_a_language_is_a_tag(language: str) -> None:
    assert patch(voice={"language": language})["voice"] == {"language": language}


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("x" * 49, "too_long"),
        ("", "required"),
        ("en_US", "not_allowed"),
        ("en US", "not_allowed"),
        ("en\n", "not_allowed"),
        ("dé", "not_allowed"),
        (7, "wrong_type"),
    ],
)
def test_a_language_is_nothing_else(language: object, code: str) -> None:
    assert refusal(voice={"language": language}) == ("voice.language", code)


@pytest.mark.parametrize(
    ("voice", "stored"),
    [
        ({"enabled": True}, {"enabled": True, "autoStopMs": 2_600}),
        ({"enabled": True, "autoStopMs": None}, {"enabled": True, "autoStopMs": 2_600}),
        ({"enabled": True, "autoStopMs": 900}, {"enabled": True, "autoStopMs": 900}),
        ({"enabled": False}, {"enabled": False}),
        ({}, {}),
    ],
)
def test_dictation_that_is_on_has_a_silence_that_ends_it(
    voice: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert patch(voice=voice)["voice"] == stored


def test_page_capture_that_overrides_nothing_is_none() -> None:
    assert patch(pageConfig={})["pageConfig"] is None


def test_what_an_owner_did_not_set_is_not_stored() -> None:
    assert patch(aiAccess={"enabled": False})["aiAccess"] == {"enabled": False}


@pytest.mark.parametrize(
    "name",
    [
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
    ],
)
def test_a_kind_of_business_is_one_of_twelve(name: str) -> None:
    assert patch(businessType=name)["businessType"] == name
    assert len(BUSINESS_TYPES) == 12


@pytest.mark.parametrize(
    ("value", "code"),
    [("", "not_allowed"), ("Travel", "not_allowed"), (7, "wrong_type"), (["travel"], "wrong_type")],
)
def test_a_kind_of_business_is_no_other(value: object, code: str) -> None:
    assert refusal(businessType=value) == ("businessType", code)


def free_form_of(size: int) -> dict[str, str]:
    """An object that is `size` bytes of compact JSON, in characters of two bytes where it can be."""
    text, odd = divmod(size - len('{"a":""}'), 2)
    return {"a": "ü" * text + "x" * odd}


@pytest.mark.parametrize("name", FREE_FORM)
def test_a_free_form_object_may_be_32_kib(name: str) -> None:
    assert patch(**{name: free_form_of(32 * 1024)})[name]


@pytest.mark.parametrize("name", FREE_FORM)
def test_a_free_form_object_may_not_be_larger(name: str) -> None:
    (error,) = refused(lambda: patch(**{name: free_form_of(32 * 1024 + 1)}))

    assert (error.field, error.code, error.message) == (
        f"siteConfig.{name}",
        "too_long",
        "Must be at most 32 KiB of JSON.",
    )


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("name", FREE_FORM)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": "b\0"}, "not_allowed"),
        ({"a\0": 1}, "not_allowed"),
        ({"a": ["\ud800"]}, "not_allowed"),
        ({"a": float("nan")}, "out_of_range"),
        ({"a": float("-inf")}, "out_of_range"),
        ({"a": 2**53}, "out_of_range"),
        ({"a": 10**5_000}, "out_of_range"),
        (deep(33), "not_allowed"),
        (deep(20_000), "not_allowed"),
        ({"a": {1, 2}}, "wrong_type"),
        ({1: "a"}, "wrong_type"),
    ],
    ids=[
        "nul",
        "nul-key",
        "surrogate",
        "nan",
        "inf",
        "2^53",
        "huge",
        "deep",
        "very-deep",
        "set",
        "number-key",
    ],
)
def test_what_no_database_or_browser_can_hold_is_refused(name: str, value: object, code: str) -> None:
    assert refusal(**{name: value}) == (name, code)


def test_a_free_form_object_may_hold_any_other_json() -> None:
    value = {"a": [1, -1.5, None, True, "line\none\ttwo", {"ключ": "值"}, 2**53 - 1], "b": deep(31)}

    assert patch(experience=value)["experience"] == value


@given(
    json_objects_about([*FILLED, "limits"])
    | st.fixed_dictionaries({}, optional=dict.fromkeys(FILLED, json_values))
)
def test_any_patch_is_refused_or_gives_a_configuration_that_can_be_stored_again(
    value: dict[str, Any],
) -> None:
    try:
        config = patched_site_config(EMPTY, value, max_stored=3)
    except InvalidFields as refusal_:
        assert all(error.field.startswith("siteConfig") for error in refusal_.errors)
        str(refusal_.data).encode()
    else:
        assert patched_site_config(EMPTY, config, max_stored=3) == config


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "greeting": json_objects_about(["text", "delay", "duration", "disabled"]),
            "voice": json_objects_about(["enabled", "language", "autoStopMs"]),
            "pageConfig": json_objects_about([*PAGE_CAPTURE_DEFAULTS]),
            "aiAccess": json_objects_about(AI_SWITCHES),
        },
    )
)
def test_any_group_is_refused_or_can_be_stored_again(value: dict[str, Any]) -> None:
    try:
        config = patched_site_config(FILLED, value, max_stored=3)
    except InvalidFields:
        return

    assert patched_site_config(EMPTY, config, max_stored=3) == config


def test_an_empty_patch_changes_nothing() -> None:
    assert patched_site_config(FILLED, {}, max_stored=1) == FILLED


def test_the_lenient_reader_bends_numbers_into_range_and_drops_what_it_does_not_know() -> None:
    assert sanitised_page_config(OVERSIZED) == {
        "disableAutoScroll": True,
        "onlyTextContent": False,
        "totalBudgetMs": 1_500,
        "pageDataTimeoutMs": 500,
        "pdfTextSelectionTimeoutMs": 150,
        "adaptiveSettleDebounceMs": 500,
        "adaptiveSettleMaxWaitMs": 120,
        "adaptiveSettleRetries": 6,
        "sparseTreeRetryDelayMs": 40,
        "sparseTreeRetryMaxAttempts": 4,
    }


def test_the_api_refuses_each_number_that_the_lenient_reader_bends() -> None:
    errors = refused(lambda: patch(pageConfig=OVERSIZED))

    assert {(error.field.removeprefix("siteConfig.pageConfig."), error.code) for error in errors} == {
        (name, "out_of_range") for name in PAGE_CAPTURE_RANGES
    } | {("maxParallelTabs", "unknown_field")}


@pytest.mark.parametrize(
    ("number", "read"),
    [(100.9, 100), (20.99, 20), (19.99, 20), (-3.5, 20), (1e308, 500), (-(10**400), 20), (10**400, 500)],
)
def test_the_lenient_reader_cuts_fractions_off_before_it_bends(number: float, read: int) -> None:
    assert sanitised_page_config({"adaptiveSettleDebounceMs": number}) == {"adaptiveSettleDebounceMs": read}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), "100", True, None, [], {}])
def test_the_lenient_reader_drops_what_is_no_finite_number(number: object) -> None:
    assert sanitised_page_config({"adaptiveSettleDebounceMs": number}) is None


@pytest.mark.parametrize("switch", PAGE_CAPTURE_SWITCHES)
@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_the_lenient_reader_drops_what_is_no_boolean(switch: str, value: object) -> None:
    assert sanitised_page_config({switch: value}) is None


@pytest.mark.parametrize("value", [{}, None, [], "x", 7, {"bogus": 1}])
def test_the_lenient_reader_says_none_when_nothing_is_left(value: object) -> None:
    assert sanitised_page_config(value) is None


@given(
    json_objects_about([*PAGE_CAPTURE_DEFAULTS])
    | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(PAGE_CAPTURE_DEFAULTS, st.floats() | st.integers() | st.booleans())
    )
    | json_values
)
def test_what_the_lenient_reader_lets_through_the_api_accepts_as_it_is(value: object) -> None:
    read = sanitised_page_config(value)

    assert patch(pageConfig=read)["pageConfig"] == read


def test_one_table_has_the_ranges_of_every_number_and_the_defaults_of_every_field() -> None:
    names = {field.alias for field in PageCapture.model_fields.values()}

    assert names == set(PAGE_CAPTURE_RANGES) | set(PAGE_CAPTURE_SWITCHES) == set(PAGE_CAPTURE_DEFAULTS)


# enabled, the launch's own switch -> may it be launched
LAUNCHES = [
    (True, True, True),
    (True, False, False),
    (True, None, True),
    (False, True, False),
    (False, False, False),
    (False, None, False),
    (None, True, True),
    (None, False, False),
    (None, None, False),
]


def ai_access(**switches: bool | None) -> dict[str, bool]:
    return {name: value for name, value in switches.items() if value is not None}


@pytest.mark.parametrize(("enabled", "own", "allowed"), LAUNCHES)
def test_a_prompt_launch_follows_the_switch_and_its_older_own(
    enabled: bool | None, own: bool | None, allowed: bool
) -> None:
    assert ai_access_effective(ai_access(enabled=enabled, allowPromptLaunch=own)).prompt_launch is allowed


@pytest.mark.parametrize(("enabled", "own", "allowed"), LAUNCHES)
def test_a_shortcut_launch_follows_the_switch_and_its_older_own(
    enabled: bool | None, own: bool | None, allowed: bool
) -> None:
    assert ai_access_effective(ai_access(enabled=enabled, allowShortcutLaunch=own)).shortcut_launch is allowed


@pytest.mark.parametrize(("enabled", "effective"), [(True, True), (False, False), (None, False)])
def test_agents_get_in_only_where_the_owner_said_yes(enabled: bool | None, effective: bool) -> None:
    assert ai_access_effective(ai_access(enabled=enabled)).enabled is effective


@pytest.mark.parametrize("allow_launch", [True, False, None])
def test_an_older_launch_switch_does_not_open_the_tasks(allow_launch: bool | None) -> None:
    assert ai_access_effective(ai_access(allowPromptLaunch=allow_launch)).enabled is False


@pytest.mark.parametrize(
    ("enabled", "own"), list(itertools.product([True, False, None], [True, False, None]))
)
def test_cloud_runs_are_on_unless_refused_the_others_off_unless_asked_for(
    enabled: bool | None, own: bool | None
) -> None:
    effective = ai_access_effective(
        ai_access(enabled=enabled, allowCloudBrowser=own, allowDelegatedHandoffs=own, debugStreaming=own)
    )

    assert effective.cloud_browser is (enabled is True and own is not False)
    assert effective.delegated_handoffs is (enabled is True and own is True)
    assert effective.debug_streaming is (enabled is True and own is True)


@pytest.mark.parametrize("value", ["true", 1, [True], {}])
def test_only_true_and_false_count(value: Any) -> None:
    effective = ai_access_effective(dict.fromkeys(AI_SWITCHES, value))

    assert (effective.enabled, effective.prompt_launch, effective.cloud_browser) == (False, False, False)


def test_readers_get_the_configuration_with_limits_and_version() -> None:
    policy = policy_defaults() | {"shortcutMaxStored": 7, "shortcutMaxRendered": 3}

    assert public_site_config(FILLED, policy, 4) == FILLED | {
        "limits": {"shortcutMaxStored": 7, "shortcutMaxRendered": 3},
        "version": 4,
    }


def test_readers_get_every_key_also_of_what_was_never_set() -> None:
    assert public_site_config({}, {}, 0) == EMPTY | {
        "limits": {"shortcutMaxStored": 100, "shortcutMaxRendered": 12},
        "version": 0,
    }


def test_what_readers_get_can_be_changed_without_changing_what_is_stored() -> None:
    stored = copy.deepcopy(FILLED)

    public_site_config(stored, {}, 1)["shortcuts"].clear()

    assert stored == FILLED


@given(any_text)
def test_any_language_is_refused_or_kept(text: str) -> None:
    try:
        kept = patch(voice={"language": text})["voice"]
    except InvalidFields:
        return

    assert kept == ({"language": text})
