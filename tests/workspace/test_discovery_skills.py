"""What can be asked for on a site: skills, capabilities and pages."""

from typing import Any

import pytest

from tests.workspace.discovery_support import FULL_TOLD, ORDER
from tests.workspace.installation_support import BASE, offer
from workspace.core.discovery.artefacts import ARTEFACTS
from workspace.core.discovery.capabilities import capabilities_of, pages_of
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.skills import inferred_effect, skills_of
from workspace.core.discovery.tags import rich_marker
from workspace.core.discovery.told import page_id


def skill(**said: Any) -> dict[str, Any]:
    """The skill that one shortcut becomes."""
    (found,) = skills_of(offer(shortcuts=[{**ORDER, **said}]))
    return found


def ids(site: Offer) -> list[str]:
    return [each["id"] for each in skills_of(site)]


def everything(site: Offer) -> str:
    return "".join(each.write(site) for each in ARTEFACTS.values()) + rich_marker(site)


# --- skills ---


def test_a_shortcut_becomes_a_skill_with_a_task_that_can_be_sent() -> None:
    assert skill(routing="act", tags=["bread"], examples=["Two loaves"]) == {
        "id": "order",
        "name": "Order bread",
        "description": "Order bread",
        "tags": ["bread"],
        "examples": ["Two loaves"],
        "sideEffect": "transactional",
        "requiresConfirmation": True,
        "preferredInterface": "task",
        "category": "primary",
        "rover": {
            "source": "shortcut",
            "shortcutId": "order",
            "routing": "act",
            "deepLink": "https://bakery.example/?rover_shortcut=order",
            "task": {
                "endpoint": f"{BASE}/v1/tasks",
                "payload": {"url": "https://bakery.example/", "shortcut": "order"},
                "preferExecution": "auto",
            },
        },
    }


def test_what_a_shortcut_says_of_itself_is_told() -> None:
    said = {
        "description": "By post.",
        "sideEffect": "read",
        "preferredInterface": "webmcp",
        "inputSchema": {"type": "object", "required": ["loaves"]},
        "outputSchema": {},
    }
    found = skill(**said)
    assert {name: found[name] for name in said} == said
    assert found["requiresConfirmation"] is False


def test_a_link_is_offered_only_where_links_may_start_shortcuts() -> None:
    (found,) = skills_of(offer(shortcuts=[ORDER], access={"allowShortcutLaunch": False}))
    assert "deepLink" not in found["rover"]


@pytest.mark.parametrize(
    ("effect", "confirms", "told"),
    [
        ("none", None, False),
        ("read", None, False),
        ("write", None, True),
        ("transactional", None, True),
        (None, None, True),
        ("transactional", False, False),
        ("read", True, True),
    ],
)
def test_a_person_is_asked_as_the_owner_said_else_before_a_change(
    effect: str | None, confirms: bool | None, told: bool
) -> None:
    assert skill(sideEffect=effect, requiresConfirmation=confirms)["requiresConfirmation"] is told


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        *((f"{verb}_x", "read") for verb in ("get", "read", "list", "show", "find", "search", "compare")),
        *((f"{verb}-x", "read") for verb in ("inspect", "lookup")),
        *(
            (f"{verb}_x", "write")
            for verb in ("save", "create", "reply", "vote", "leave", "submit", "answer")
        ),
        *((f"{verb}X", "write") for verb in ("book", "start", "checkout", "handoff")),
        ("rover_run_task", "transactional"),
        ("start_run_task", "write"),
        ("Create account", "write"),
        ("opening hours", "read"),
        ("", "read"),
    ],
)
def test_an_effect_that_nobody_said_is_read_from_the_name(name: str, effect: str) -> None:
    assert inferred_effect(name) == effect


def test_of_an_id_and_a_name_the_one_that_does_more_counts() -> None:
    site = offer(told={"additionalSkills": [{"id": "table", "name": "Book a table"}]})
    assert (skills_of(site)[0]["sideEffect"], skills_of(site)[0]["requiresConfirmation"]) == ("write", True)


def test_a_skill_that_the_owner_added_is_asked_for_in_words() -> None:
    (found,) = skills_of(offer(told=FULL_TOLD))
    assert found == {
        **FULL_TOLD["additionalSkills"][0],
        "tags": ["bread", "shop"],
        "sideEffect": "read",
        "requiresConfirmation": False,
        "rover": {
            "source": "additional",
            "task": {
                "endpoint": f"{BASE}/v1/tasks",
                "payload": {"url": "https://bakery.example/", "prompt": "Search the shop"},
                "preferExecution": "browser",
            },
        },
    }


def test_shortcuts_come_first_in_their_order_then_what_the_owner_added() -> None:
    shortcuts = [{**ORDER, "id": "a"}, {**ORDER, "id": "b", "order": 1}, {**ORDER, "id": "c"}]
    added = [{"id": "z", "name": "Z"}, {"id": "y", "name": "Y"}]
    assert ids(offer(shortcuts=shortcuts, told={"additionalSkills": added})) == ["b", "a", "c", "z", "y"]


def test_of_two_skills_with_one_id_the_first_counts_whatever_the_case() -> None:
    shortcuts = [{**ORDER, "id": "Menu", "label": "First"}, {**ORDER, "id": "menu", "label": "Second"}]
    added = [{"id": "MENU", "name": "Third"}, {"id": "x"}, {"id": "X", "name": "Fourth"}]
    found = skills_of(offer(shortcuts=shortcuts, told={"additionalSkills": added}))
    assert [(each["id"], each["name"]) for each in found] == [("Menu", "First"), ("x", "x")]


def test_there_are_at_most_twenty_four_of_each_kind() -> None:
    shortcuts = [{**ORDER, "id": f"s{number}"} for number in range(30)]
    added = [{"id": f"a{number}"} for number in range(30)]
    assert ids(offer(shortcuts=shortcuts, told={"additionalSkills": added})) == [
        *(f"s{number}" for number in range(24)),
        *(f"a{number}" for number in range(24)),
    ]


@pytest.mark.parametrize("hidden", [{"enabled": False}, {"visibility": "private"}])
def test_what_agents_are_not_told_of_is_in_nothing_whoever_else_names_it(hidden: dict[str, Any]) -> None:
    told = {
        "additionalSkills": [{"id": "Zebra", "name": "Striped bread"}],
        "capabilities": [{"capabilityId": "ZEBRA", "label": "Striped bread"}],
        "pages": [{"route": "/", "capabilityIds": ["zebra", "order"]}],
    }
    secret = {**ORDER, "id": "zebra", "label": "Striped bread", **hidden}
    site = offer(shortcuts=[secret, {**ORDER, "visibility": "public"}], told=told)
    assert ids(site) == ["order"]
    assert "zebra" not in everything(site).lower()
    assert "striped" not in everything(site).lower()


def test_prompts_are_in_nothing() -> None:
    assert "SECRET PLAN" not in everything(offer(shortcuts=[ORDER], told=FULL_TOLD))


# --- capabilities and pages ---


def test_each_skill_is_a_capability() -> None:
    site = offer(shortcuts=[{**ORDER, "description": "By post."}])
    assert capabilities_of(site, skills_of(site)) == [
        {
            "capabilityId": "order",
            "version": "1.0.0",
            "label": "Order bread",
            "description": "By post.",
            "sideEffect": "transactional",
            "requiresConfirmation": True,
            "preferredInterface": "task",
            "allowedExecutionModes": ["auto", "browser"],
            "resultModes": ["text"],
        }
    ]


def test_the_owners_words_on_a_skill_count_but_not_on_what_it_can_do() -> None:
    said = {
        "capabilityId": "ORDER",
        "label": "Bread by post",
        "sideEffect": "none",
        "requiresConfirmation": False,
        "resultModes": ["json"],
    }
    site = offer(shortcuts=[ORDER], told={"capabilities": [said]})
    (found,) = capabilities_of(site, skills_of(site))
    assert (found["capabilityId"], found["label"], found["resultModes"]) == (
        "order",
        "Bread by post",
        ["json"],
    )
    assert (found["sideEffect"], found["requiresConfirmation"]) == ("transactional", True)


@pytest.mark.parametrize(
    ("said", "has_cloud", "told"),
    [
        (["cloud"], False, ["auto", "browser"]),
        (["cloud", "browser"], False, ["browser"]),
        (["cloud"], True, ["cloud"]),
        ([], True, ["auto", "browser", "cloud"]),
        (["fax", 7], False, ["auto", "browser"]),
    ],
)
def test_a_run_in_the_cloud_is_named_only_where_it_is_allowed(
    said: list[Any], has_cloud: bool, told: list[str]
) -> None:
    capabilities = [{"capabilityId": "x", "allowedExecutionModes": said}]
    site = offer(told={"capabilities": capabilities}, has_cloud_agent=has_cloud)
    assert capabilities_of(site, [])[0]["allowedExecutionModes"] == told


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("/a/b", "a__b"),
        ("/a/b/", "a__b"),
        ("//a//b", "a__b"),
        ("/über uns/x.html", "über-uns__x.html"),
        ("/" + "x" * 300, "x" * 120),
    ],
)
def test_a_page_without_an_id_is_named_by_its_path(path: str, name: str) -> None:
    assert page_id(path) == name


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"route": "/shop?x=1#y"}, {"pageId": "shop", "route": "/shop", "capabilityIds": []}),
        ({"pageId": "Shop"}, {"pageId": "Shop", "capabilityIds": []}),
        ({"pageId": "a", "route": "https://x.example/"}, {"pageId": "a", "capabilityIds": []}),
    ],
)
def test_a_page_is_told_of_by_id_or_path(said: dict[str, Any], told: dict[str, Any]) -> None:
    assert pages_of(offer(told={"pages": [said]}), []) == [told]


@pytest.mark.parametrize("said", [{}, {"route": "shop"}, {"label": "Shop"}, "/shop", None, ["/shop"]])
def test_a_page_without_either_is_left_out(said: Any) -> None:
    assert pages_of(offer(told={"pages": [said]}), []) == []
