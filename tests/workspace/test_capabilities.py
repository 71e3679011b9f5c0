"""What a site key opens."""

from typing import Any

import pytest
from hypothesis import given

from tests.workspace.settings_support import json_objects_about, json_values, only_refusal
from workspace.core.capabilities import (
    CAPABILITY_PRESETS,
    CAPABILITY_TEXTS,
    Capabilities,
    capability_defaults,
    patched_capabilities,
)
from workspace.core.fields import InvalidFields

DEFAULTS = {"roverEmbed": True, "externalWebContextScrape": False, "cloudAgent": False, "cloudScrape": False}
NAMES = list(DEFAULTS)


def test_a_new_key_opens_the_embed_alone() -> None:
    assert capability_defaults() == DEFAULTS


@pytest.mark.parametrize("name", NAMES)
def test_a_patch_turns_one_switch(name: str) -> None:
    turned = not DEFAULTS[name]

    assert patched_capabilities(DEFAULTS, {name: turned}) == DEFAULTS | {name: turned}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["true", 1, 0, 1.0, [], {}])
def test_a_switch_takes_only_true_and_false(name: str, value: object) -> None:
    assert only_refusal(lambda: patched_capabilities({}, {name: value})) == (
        f"capabilities.{name}",
        "wrong_type",
    )


@pytest.mark.parametrize("name", NAMES)
def test_null_puts_a_switch_back_to_its_default(name: str) -> None:
    turned = {one: not value for one, value in DEFAULTS.items()}

    assert patched_capabilities(turned, {name: None}) == turned | {name: DEFAULTS[name]}


@pytest.mark.parametrize("name", ["rover_embed", "cloudagent", "", "admin"])
def test_an_unknown_capability_is_refused(name: str) -> None:
    call = lambda: patched_capabilities({}, {name: True})  # noqa: E731

    assert only_refusal(call) == (f"capabilities.{name}", "unknown_field")


@pytest.mark.parametrize("value", [None, [], "roverEmbed", 7])
def test_a_patch_is_an_object(value: object) -> None:
    assert only_refusal(lambda: patched_capabilities({}, value)) == ("capabilities", "wrong_type")


def test_errors_carry_the_prefix_of_the_caller() -> None:
    call = lambda: patched_capabilities({}, {"cloudAgent": 1}, prefix="key.capabilities")  # noqa: E731

    assert only_refusal(call) == ("key.capabilities.cloudAgent", "wrong_type")


@given(json_objects_about(NAMES) | json_values)
def test_any_patch_is_refused_or_gives_four_switches(value: object) -> None:
    try:
        result: dict[str, Any] = patched_capabilities(DEFAULTS, value)
    except InvalidFields:
        return

    assert list(result) == NAMES
    assert all(isinstance(switch, bool) for switch in result.values())
    assert patched_capabilities(result, {}) == result


def test_every_capability_has_words_for_people() -> None:
    assert list(CAPABILITY_TEXTS) == NAMES
    assert all(text.label and text.sentence.endswith(".") for text in CAPABILITY_TEXTS.values())


def test_presets_say_every_switch() -> None:
    assert {name: list(preset) for name, preset in CAPABILITY_PRESETS.items()} == {
        "widget_only": NAMES,
        "widget_and_agents": NAMES,
    }


@pytest.mark.parametrize("preset", CAPABILITY_PRESETS.values(), ids=CAPABILITY_PRESETS)
def test_presets_are_valid_patches(preset: dict[str, bool]) -> None:
    assert patched_capabilities({}, dict(preset)) == Capabilities.model_validate(dict(preset)).model_dump(
        by_alias=True
    )


def test_the_widget_alone_is_the_default() -> None:
    assert CAPABILITY_PRESETS["widget_only"] == DEFAULTS


def test_agents_get_the_cloud_on_the_owners_own_site_only() -> None:
    assert CAPABILITY_PRESETS["widget_and_agents"] == DEFAULTS | {"cloudAgent": True, "cloudScrape": True}
