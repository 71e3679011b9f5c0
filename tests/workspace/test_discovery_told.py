"""`siteConfig.agentDiscovery` takes any JSON object; this is what is read in it."""

from typing import Any

import pytest

from workspace.core.discovery.told import told_by


@pytest.mark.parametrize("stored", [None, [], "x", 7, {"pages": {}, "additionalSkills": "x", "version": 3}])
def test_what_cannot_be_read_is_as_if_nothing_was_said(stored: Any) -> None:
    assert told_by(stored) == told_by({})


@pytest.mark.parametrize("value", [False, True, None, 0, "false", []])
def test_only_false_turns_discovery_off(value: Any) -> None:
    assert told_by({"enabled": value}).is_off is (value is False)


@pytest.mark.parametrize("bad", ["", "no spaces", "ünder", "-x", "x" * 81, 7, None, "a/b"])
def test_an_entry_without_a_good_id_is_left_out(bad: Any) -> None:
    entries = [{"id": bad, "capabilityId": bad, "name": "x", "label": "x"}]
    told = told_by({"additionalSkills": entries, "capabilities": entries})
    assert (told.skills, told.capabilities) == ((), ())


def test_texts_are_made_one_line_and_cut() -> None:
    said = {"description": "  Bread\r\n\tby \x00 post\u2028now \ud800 ", "version": "v" * 50}
    told = told_by(said)
    assert (told.description, told.version) == ("Bread by post now", "v" * 40)
    assert len(told_by({"description": "x" * 500}).description) == 400


def test_lists_are_cut_and_hold_texts_alone() -> None:
    many = [7, None, "", "a", "A", *(f"tag {number}" for number in range(40))]
    (found,) = told_by({"additionalSkills": [{"id": "x", "tags": many, "examples": many}]}).skills
    assert found["tags"] == ["a", *(f"tag {number}" for number in range(15))]
    assert len(found["examples"]) == 6


def test_entries_are_cut() -> None:
    entries = [{"id": f"x{n}", "capabilityId": f"x{n}", "pageId": f"x{n}"} for n in range(60)]
    told = told_by({"additionalSkills": entries, "capabilities": entries, "pages": entries})
    assert (len(told.skills), len(told.capabilities), len(told.pages)) == (24, 48, 48)


@pytest.mark.parametrize("bad", [True, [], "x", {"a": float("inf")}, {"a": 2**60}, {"a": "x" * 17_000}])
def test_a_schema_that_is_no_object_of_json_is_left_out(bad: Any) -> None:
    (found,) = told_by({"additionalSkills": [{"id": "x", "inputSchema": bad}]}).skills
    assert "inputSchema" not in found


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_surface_is_read_in_its_group_or_beside_it(wrapped: bool) -> None:
    said = {"mode": "debug", "branding": "nobody", "actionReveal": 7}
    told = told_by({"discoverySurface": said} if wrapped else said)
    assert told.surface == {
        "mode": "debug",
        "branding": "site",
        "hostSurface": "auto",
        "actionReveal": "click",
        "beaconLabel": "",
        "agentModeEntryHints": [],
    }
