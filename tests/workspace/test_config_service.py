"""Changing a site's configuration: what a patch touches, versions, and the row in the audit log."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workspace.settings_support import refused
from workspace.core.refusals import StaleEdit
from workspace.core.site_config import empty_site_config
from workspace.models import AuditEntry, Site, SiteConfig, User
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.sites import site_create

Patch = Callable[..., SiteConfig]
TRACK = {"id": "track", "label": "Track", "prompt": "Find my order."}
RETURN = {"id": "return", "label": "Return", "prompt": "Start a return."}
FULL = {
    "shortcuts": [TRACK | {"enabled": True}],
    "greeting": {"text": "Hello"},
    "voice": {"enabled": False},
    "pageConfig": {"totalBudgetMs": 9_000},
    "aiAccess": {"enabled": True},
    "businessType": "restaurant",
    "experience": {"accent": "red"},
    "agentDiscovery": {"mode": "silent"},
}


@pytest.fixture
def patch(site: Site, actor: Actor, now: datetime) -> Patch:
    """The service on the fixture's site; every argument can be said anew."""

    def call(value: object, **said: Any) -> SiteConfig:
        arguments: dict[str, Any] = {"actor": actor, "site": site, "max_stored": 100, "now": now} | said
        return site_config_patch(patch=value, **arguments)

    return call


def stored(site: Site) -> SiteConfig:
    return SiteConfig.objects.get(site=site)


def changes(site: Site) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(site=site, action="site_config.changed").order_by("id"))


def test_a_patch_sets_every_group(patch: Patch, site: Site) -> None:
    patch(FULL)

    assert stored(site).content == FULL


@pytest.mark.parametrize("name", list(FULL))
def test_a_group_that_is_not_named_stays(patch: Patch, site: Site, name: str) -> None:
    patch(FULL)
    others = {key: value for key, value in FULL.items() if key != name}

    patch({name: empty_site_config()[name]})

    assert {key: value for key, value in stored(site).content.items() if key != name} == others
    assert stored(site).content[name] == empty_site_config()[name]


@pytest.mark.parametrize("name", ["greeting", "voice", "pageConfig"])
def test_null_clears_a_group(patch: Patch, site: Site, name: str) -> None:
    patch(FULL)

    patch({name: None})

    assert stored(site).content[name] is None


@pytest.mark.parametrize("name", ["shortcuts", "aiAccess", "businessType", "experience", "agentDiscovery"])
def test_null_is_no_value_for_the_other_groups(patch: Patch, site: Site, name: str) -> None:
    patch(FULL)

    (error,) = refused(lambda: patch({name: None}))

    assert (error.field, error.code) == (f"siteConfig.{name}", "wrong_type")
    assert stored(site).content == FULL


def test_a_group_is_replaced_as_a_whole(patch: Patch, site: Site) -> None:
    patch({"greeting": {"text": "Hello", "delay": 100}})

    patch({"greeting": {"delay": 200}})

    assert stored(site).content["greeting"] == {"delay": 200}


def test_the_list_of_shortcuts_is_replaced_as_a_whole(patch: Patch, site: Site) -> None:
    patch({"shortcuts": [TRACK, RETURN]})

    patch({"shortcuts": [RETURN]})

    assert [one["id"] for one in stored(site).content["shortcuts"]] == ["return"]


def test_a_change_counts_the_version_and_keeps_its_time(patch: Patch, site: Site, now: datetime) -> None:
    before, later = stored(site).version, now + timedelta(hours=1)

    answer = patch({"businessType": "legal"}, now=later)

    assert (stored(site).version, stored(site).updated_at) == (before + 1, later)
    assert answer.version == before + 1


@pytest.mark.parametrize("value", [{}, {"businessType": "general"}, {"shortcuts": []}, {"greeting": None}])
def test_a_patch_that_says_what_is_stored_changes_nothing(patch: Patch, site: Site, value: object) -> None:
    before = stored(site)

    patch(value)

    assert (stored(site).version, stored(site).updated_at) == (before.version, before.updated_at)
    assert changes(site) == []


def test_a_change_is_on_record_with_what_differs_alone(
    patch: Patch, site: Site, owner: User, now: datetime
) -> None:
    patch(FULL)

    later = now + timedelta(minutes=1)
    patch({"greeting": {"text": "Good day"}, "businessType": "restaurant"}, note="for spring", now=later)

    entry = changes(site)[-1]
    assert entry.before == {"greeting": {"text": "Hello"}}
    assert entry.after == {"greeting": {"text": "Good day"}}
    assert (entry.actor, entry.door, entry.ip, entry.at) == (owner, "workspace", "192.0.2.1", later)
    assert (entry.subject_kind, entry.subject_id) == ("site_config", site.public_id)
    assert entry.subject_label == f"version {stored(site).version}"
    assert entry.note == "for spring"


def test_an_edit_of_the_present_state_is_taken(patch: Patch, site: Site) -> None:
    patch({"businessType": "legal"}, version=stored(site).version)

    assert stored(site).content["businessType"] == "legal"


@pytest.mark.parametrize("off_by", [-1, 1])
def test_an_edit_of_another_state_is_refused(patch: Patch, site: Site, off_by: int) -> None:
    patch({"businessType": "legal"})
    present = stored(site).version

    with pytest.raises(StaleEdit):
        patch({"businessType": "travel"}, version=present + off_by)

    assert (stored(site).content["businessType"], stored(site).version) == ("legal", present)
    assert len(changes(site)) == 1


def test_an_old_state_is_refused_before_the_values_are_looked_at(patch: Patch, site: Site) -> None:
    with pytest.raises(StaleEdit):
        patch({"nonsense": 1}, version=stored(site).version + 1)


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        ([], "siteConfig", "wrong_type"),
        (None, "siteConfig", "wrong_type"),
        ("greeting", "siteConfig", "wrong_type"),
        ({"colour": "red"}, "siteConfig.colour", "unknown_field"),
        ({"limits": {}}, "siteConfig.limits", "read_only"),
        ({"version": 3}, "siteConfig.version", "read_only"),
        ({"greeting": {"colour": "red"}}, "siteConfig.greeting.colour", "unknown_field"),
        ({"greeting": {"delay": -1}}, "siteConfig.greeting.delay", "out_of_range"),
        ({"voice": {"language": "en_US"}}, "siteConfig.voice.language", "not_allowed"),
        (
            {"pageConfig": {"adaptiveSettleRetries": 7}},
            "siteConfig.pageConfig.adaptiveSettleRetries",
            "out_of_range",
        ),
        ({"aiAccess": {"enabled": "yes"}}, "siteConfig.aiAccess.enabled", "wrong_type"),
        ({"businessType": "piracy"}, "siteConfig.businessType", "not_allowed"),
        ({"experience": []}, "siteConfig.experience", "wrong_type"),
        ({"agentDiscovery": {"text": "x" * 33_000}}, "siteConfig.agentDiscovery", "too_long"),
        ({"shortcuts": {}}, "siteConfig.shortcuts", "wrong_type"),
        ({"shortcuts": [TRACK | {"label": ""}]}, "siteConfig.shortcuts[0].label", "required"),
        ({"shortcuts": [TRACK, RETURN, TRACK]}, "siteConfig.shortcuts[2].id", "duplicate"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_stored(
    patch: Patch, site: Site, value: object, field: str, code: str
) -> None:
    patch(FULL)
    before = stored(site)

    (error,) = refused(lambda: patch(value))

    assert (error.field, error.code) == (field, code)
    assert (stored(site).content, stored(site).version) == (before.content, before.version)
    assert len(changes(site)) == 1


def test_all_wrong_fields_are_named_and_the_good_ones_not_stored(patch: Patch, site: Site) -> None:
    errors = refused(lambda: patch({"businessType": "legal", "greeting": {"delay": -1}, "voice": 7}))

    assert {error.field for error in errors} == {"siteConfig.greeting.delay", "siteConfig.voice"}
    assert stored(site).content["businessType"] == "general"


@pytest.mark.parametrize(("allowed", "is_taken"), [(2, True), (1, False)])
def test_the_policys_limit_of_shortcuts_holds(patch: Patch, site: Site, allowed: int, is_taken: bool) -> None:
    if is_taken:
        patch({"shortcuts": [TRACK, RETURN]}, max_stored=allowed)
        assert len(stored(site).content["shortcuts"]) == allowed
    else:
        (error,) = refused(lambda: patch({"shortcuts": [TRACK, RETURN]}, max_stored=allowed))
        assert (error.field, error.code) == ("siteConfig.shortcuts", "too_long")


def test_a_limit_that_was_lowered_leaves_other_groups_free(patch: Patch, site: Site) -> None:
    patch({"shortcuts": [TRACK, RETURN]})

    patch({"businessType": "legal"}, max_stored=1)

    assert stored(site).content["businessType"] == "legal"
    assert len(stored(site).content["shortcuts"]) == 2


def test_what_was_handed_over_is_not_kept_by_reference(patch: Patch, site: Site) -> None:
    value = copy.deepcopy(FULL)

    answer = patch(value)
    value["experience"]["accent"] = "blue"  # type: ignore[index]

    assert answer.content["experience"] == {"accent": "red"}


def test_another_sites_configuration_stays(
    patch: Patch, site: Site, other: User, actor: Actor, now: datetime
) -> None:
    theirs = site_create(actor=actor, owner=other, name="Theirs", host="theirs.example", now=now)

    patch(FULL)

    assert stored(theirs).content == empty_site_config()
    assert changes(theirs) == []
