"""The policy of a site key: its fields, patches, presets, and the switch for the cloud."""

import copy
import pickle
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.settings_support import (
    any_text,
    json_objects_about,
    json_values,
    only_refusal,
    refused,
)
from workspace.core.capabilities import capability_defaults
from workspace.core.errors import ErrorKind
from workspace.core.fields import LISTED_ERRORS, FieldError, InvalidFields
from workspace.core.navigation import CrossHostPolicy, ExternalNavigationPolicy
from workspace.core.patterns import ScopeMode
from workspace.core.policy import (
    POLICY_TEXTS,
    PRESETS,
    RoverPolicy,
    patched_policy,
    policy_changes,
    policy_defaults,
    preset_changes,
    preset_of,
    sandbox_effects,
)

DEFAULTS = {
    "siteMode": "agent",
    "domainScopeMode": "registrable_domain",
    "externalNavigationPolicy": "open_new_tab_notice",
    "crossHostPolicy": "same_tab",
    "enableExternalWebContext": False,
    "externalScrapeMode": "off",
    "externalAllowDomains": [],
    "externalDenyDomains": [],
    "cloudSandboxEnabled": False,
    "shortcutMaxStored": 100,
    "shortcutMaxRendered": 12,
    "agentName": None,
    "mascotDisabled": False,
    "mascotMp4Url": None,
    "mascotWebmUrl": None,
    "mascotImageUrl": None,
    "uiMascotSoundEnabled": False,
    "uiMuted": True,
    "strictMode": True,
    "adversarialThreshold": 3,
    "requireConfirmFor": ["transactional"],
}
FIELDS = list(DEFAULTS)
SWITCHES = [name for name, value in DEFAULTS.items() if isinstance(value, bool)]
MASCOTS = ["mascotMp4Url", "mascotWebmUrl", "mascotImageUrl"]
LISTS = ["externalAllowDomains", "externalDenyDomains"]
CHOICES = {
    "siteMode": ["agent", "analytics_only"],
    "domainScopeMode": ["registrable_domain", "host_only"],
    "externalNavigationPolicy": ["open_new_tab_notice", "block", "allow"],
    "crossHostPolicy": ["same_tab", "open_new_tab"],
    "externalScrapeMode": ["off", "on_demand"],
}
NUMBERS = {"shortcutMaxStored": (1, 100), "shortcutMaxRendered": (1, 12), "adversarialThreshold": (1, 10)}
LINK = "https://cdn.example.com/"
CLOUD_CAPABILITIES = ["externalWebContextScrape", "cloudAgent", "cloudScrape"]

valid_patches = st.fixed_dictionaries(
    {},
    optional={name: st.booleans() for name in SWITCHES}
    | {name: st.sampled_from(values) for name, values in CHOICES.items()}
    | {name: st.integers(low, high) for name, (low, high) in NUMBERS.items()}
    | {
        name: st.lists(st.sampled_from(["a.example", "*.b.example", "=c.example", "https://D.example/x"]))
        for name in LISTS
    }
    | {name: st.sampled_from([LINK, f"{LINK}a.mp4"]) for name in MASCOTS}
    | {"agentName": st.text("abc äö", min_size=1, max_size=64).filter(str.strip)}
    | {"requireConfirmFor": st.lists(st.sampled_from(["write", "transactional", "external_act"]))},
)


def patch(**changes: Any) -> dict[str, Any]:
    return patched_policy(policy_defaults(), changes)


def test_a_new_key_has_every_field_with_its_default() -> None:
    assert policy_defaults() == DEFAULTS


def test_two_keys_do_not_share_their_lists() -> None:
    policy_defaults()["externalAllowDomains"].append("a.example")

    assert policy_defaults()["externalAllowDomains"] == []


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in CHOICES.items() for v in values])
def test_a_choice_takes_each_of_its_values(name: str, value: str) -> None:
    assert patch(**{name: value})[name] == value


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", ["", "AGENT", "other", "same_tab "])
def test_a_choice_takes_no_other_value(name: str, value: str) -> None:
    assert only_refusal(lambda: patch(**{name: value})) == (f"roverPolicy.{name}", "not_allowed")


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_can_be_turned(name: str) -> None:
    assert patch(**{name: not DEFAULTS[name]})[name] is not DEFAULTS[name]


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["true", "false", 0, 1, 1.0, [], {}])
def test_a_switch_takes_only_true_and_false(name: str, value: object) -> None:
    assert only_refusal(lambda: patch(**{name: value})) == (f"roverPolicy.{name}", "wrong_type")


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, ends in NUMBERS.items() for v in ends])
def test_a_number_may_be_at_either_end_of_its_range(name: str, value: int) -> None:
    assert patch(**{name: value})[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n, (low, high) in NUMBERS.items() for v in (low - 1, high + 1, -(2**70), 2**70)],
)
def test_a_number_beyond_its_range_is_refused(name: str, value: int) -> None:
    assert only_refusal(lambda: patch(**{name: value})) == (f"roverPolicy.{name}", "out_of_range")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["5", 5.0, 5.5, float("nan"), True, [5], {}])
def test_a_number_takes_only_whole_numbers(name: str, value: object) -> None:
    assert only_refusal(lambda: patch(**{name: value})) == (f"roverPolicy.{name}", "wrong_type")


@pytest.mark.parametrize("name", ["x" * 64, "𝒳" * 64, "Zoë & Söhne’s 助手 👩‍🔬"])
def test_an_agents_name_is_up_to_64_characters_of_any_script(name: str) -> None:
    assert patch(agentName=name)["agentName"] == name


def test_white_space_around_an_agents_name_is_dropped() -> None:
    assert patch(agentName="  Rosie \n")["agentName"] == "Rosie"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x" * 65, "too_long"),
        ("", "required"),
        ("   ", "required"),
        ("a\0b", "not_allowed"),
        ("a\nb", "not_allowed"),
        ("a\tb", "not_allowed"),
        ("a\x85b", "not_allowed"),
        ("a\u2028b", "not_allowed"),
        ("a\x7fb", "not_allowed"),
        ("a\ud800b", "not_allowed"),
        (7, "wrong_type"),
        (["Rosie"], "wrong_type"),
    ],
)
def test_an_agents_name_that_cannot_be_shown_is_refused(name: object, code: str) -> None:
    assert only_refusal(lambda: patch(agentName=name)) == ("roverPolicy.agentName", code)


@pytest.mark.parametrize("name", MASCOTS)
@pytest.mark.parametrize(
    "url",
    [
        LINK,
        "HTTPS://cdn.example.com/a b.mp4",
        "https://cdn.example.com:8443/a.webm?v=1#t",
        "https://[2001:db8::1]/a",
        "https://bücher.example/fuchs.png",
        LINK + "a" * (2_000 - len(LINK)),
    ],
)
def test_a_mascots_address_is_kept_as_it_was_given(name: str, url: str) -> None:
    assert patch(**{name: url})[name] == url


@pytest.mark.parametrize("name", MASCOTS)
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://cdn.example.com/a", "not_allowed"),
        ("//cdn.example.com/a", "not_allowed"),
        ("cdn.example.com/a", "not_allowed"),
        ("https:cdn.example.com/a", "not_allowed"),
        ("https:/\\cdn.example.com/a", "not_allowed"),
        ("javascript:alert(1)", "not_allowed"),
        ("data:image/png;base64,AAAA", "not_allowed"),
        ("https://", "not_allowed"),
        ("https://a b.example/", "not_allowed"),
        ("https://me:secret@cdn.example.com/a", "not_allowed"),
        ("https://a.example;script-src", "not_allowed"),
        ("https://a.example'/x", "not_allowed"),
        ("https://cdn.example.com/a\nb", "not_allowed"),
        (LINK + "a" * (2_001 - len(LINK)), "too_long"),
        ("", "required"),
        (7, "wrong_type"),
    ],
)
def test_a_mascot_comes_by_https_from_an_ordinary_host(name: str, url: object, code: str) -> None:
    assert only_refusal(lambda: patch(**{name: url})) == (f"roverPolicy.{name}", code)


@pytest.mark.parametrize("name", LISTS)
def test_external_domains_are_stored_as_they_will_be_applied_each_once(name: str) -> None:
    given_rules = ["https://Shop.Example.com/a?b", "shop.example.com", " *.example.org ", "=app.example.net"]

    assert patch(**{name: given_rules})[name] == ["shop.example.com", "*.example.org", "=app.example.net"]


@pytest.mark.parametrize("name", LISTS)
def test_external_domains_may_be_200(name: str) -> None:
    assert len(patch(**{name: [f"h{n}.example" for n in range(200)]})[name]) == 200


@pytest.mark.parametrize("name", LISTS)
def test_external_domains_may_not_be_201(name: str) -> None:
    entries = [f"h{n}.example" for n in range(201)]

    assert only_refusal(lambda: patch(**{name: entries})) == (f"roverPolicy.{name}", "too_long")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("", "required"),
        (" ", "required"),
        ("https://", "not_allowed"),
        ("a..*", "not_allowed"),
        ("exa mple.com", "not_allowed"),
        ("a.example\0", "not_allowed"),
        ("a." * 126 + "com", "too_long"),
        (7, "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_an_external_domain_that_means_nothing_is_named_by_its_place(
    name: str, entry: object, code: str
) -> None:
    call = lambda: patch(**{name: ["ok.example", entry]})  # noqa: E731

    assert only_refusal(call) == (f"roverPolicy.{name}[1]", code)


@pytest.mark.parametrize("value", ["a.example", {"0": "a.example"}, 7, True])
def test_external_domains_are_a_list(value: object) -> None:
    call = lambda: patch(externalDenyDomains=value)  # noqa: E731

    assert only_refusal(call) == ("roverPolicy.externalDenyDomains", "wrong_type")


def test_confirmed_actions_are_a_set_with_one_spelling() -> None:
    actions = ["external_act", "write", "write"]

    assert patch(requireConfirmFor=actions)["requireConfirmFor"] == ["write", "external_act"]


def test_nothing_need_be_confirmed() -> None:
    assert patch(requireConfirmFor=[])["requireConfirmFor"] == []


def test_an_action_that_cannot_be_confirmed_is_named_by_its_place() -> None:
    call = lambda: patch(requireConfirmFor=["write", "read"])  # noqa: E731

    assert only_refusal(call) == ("roverPolicy.requireConfirmFor[1]", "not_allowed")


@pytest.mark.parametrize("name", FIELDS)
def test_null_puts_a_field_back_to_its_default(name: str) -> None:
    changed = (
        DEFAULTS
        | dict(PRESETS["careful"].values)
        | {"agentName": "Rosie", "uiMuted": False, "mascotMp4Url": LINK}
    )

    assert patched_policy(changed, {name: None})[name] == DEFAULTS[name]


def test_a_patch_leaves_what_it_does_not_name() -> None:
    before = patch(agentName="Rosie", siteMode="analytics_only")

    assert policy_changes(before, patched_policy(before, {"uiMuted": False})) == [("uiMuted", True, False)]


def test_a_patch_does_not_touch_the_policy_it_is_given() -> None:
    before = patch(externalDenyDomains=["a.example"])
    kept = copy.deepcopy(before)

    patched_policy(before, {"externalDenyDomains": ["b.example"]})["externalDenyDomains"].append("c.example")

    assert before == kept


def test_a_sparse_policy_is_filled_with_defaults() -> None:
    assert patched_policy({"uiMuted": False}, {}) == DEFAULTS | {"uiMuted": False}


def test_what_was_stored_of_a_field_that_is_no_more_is_left_out() -> None:
    assert patched_policy({"oldField": 1}, {}) == DEFAULTS


@pytest.mark.parametrize("name", ["site_mode", "SiteMode", "sitemode", "siteMode ", "bogus", "", "a.b"])
@pytest.mark.parametrize("value", ["agent", None])
def test_an_unknown_field_is_refused_whatever_its_value(name: str, value: object) -> None:
    assert only_refusal(lambda: patch(**{name: value})) == (f"roverPolicy.{name}", "unknown_field")


def test_an_unknown_field_makes_the_whole_body_malformed() -> None:
    with pytest.raises(InvalidFields) as caught:
        patch(bogus=1, uiMuted="yes")

    assert (caught.value.has_unknown, caught.value.kind) == (True, ErrorKind.INVALID)


def test_a_wrong_value_is_unprocessable() -> None:
    with pytest.raises(InvalidFields) as caught:
        patch(uiMuted="yes")

    assert (caught.value.has_unknown, caught.value.kind) == (False, ErrorKind.UNPROCESSABLE)


def test_every_wrong_field_is_named_at_once() -> None:
    errors = refused(lambda: patch(uiMuted="yes", agentName=7, bogus=1, shortcutMaxStored=0))

    assert {(error.field, error.code) for error in errors} == {
        ("roverPolicy.uiMuted", "wrong_type"),
        ("roverPolicy.agentName", "wrong_type"),
        ("roverPolicy.bogus", "unknown_field"),
        ("roverPolicy.shortcutMaxStored", "out_of_range"),
    }


@pytest.mark.parametrize("value", [None, [], "siteMode", 7, True])
def test_a_patch_is_an_object(value: object) -> None:
    assert only_refusal(lambda: patched_policy({}, value)) == ("roverPolicy", "wrong_type")


def test_a_refusal_carries_its_fields_for_the_answer() -> None:
    with pytest.raises(InvalidFields) as caught:
        patch(shortcutMaxRendered=13)

    assert caught.value.message == "roverPolicy.shortcutMaxRendered is not valid: Must be at most 12."
    assert caught.value.data == {
        "errors": [
            {
                "field": "roverPolicy.shortcutMaxRendered",
                "message": "Must be at most 12.",
                "code": "out_of_range",
            }
        ]
    }


def test_a_refusal_never_repeats_more_than_60_characters() -> None:
    errors = refused(lambda: patch(**{"b" * 5_000: 1, "uiMuted": "s3cret" * 500}))

    assert max(len(error.field) for error in errors) == len("roverPolicy.") + 60
    assert "s3cret" not in str(errors)


def test_a_name_that_cannot_be_encoded_is_an_error_among_the_others() -> None:
    errors = refused(lambda: patch(**{"\ud800\0": 1, "uiMuted": 7}))

    assert {error.field for error in errors} == {"roverPolicy.\ufffd\ufffd", "roverPolicy.uiMuted"}


def test_many_wrong_fields_give_a_short_answer_that_still_names_the_unknown_one() -> None:
    with pytest.raises(InvalidFields) as caught:
        patch(externalAllowDomains=[7] * 200, externalDenyDomains=[7] * 200, bogus=1)

    assert len(caught.value.data["errors"]) == LISTED_ERRORS
    assert caught.value.data["errors"][0]["field"] == "roverPolicy.bogus"
    assert caught.value.kind is ErrorKind.INVALID


def test_a_refusal_crosses_a_process_border() -> None:
    error = InvalidFields([FieldError("a", "Must be text.", "unknown_field")])

    copied = pickle.loads(pickle.dumps(error))

    assert (copied.errors, copied.kind, copied.message) == (error.errors, error.kind, error.message)


def test_a_refusal_without_an_error_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        InvalidFields([])


@given(valid_patches)
def test_an_empty_patch_changes_nothing(changes: dict[str, Any]) -> None:
    policy = patched_policy({}, changes)

    assert patched_policy(policy, {}) == policy


@given(json_objects_about(FIELDS) | json_values)
def test_any_patch_is_refused_or_gives_a_policy_that_holds(value: object) -> None:
    try:
        policy = patched_policy(policy_defaults(), value)
    except InvalidFields as refusal:
        assert all(error.field.startswith("roverPolicy") for error in refusal.errors)
        str(refusal.data).encode()
    else:
        assert RoverPolicy.model_validate(policy).model_dump(by_alias=True) == policy


@given(st.sampled_from(LISTS), st.lists(any_text | st.just("a.example"), max_size=3))
def test_external_domains_once_accepted_are_accepted_again(name: str, entries: list[str]) -> None:
    try:
        policy = patch(**{name: entries})
    except InvalidFields:
        return

    assert patched_policy(policy, {name: policy[name]}) == policy


def test_differences_come_in_the_order_of_the_policy() -> None:
    changes = policy_changes({"strictMode": False}, {"siteMode": "analytics_only", "agentName": "Rosie"})

    assert changes == [
        ("siteMode", "agent", "analytics_only"),
        ("agentName", None, "Rosie"),
        ("strictMode", False, True),
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_a_policy_that_took_a_preset_is_that_preset(name: str) -> None:
    assert preset_of(patched_policy({}, PRESETS[name].values)) == (name, 0)


def test_the_defaults_are_the_balanced_preset() -> None:
    assert preset_of(policy_defaults()) == ("balanced", 0)


def test_a_policy_is_so_many_changes_from_the_nearest_preset() -> None:
    assert preset_of(patch(crossHostPolicy="open_new_tab", strictMode=False)) == ("balanced", 2)


def test_of_two_presets_that_are_equally_near_the_more_usual_is_named() -> None:
    between = patch(externalNavigationPolicy="block", adversarialThreshold=7)

    assert len(preset_changes(between, "balanced")) == len(preset_changes(between, "careful"))
    assert preset_of(between) == ("balanced", 2)


def test_branding_and_lists_are_no_change_of_a_preset() -> None:
    own = patch(
        agentName="Rosie", externalDenyDomains=["a.example"], shortcutMaxStored=5, domainScopeMode="host_only"
    )

    assert preset_of(own) == ("balanced", 0)


def test_the_difference_to_a_preset_is_what_applying_it_would_change() -> None:
    assert [change.field for change in preset_changes(policy_defaults(), "careful")] == [
        "externalNavigationPolicy",
        "adversarialThreshold",
        "requireConfirmFor",
    ]


def test_every_preset_answers_the_same_questions() -> None:
    assert len({frozenset(preset.values) for preset in PRESETS.values()}) == 1


def test_careful_keeps_agents_on_the_owners_hosts_and_out_of_the_cloud() -> None:
    careful = patched_policy({}, PRESETS["careful"].values)

    assert (careful["externalNavigationPolicy"], careful["cloudSandboxEnabled"]) == ("block", False)
    assert (careful["enableExternalWebContext"], careful["externalScrapeMode"]) == (False, "off")


def test_turning_the_cloud_on_turns_on_all_it_stands_for() -> None:
    policy, capabilities = sandbox_effects(patch(cloudSandboxEnabled=True), capability_defaults())

    assert (policy["enableExternalWebContext"], policy["externalScrapeMode"]) == (True, "on_demand")
    assert capabilities == {"roverEmbed": True} | dict.fromkeys(CLOUD_CAPABILITIES, True)


def test_turning_the_cloud_off_leaves_no_part_of_it() -> None:
    on, capabilities = sandbox_effects(patch(cloudSandboxEnabled=True), capability_defaults())

    policy, capabilities = sandbox_effects(on | {"cloudSandboxEnabled": False}, capabilities, before=on)

    assert (policy, capabilities) == (policy_defaults(), capability_defaults())


def test_while_the_cloud_stays_on_its_parts_can_be_turned_off_one_by_one() -> None:
    on, capabilities = sandbox_effects(patch(cloudSandboxEnabled=True), capability_defaults())
    narrower = on | {"externalScrapeMode": "off"}, capabilities | {"cloudAgent": False}

    assert sandbox_effects(*narrower, before=on) == narrower


def test_while_the_cloud_stays_off_its_parts_can_be_turned_on_one_by_one() -> None:
    wider = (
        policy_defaults() | {"enableExternalWebContext": True},
        capability_defaults() | {"cloudScrape": True},
    )

    assert sandbox_effects(*wider, before=policy_defaults()) == wider


def test_the_switch_does_not_touch_the_embed() -> None:
    capabilities = capability_defaults() | {"roverEmbed": False}

    assert sandbox_effects(patch(cloudSandboxEnabled=True), capabilities)[1]["roverEmbed"] is False


def test_every_field_has_words_for_people() -> None:
    assert list(POLICY_TEXTS) == FIELDS
    assert all(text.label and text.help.endswith(".") for text in POLICY_TEXTS.values())


@pytest.mark.parametrize("name", CHOICES)
def test_every_value_of_a_choice_has_its_own_sentence(name: str) -> None:
    sentences = POLICY_TEXTS[name].choices

    assert list(sentences) == CHOICES[name]
    assert len(set(sentences.values())) == len(sentences)


def test_every_confirmed_action_has_its_sentence() -> None:
    assert set(POLICY_TEXTS["requireConfirmFor"].choices) == {"write", "transactional", "external_act"}


@pytest.mark.parametrize(
    ("field", "decided_by"),
    [
        ("domain_scope_mode", ScopeMode),
        ("external_navigation_policy", ExternalNavigationPolicy),
        ("cross_host_policy", CrossHostPolicy),
    ],
)
def test_the_policy_offers_exactly_what_the_decisions_understand(field: str, decided_by: Any) -> None:
    assert set(get_args(RoverPolicy.model_fields[field].annotation)) == {
        member.value for member in decided_by
    }
