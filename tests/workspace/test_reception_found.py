"""What is found of a site that answers: quickly, as it is now, and with what its owner allows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from tests.workspace.reception_support import HOST, Directory
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope
from workspace.models import HostClaim, SiteConfig, SiteKey, User
from workspace.selectors.claims import speaks_for
from workspace.selectors.reception import reception_for, reception_of
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_end_now, key_update
from workspace.services.sites import site_archive


@pytest.fixture
def directory(owner: User, actor: Actor, now: datetime) -> Directory:
    return Directory(owner=owner, actor=actor, now=now)


# --- the search and the rule it searches by ---


def test_it_finds_exactly_what_speaks_for_its_host(directory: Directory) -> None:
    cases = product(
        [HOST, "localhost"],
        ["production", "development", "test"],
        [None, False, True],
        [[HOST], ["localhost"], ["other.example"]],
        [True, False],
    )
    key, site = directory.key(), directory.site()
    seen = set()
    for host, environment, lost, domains, embeds in cases:
        HostClaim.objects.all().delete()
        if lost is not None:
            directory.prove(host, lost=lost)
        key.environment, key.normalized_domains = environment, domains
        key.capabilities = {"roverEmbed": embeds}
        key.revision += 1
        key.save()
        covers = Scope.compile(domains, ScopeMode.REGISTRABLE_DOMAIN).covers(host)
        expected = key if speaks_for(site, key, host) and covers and embeds else None

        assert directory.found(host) == expected, (host, environment, lost, domains, embeds)

        seen.add(expected is None)
    assert seen == {True, False}


def test_a_host_that_was_asked_for_before_costs_one_query(
    directory: Directory, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        directory.key()
    directory.prove()
    directory.found()

    with django_assert_num_queries(1):
        reception = reception_for(HOST, now=directory.now)
        assert reception is not None
        assert reception.config["shortcuts"] == []
        assert reception.site.owner_id == directory.owner.pk


@pytest.mark.parametrize(
    "change",
    [
        lambda of, key: key_update(actor=of.actor, key=key, allowed_domains=["other.example"], now=of.now),
        lambda of, key: key_update(actor=of.actor, key=key, capabilities={"roverEmbed": False}, now=of.now),
        lambda of, key: key_update(actor=of.actor, key=key, active=False, now=of.now),
        lambda of, key: key_end_now(actor=of.actor, key=key, now=of.now),
        lambda of, key: site_archive(actor=of.actor, site=of.site(), now=of.now),
        lambda of, key: HostClaim.objects.update(lost_at=of.now),
        lambda of, key: HostClaim.objects.all().delete(),
    ],
    ids=["domains", "capability", "disabled", "revoked", "archived", "proof lost", "claim withdrawn"],
)
def test_what_the_owner_takes_back_counts_at_once(
    directory: Directory, change: Callable[[Directory, SiteKey], object]
) -> None:
    key = directory.key()
    directory.prove()
    assert directory.found() == key

    change(directory, key)

    assert directory.found() is None


def test_what_the_owner_changes_about_the_site_counts_at_once(directory: Directory) -> None:
    before = reception_with(directory, {"enabled": True, "autoPromoteSeconds": 5})
    assert (before.takes_tasks, before.access.auto_promote_seconds) == (True, 5)

    site_config_patch(
        actor=directory.actor,
        site=directory.site(),
        patch={"aiAccess": {"enabled": False}},
        max_stored=100,
        now=directory.now,
    )

    after = reception_for(HOST, now=directory.now)
    assert after is not None
    assert not after.takes_tasks


# --- what the site allows ---


def reception_with(
    directory: Directory, access: Mapping[str, Any], key: Mapping[str, Any] | None = None, **config: Any
) -> Any:
    directory.key(**(key or {}))
    directory.prove()
    site_config_patch(
        actor=directory.actor,
        site=directory.site(),
        patch={"aiAccess": dict(access), **config},
        max_stored=100,
        now=directory.now,
    )
    found = reception_for(HOST, now=directory.now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("access", "site_mode", "takes_tasks"),
    [
        ({}, "agent", False),
        ({"enabled": False}, "agent", False),
        ({"enabled": True}, "agent", True),
        ({"enabled": True}, "analytics_only", False),
        ({"allowPromptLaunch": True}, "agent", False),
    ],
)
def test_a_site_takes_tasks_when_its_owner_said_so_and_it_is_there_for_more_than_analytics(
    directory: Directory, access: dict[str, Any], site_mode: str, takes_tasks: bool
) -> None:
    reception = reception_with(directory, access, {"policy": {"siteMode": site_mode}})

    assert reception.takes_tasks is takes_tasks


@pytest.mark.parametrize(
    ("access", "cloud_agent", "allows_cloud"),
    [
        ({"enabled": True}, True, True),
        ({"enabled": True}, False, False),
        ({"enabled": True, "allowCloudBrowser": False}, True, False),
        ({"enabled": False, "allowCloudBrowser": True}, True, False),
    ],
)
def test_tasks_run_on_the_server_when_configuration_and_key_both_allow_it(
    directory: Directory, access: dict[str, Any], cloud_agent: bool, allows_cloud: bool
) -> None:
    reception = reception_with(directory, access, {"capabilities": {"cloudAgent": cloud_agent}})

    assert reception.allows_cloud is allows_cloud


def test_a_shortcut_is_found_by_its_id_while_it_is_enabled(directory: Directory) -> None:
    shortcuts = [
        {"id": "latest", "label": "Latest", "prompt": "find the latest post"},
        {"id": "old", "label": "Old", "prompt": "find the oldest post", "enabled": False},
    ]
    reception = reception_with(directory, {"enabled": True}, shortcuts=shortcuts)

    assert reception.shortcut("latest")["prompt"] == "find the latest post"
    assert reception.shortcut("old") is None
    assert reception.shortcut("Latest") is None


def test_a_site_without_configuration_takes_no_tasks(directory: Directory) -> None:
    directory.key()
    directory.prove()
    SiteConfig.objects.filter(site=directory.site()).delete()
    found = reception_for(HOST, now=directory.now)

    assert found is not None
    assert not found.takes_tasks
    assert found.shortcut("latest") is None


def test_of_a_known_key_the_rules_are_read_whatever_its_state(directory: Directory) -> None:
    key = directory.key()
    key_end_now(actor=directory.actor, key=key, now=directory.now)

    assert reception_of(key).key == key
    assert reception_of(key).scope.covers("www.shop.example")
