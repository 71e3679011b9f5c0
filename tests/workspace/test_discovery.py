"""What agents find of a site: marker, links, card, profile and text, made from what its owner stored."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workspace.discovery_schemas import CARD, MARKER, PROFILE, check
from tests.workspace.discovery_support import FULL_TOLD, ORDER, SERVED, told_in
from tests.workspace.installation_support import BASE, SITE, offer
from tests.workspace.settings_support import any_text, json_objects_about, json_values
from workspace.core.discovery.artefacts import ARTEFACTS
from workspace.core.discovery.card import agent_card
from workspace.core.discovery.llms import llms_txt
from workspace.core.discovery.marker import marker
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.profile import rover_site
from workspace.core.discovery.silence import Silence, silence_of
from workspace.core.discovery.skills import skills_of
from workspace.core.discovery.tags import head_links, link_header, rich_marker


def extension(site: Offer) -> dict[str, Any]:
    found: dict[str, Any] = agent_card(site)["extensions"]["rover"]
    return found


# --- the marker and the links ---


def test_the_marker_says_where_tasks_are_made_and_no_more() -> None:
    assert marker("https://rover.example/v1/tasks") == (
        '<script type="application/agent+json">{"task":"https://rover.example/v1/tasks"}</script>'
    )


def test_the_marker_of_a_hostile_address_cannot_end_its_element() -> None:
    assert marker("https://x.example/</script><b>&").endswith(
        '{"task":"https://x.example/\\u003c/script\\u003e\\u003cb\\u003e\\u0026"}</script>'
    )


def test_the_rich_marker_of_a_site_that_said_nothing() -> None:
    found = rich_marker(offer(shortcuts=[ORDER]))
    assert found == (
        '<script type="application/agent+json">'
        f'{{"task":"{BASE}/v1/tasks","card":"{SERVED}/agent-card.json","roverSite":"{SERVED}/rover-site.json",'
        f'"site":"https://bakery.example/","workflow":"{BASE}/v1/workflows","preferExecution":"auto",'
        '"discoveryMode":"beacon","hostSurface":"auto","actionReveal":"click",'
        '"skills":[{"id":"order","name":"Order bread"}],'
        '"capabilities":[{"capabilityId":"order","label":"Order bread"}]}</script>'
    )


def test_the_rich_marker_of_a_page_names_it() -> None:
    site = offer(told={"pages": [{"route": "/shop/bread", "pageId": "bread"}]})
    told = {path: told_in(rich_marker(site, path=path))["page"] for path in ("/shop/bread", "/a/b")}
    assert told == {"/shop/bread": "bread", "/a/b": "a__b"}


def test_the_rich_marker_names_twenty_four_skills_and_capabilities() -> None:
    many = [{"id": f"skill-{number}", "name": "x"} for number in range(24)]
    found = told_in(rich_marker(offer(shortcuts=[ORDER], told={"additionalSkills": many})))
    assert (len(found["skills"]), len(found["capabilities"])) == (24, 24)
    assert found["skills"][0]["id"] == "order"


def test_text_of_the_owner_cannot_end_the_rich_marker() -> None:
    site = offer(shortcuts=[{**ORDER, "label": "</script><script>alert(1)</script>"}])
    assert rich_marker(site).count("</script>") == 1
    assert rich_marker(site).count("<script") == 1


def test_links_lead_to_the_sites_own_files_unless_told() -> None:
    assert link_header() == (
        '</.well-known/agent-card.json>; rel="service-desc"; type="application/json", '
        '</llms.txt>; rel="service-doc"; type="text/markdown"'
    )
    assert head_links() == (
        '<link rel="service-desc" type="application/json" href="/.well-known/agent-card.json">\n'
        '<link rel="service-doc" type="text/markdown" href="/llms.txt">'
    )
    assert link_header(offer().served) == (
        f'<{SERVED}/agent-card.json>; rel="service-desc"; type="application/json", '
        f'<{SERVED}/llms.txt>; rel="service-doc"; type="text/markdown"'
    )


# --- the card ---


def test_the_card_of_a_site_that_said_nothing() -> None:
    card = agent_card(offer())
    check(CARD, card)
    del card["extensions"], card["interfaces"]
    assert card == {
        "name": "Corner Bakery",
        "description": "Agents can have tasks done on bakery.example.",
        "url": f"{BASE}/v1/tasks",
        "version": "1.0.0",
        "defaultInputModes": ["text/plain", "application/json"],
        "defaultOutputModes": ["text/plain", "application/json"],
        "capabilities": {
            "streaming": True,
            "publicTasks": True,
            "stateTransitions": True,
            "delegatedHandoffs": False,
            "webmcp": False,
        },
        "skills": [],
    }


def test_who_has_the_card_alone_can_follow_every_address_in_it() -> None:
    told = extension(offer())
    assert {name: told[name] for name in told if name.endswith(("Url", "Urls", "Endpoint"))} == {
        "siteUrl": "https://bakery.example/",
        "taskEndpoint": f"{BASE}/v1/tasks",
        "workflowEndpoint": f"{BASE}/v1/workflows",
        "serviceDescUrl": f"{SERVED}/agent-card.json",
        "roverSiteUrl": f"{SERVED}/rover-site.json",
        "llmsUrl": f"{SERVED}/llms.txt",
        "wellKnownUrls": {
            "agentCardUrl": "https://bakery.example/.well-known/agent-card.json",
            "roverSiteUrl": "https://bakery.example/.well-known/rover-site.json",
            "llmsUrl": "https://bakery.example/llms.txt",
        },
    }


def test_a_site_without_a_name_goes_by_its_host() -> None:
    assert agent_card(offer(site_name=""))["name"] == "bakery.example"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("bakery.example", "https://bakery.example/"),
        ("2001:db8::1", "https://[2001:db8::1]/"),
        ("localhost", "http://localhost/"),
        ("::1", "http://[::1]/"),
        ("bakery.test", "http://bakery.test/"),
    ],
)
def test_the_sites_address_is_one_that_opens(host: str, url: str) -> None:
    site = offer(host=host, shortcuts=[ORDER])
    assert extension(site)["siteUrl"] == url
    assert skills_of(site)[0]["rover"]["task"]["payload"]["url"] == url


@pytest.mark.parametrize(
    ("access", "has_cloud", "told"),
    [
        ({}, True, (True, False, True, True, True)),
        ({}, False, (True, False, False, True, True)),
        ({"allowCloudBrowser": False}, True, (True, False, False, True, True)),
        ({"allowDelegatedHandoffs": True}, False, (True, True, False, True, True)),
        ({"allowPromptLaunch": False}, False, (True, False, False, False, True)),
        ({"allowShortcutLaunch": False}, False, (True, False, False, True, False)),
        ({"enabled": False}, True, (False, False, False, False, False)),
    ],
)
def test_the_card_says_what_the_site_allows(
    access: dict[str, bool], has_cloud: bool, told: tuple[bool, ...]
) -> None:
    site = offer(access=access, has_cloud_agent=has_cloud)
    card, rover = agent_card(site), extension(site)
    links = [each["available"] for each in card["interfaces"] if each["type"] == "deep_link"]
    assert (
        card["capabilities"]["publicTasks"],
        card["capabilities"]["delegatedHandoffs"],
        rover["cloudBrowserAllowed"],
        rover["promptLaunchEnabled"],
        rover["shortcutLaunchEnabled"],
    ) == told
    assert links == [*told[3:]]
    assert rover["delegatedHandoffs"] is told[1]
    assert rover_site(site)["policies"] == {name: rover[name] for name in rover_site(site)["policies"]}


@pytest.mark.parametrize(
    ("preferred", "has_cloud", "told"),
    [
        ("cloud", True, "cloud"),
        ("cloud", False, "auto"),
        ("browser", False, "browser"),
        ("fax", True, "auto"),
    ],
)
def test_a_run_in_the_cloud_is_preferred_only_where_it_is_allowed(
    preferred: str, has_cloud: bool, told: str
) -> None:
    site = offer(told={"preferredExecution": preferred}, has_cloud_agent=has_cloud, shortcuts=[ORDER])
    assert extension(site)["preferredExecution"] == told
    assert skills_of(site)[0]["rover"]["task"]["preferExecution"] == told


def test_the_card_speaks_of_the_interface_and_never_to_the_reader() -> None:
    for sentence in extension(offer())["instructions"]:
        assert not {"you", "your", "must", "ignore", "always", "never"} & set(sentence.lower().split())


def test_everything_that_the_owner_said_is_in_the_card() -> None:
    site = offer(told=FULL_TOLD, shortcuts=[ORDER], has_cloud_agent=True)
    card = agent_card(site)
    check(CARD, card)
    assert (card["description"], card["version"]) == ("Bread by post.", "2.1.0")
    rover = card["extensions"]["rover"]
    assert rover["discoverySurface"] == {**FULL_TOLD["discoverySurface"], "compactActionMaxActions": 3}
    assert rover["pages"] == [
        {**FULL_TOLD["pages"][0], "pageId": "shop__bread", "capabilityIds": ["order", "opening-hours"]}
    ]
    assert rover["capabilitiesGraph"][-1] == {
        **FULL_TOLD["capabilities"][0],
        "resultModes": ["text", "json"],
    }
    assert rover["shortcuts"] == [{"id": "order", "label": "Order bread"}]


# --- the profile and the text ---


def test_the_profile_says_who_where_and_what() -> None:
    site = offer(told=FULL_TOLD, shortcuts=[ORDER])
    profile = rover_site(site)
    check(PROFILE, profile)
    assert profile["identity"] == {
        "siteId": SITE,
        "name": "Corner Bakery",
        "description": "Bread by post.",
        "siteUrl": "https://bakery.example/",
    }
    assert profile["auth"] == {
        "taskEndpoint": f"{BASE}/v1/tasks",
        "workflowEndpoint": f"{BASE}/v1/workflows",
        "acceptsHttpMessageSignatures": True,
        "supportsUnsignedSelfReportedIdentity": True,
    }
    assert profile["artifacts"] == {
        "agentCardUrl": f"{SERVED}/agent-card.json",
        "roverSiteUrl": f"{SERVED}/rover-site.json",
        "llmsUrl": f"{SERVED}/llms.txt",
        "siteUrl": "https://bakery.example/",
    }
    rover = extension(site)
    assert (profile["actions"], profile["pages"], profile["display"], profile["interfaces"]) == (
        rover["capabilitiesGraph"],
        rover["pages"],
        rover["discoverySurface"],
        agent_card(site)["interfaces"],
    )


def test_the_text_says_the_same_in_markdown() -> None:
    pages = [{"route": "/", "label": "Home", "capabilityIds": ["order"]}]
    text = llms_txt(offer(told={**FULL_TOLD, "pages": pages}, shortcuts=[ORDER]))
    assert text == (
        "# Corner Bakery\n"
        "\n"
        "> Bread by post.\n"
        "\n"
        f"- Tasks are made by `POST {BASE}/v1/tasks` with "
        '`{"url": "https://bakery.example/", "prompt": "…"}` as JSON; no key is needed.\n'
        f"- [Agent card]({SERVED}/agent-card.json): skills and ways in, for programs\n"
        f"- [Site profile]({SERVED}/rover-site.json): capabilities, pages and policies, for programs\n"
        f"- [HTTP interface]({BASE}/openapi.json): OpenAPI 3.1\n"
        "- [Website](https://bakery.example/)\n"
        "\n"
        "## Skills\n"
        "\n"
        "- shortcut `order` (orders, pays or sends something, asks a person first) Order bread\n"
        "- `search-shop` (reads) Search the shop: Finds bread.\n"
        "\n"
        "## Pages\n"
        "\n"
        "- Home /: `order`\n"
    )


def test_names_are_no_markup_in_the_text() -> None:
    hostile = "[x](javascript:alert(1)) <b> `code` \\"
    text = llms_txt(offer(site_name=hostile, shortcuts=[{**ORDER, "label": "a\n# b"}]))
    assert text.splitlines()[0] == "# \\[x\\](javascript:alert(1)) \\<b\\> \\`code\\` \\\\"
    assert "Order" not in text
    assert "a # b" in text


# --- whether it is published ---

OPEN = {
    "is_archived": False,
    "is_open": True,
    "is_turned_off": False,
    "has_key": True,
    "is_spoken_for": True,
}


def test_a_site_for_which_everything_agrees_is_published() -> None:
    assert silence_of(**OPEN) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_archived": True}, Silence.ARCHIVED),
        ({"is_open": False}, Silence.CLOSED),
        ({"is_turned_off": True}, Silence.TURNED_OFF),
        ({"has_key": False}, Silence.NO_KEY),
        ({"is_spoken_for": False}, Silence.UNPROVED),
        ({name: not value for name, value in OPEN.items()}, Silence.ARCHIVED),
        ({"has_key": False, "is_spoken_for": False}, Silence.NO_KEY),
    ],
)
def test_the_first_reason_against_it_is_named(changed: dict[str, bool], reason: Silence) -> None:
    found = silence_of(**{**OPEN, **changed})
    assert found is reason
    assert found.sentence("bakery.example").endswith(".")


# --- whatever was stored ---


MEMBERS = [*FULL_TOLD, *FULL_TOLD["discoverySurface"], "enabled"]
ENTRY = [*FULL_TOLD["additionalSkills"][0], *FULL_TOLD["capabilities"][0], *FULL_TOLD["pages"][0], "pageId"]
a_word = st.sampled_from(
    ["order", "Order", "zebra", "x", "/", "/a/b", "text", "cloud", "auto", "read", "webmcp"]
)
an_entry = st.dictionaries(
    st.sampled_from(ENTRY), json_values | a_word | st.lists(a_word | json_values, max_size=3), max_size=9
)
entries = st.lists(an_entry | json_values, max_size=4)
likely = st.fixed_dictionaries(
    {},
    optional={
        "additionalSkills": entries,
        "capabilities": entries,
        "pages": entries,
        "discoverySurface": json_objects_about([*FULL_TOLD["discoverySurface"]]),
        "preferredExecution": a_word,
        "description": any_text,
    },
)


@settings(deadline=None)
@given(told=likely | json_objects_about(MEMBERS) | json_values, has_cloud=st.booleans())
def test_whatever_an_owner_stored_every_file_is_good_and_nothing_hidden_is_in_it(
    told: Any, has_cloud: bool
) -> None:
    shortcuts = [ORDER, {**ORDER, "id": "zebra", "visibility": "private"}]
    site = offer(told=told, shortcuts=shortcuts, has_cloud_agent=has_cloud)
    check(CARD, agent_card(site))
    check(PROFILE, rover_site(site))
    check(MARKER, told_in(rich_marker(site)))
    names = [each["id"].lower() for each in skills_of(site)]
    assert len(names) == len(set(names))
    assert "zebra" not in names
    for artefact in ARTEFACTS.values():
        artefact.write(site).encode()
