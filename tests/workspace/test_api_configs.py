"""A site's configuration and RoverBook's settings through the management API."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from roverbook.core.questions import USUAL_QUESTIONS
from roverbook.models import NotificationSettings
from tests.workspace.api_support import call, data_of, fields_of, refusal_of
from workspace.core.site_config import empty_site_config
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, Site, SiteConfig, SiteKey, User

Tokens = Callable[..., str]
HOURS = {"id": "hours", "label": "Opening hours", "prompt": "When are you open?"}
LIMITS = {"shortcutMaxStored": 100, "shortcutMaxRendered": 12}


@pytest.fixture
def token(owner: User, token_of: Tokens) -> str:
    return token_of(owner, Scope.MANAGE)


@pytest.fixture
def upsert(token: str, key: SiteKey) -> Callable[..., Any]:
    """Change the site's configuration."""

    def send(**site_config: Any) -> Any:
        body = {"keyId": str(key.pk), "siteConfig": site_config}
        return call("upsertRoverSiteConfig", body, token=token)

    return send


def read(token: str, key: SiteKey) -> Any:
    return data_of(call("getRoverSiteConfig", {"keyId": str(key.pk)}, token=token))


def changes() -> int:
    return AuditEntry.objects.filter(action="site_config.changed").count()


def test_a_new_site_has_the_empty_configuration(token: str, key: SiteKey) -> None:
    expected = {**empty_site_config(), "limits": LIMITS, "version": 1}

    assert read(token, key) == {"siteConfig": expected, "version": 1}


def test_what_was_written_is_read_and_the_version_counts(
    token: str, key: SiteKey, upsert: Callable[..., Any]
) -> None:
    answer = data_of(
        upsert(
            shortcuts=[HOURS],
            greeting={"text": "Hello {name}", "delay": 0},
            voice={"enabled": True},
            pageConfig={"adaptiveSettleRetries": 2},
            aiAccess={"enabled": True},
            businessType="restaurant",
            experience={"dock": "left"},
            agentDiscovery={"listed": False},
        )
    )

    assert answer == read(token, key)
    assert answer["version"] == 2
    assert answer["siteConfig"] == {
        "shortcuts": [HOURS | {"enabled": True}],
        "greeting": {"text": "Hello {name}", "delay": 0},
        "voice": {"enabled": True, "autoStopMs": 2600},
        "pageConfig": {"adaptiveSettleRetries": 2},
        "aiAccess": {"enabled": True},
        "businessType": "restaurant",
        "experience": {"dock": "left"},
        "agentDiscovery": {"listed": False},
        "limits": LIMITS,
        "version": 2,
    }


def test_what_is_not_named_stays_and_null_clears(upsert: Callable[..., Any]) -> None:
    data_of(
        upsert(
            shortcuts=[HOURS],
            greeting={"text": "Hello"},
            voice={"enabled": True},
            pageConfig={"onlyTextContent": True},
        )
    )

    config = data_of(upsert(greeting=None, voice=None, pageConfig=None))["siteConfig"]

    assert (config["greeting"], config["voice"], config["pageConfig"]) == (None, None, None)
    assert [one["id"] for one in config["shortcuts"]] == ["hours"]


def test_shortcuts_are_replaced_as_a_whole(upsert: Callable[..., Any]) -> None:
    data_of(upsert(shortcuts=[HOURS, HOURS | {"id": "menu"}]))

    config = data_of(upsert(shortcuts=[HOURS | {"id": "menu", "label": "Menu"}]))["siteConfig"]

    assert [(one["id"], one["label"]) for one in config["shortcuts"]] == [("menu", "Menu")]


def test_a_change_is_on_record_and_no_change_is_none(owner: User, upsert: Callable[..., Any]) -> None:
    data_of(upsert(greeting={"text": "Hello"}))
    same = data_of(upsert(greeting={"text": "Hello"}))

    entry = AuditEntry.objects.get(action="site_config.changed")
    assert (entry.actor, entry.door) == (owner, "api")
    assert (entry.before, entry.after) == ({"greeting": None}, {"greeting": {"text": "Hello"}})
    assert same["version"] == 2


def test_without_site_config_nothing_changes(token: str, key: SiteKey) -> None:
    answer = data_of(call("upsertRoverSiteConfig", {"keyId": str(key.pk)}, token=token))

    assert (answer["version"], changes()) == (1, 0)


def test_limits_come_from_the_keys_policy_and_hold(
    token: str, key: SiteKey, upsert: Callable[..., Any]
) -> None:
    policy = {"keyId": str(key.pk), "roverPolicy": {"shortcutMaxStored": 1, "shortcutMaxRendered": 1}}
    data_of(call("updateRoverSiteKeyPolicy", policy, token=token))

    refused = upsert(shortcuts=[HOURS, HOURS | {"id": "menu"}])

    assert fields_of(refused) == {"siteConfig.shortcuts": "too_long"}
    assert read(token, key)["siteConfig"]["limits"] == {"shortcutMaxStored": 1, "shortcutMaxRendered": 1}


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"shortcuts": None}, {"siteConfig.shortcuts": "wrong_type"}),
        ({"shortcuts": [HOURS, HOURS]}, {"siteConfig.shortcuts[1].id": "duplicate"}),
        ({"shortcuts": [{"id": "a b", "label": "", "prompt": "x" * 2001}]}, {"siteConfig.shortcuts[0].id": "not_allowed", "siteConfig.shortcuts[0].label": "required", "siteConfig.shortcuts[0].prompt": "too_long"}),
        ({"shortcuts": [7]}, {"siteConfig.shortcuts[0]": "wrong_type"}),
        ({"greeting": {"text": "x" * 241}}, {"siteConfig.greeting.text": "too_long"}),
        ({"greeting": {"delay": 60_001, "duration": 1_199}}, {"siteConfig.greeting.delay": "out_of_range", "siteConfig.greeting.duration": "out_of_range"}),
        ({"greeting": "hi"}, {"siteConfig.greeting": "wrong_type"}),
        ({"voice": {"language": "en_US"}}, {"siteConfig.voice.language": "not_allowed"}),
        ({"pageConfig": {"totalBudgetMs": 25}}, {"siteConfig.pageConfig.totalBudgetMs": "out_of_range"}),
        ({"aiAccess": {"enabled": "yes"}}, {"siteConfig.aiAccess.enabled": "wrong_type"}),
        ({"businessType": "zoo"}, {"siteConfig.businessType": "not_allowed"}),
        ({"experience": {"a": "x" * 33_000}}, {"siteConfig.experience": "too_long"}),
        ({"version": 7}, {"siteConfig.version": "read_only"}),
        ({"limits": {}}, {"siteConfig.limits": "read_only"}),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_refused_change_names_each_field_and_writes_nothing(
    patch: dict[str, Any], fields: dict[str, str], upsert: Callable[..., Any], site: Site
) -> None:
    response = upsert(**patch)

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == fields
    assert (SiteConfig.objects.get(site=site).version, changes()) == (1, 0)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"branding": {}}, "siteConfig.branding"),
        ({"greeting": {"colour": 1}}, "siteConfig.greeting.colour"),
        ({"pageConfig": {"maxParallelTabs": 2}}, "siteConfig.pageConfig.maxParallelTabs"),
        ({"shortcuts": [HOURS | {"run_kind": "task"}]}, "siteConfig.shortcuts[0].run_kind"),
    ],
    ids=str,
)
def test_an_unknown_field_is_a_bad_request(
    patch: dict[str, Any], field: str, upsert: Callable[..., Any]
) -> None:
    response = upsert(**patch)

    assert refusal_of(response) == (400, "validation_failed")
    assert fields_of(response) == {field: "unknown_field"}


def test_a_key_in_its_grace_still_reads(token: str, key: SiteKey) -> None:
    data_of(call("rotateRoverSiteKey", {"keyId": str(key.pk), "graceSeconds": 60}, token=token))

    assert read(token, key)["version"] == 1


# --- RoverBook ---


@pytest.fixture
def book(token: str, site: Site) -> Callable[..., Any]:
    """Call one of RoverBook's operations for the site."""

    def send(name: str, **fields: Any) -> Any:
        return call(name, {"siteId": site.public_id, **fields}, token=token)

    return send


def test_a_site_without_settings_has_the_defaults(book: Callable[..., Any], site: Site) -> None:
    assert data_of(book("getRoverBookNotificationSettings")) == {
        "siteId": site.public_id,
        "enabled": False,
        "webhooks": [],
        "interviewQuestions": list(USUAL_QUESTIONS),
    }


def test_settings_are_kept_and_what_is_not_named_stays(book: Callable[..., Any]) -> None:
    data_of(book("upsertRoverBookNotificationSettings", enabled=True, interviewQuestions=[" Why? ", "How?"]))
    data_of(book("upsertRoverBookNotificationSettings", webhooks=[]))
    data_of(book("upsertRoverBookQuestions", interviewQuestions=["When?"]))

    told = data_of(book("getRoverBookNotificationSettings"))

    assert (told["enabled"], told["interviewQuestions"]) == (True, ["When?"])
    assert data_of(book("upsertRoverBookNotificationSettings", enabled=False))["enabled"] is False


def test_each_change_of_settings_is_on_record_once(book: Callable[..., Any], owner: User, site: Site) -> None:
    for _ in range(2):
        data_of(book("upsertRoverBookQuestions", interviewQuestions=["Why?"]))

    entry = AuditEntry.objects.get(action="roverbook_settings.changed")
    assert (entry.actor, entry.door, entry.site) == (owner, "api", site)
    usual = list(USUAL_QUESTIONS)
    assert (entry.before, entry.after) == ({"interviewQuestions": usual}, {"interviewQuestions": ["Why?"]})


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"enabled": "yes"}, {"enabled": "wrong_type"}),
        ({"interviewQuestions": "Why?"}, {"interviewQuestions": "wrong_type"}),
        ({"interviewQuestions": ["x" * 301]}, {"interviewQuestions[0]": "too_long"}),
        ({"interviewQuestions": [" "]}, {"interviewQuestions[0]": "required"}),
        ({"interviewQuestions": ["a\nb"]}, {"interviewQuestions[0]": "not_allowed"}),
        ({"interviewQuestions": [str(n) for n in range(21)]}, {"interviewQuestions": "too_long"}),
        ({"interviewQuestions": ["Why?", "Why? "]}, {"interviewQuestions": "duplicate"}),
        ({"webhooks": [{"url": "http://hooks.example/"}], "enabled": 1}, {"webhooks[0].url": "not_allowed", "enabled": "wrong_type"}),
        ({"webhooks": {}}, {"webhooks": "wrong_type"}),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_refused_settings_name_each_field_and_write_nothing(
    fields: dict[str, Any], codes: dict[str, str], book: Callable[..., Any]
) -> None:
    response = book("upsertRoverBookNotificationSettings", **fields)

    assert refusal_of(response) == (422, "validation_failed")
    assert fields_of(response) == codes
    assert NotificationSettings.objects.count() == 0


@pytest.mark.parametrize(
    "questions", [[], [str(n) for n in range(20)], ["x" * 300]], ids=["none", "20", "300"]
)
def test_questions_up_to_the_limits_are_kept(
    questions: list[str], book: Callable[..., Any], now: datetime
) -> None:
    assert (
        data_of(book("upsertRoverBookQuestions", interviewQuestions=questions))["interviewQuestions"]
        == questions
    )
