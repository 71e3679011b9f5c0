"""The webhooks of a site through the management API: a list that replaces, secrets that are masked."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from roverbook.models import WebhookDelivery, WebhookEndpoint
from roverbook.selectors.webhook_secrets import signing_secrets, target_of
from tasks.models import Task
from tests.roverbook.webhooks.conftest import Tell
from tests.workspace.api_support import fields_of
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, Site, User
from workspace.services.owners import owner_token_create

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/rover"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
Put = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def call(owner: User, site: Site) -> Callable[..., Any]:
    """Call an operation for the site as its owner."""
    token = owner_token_create(owner=owner, name="script", scopes=tuple(Scope), now=timezone.now())

    def called(name: str, **fields: Any) -> Any:
        return Client().post(
            f"/api/v1/{name}",
            json.dumps({"siteId": site.public_id, **fields}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return called


@pytest.fixture
def put(call: Callable[..., Any]) -> Put:
    """Let these be the webhooks; returns them as the answer tells them."""

    def done(*webhooks: Any) -> list[dict[str, Any]]:
        response = call("upsertRoverBookNotificationSettings", webhooks=list(webhooks))
        assert response.status_code == 200, response.content
        found: list[dict[str, Any]] = response.json()["data"]["webhooks"]
        return found

    return done


@pytest.fixture
def read(call: Callable[..., Any]) -> Put:
    """The webhooks as they are read."""
    return lambda: call("getRoverBookNotificationSettings").json()["data"]["webhooks"]


def refused(response: Any) -> dict[str, str]:
    """The fields that were refused, with their codes."""
    assert response.status_code in (400, 422), response.content
    return fields_of(response)


def test_a_secret_that_was_made_is_shown_in_one_answer_only(put: Put, read: Put) -> None:
    [made] = put({"url": URL})

    assert (made["url"], made["events"], made["active"], made["hasSecret"]) == (URL, ["*"], True, True)
    assert made["secret"].startswith("whsec_")
    [seen] = read()
    assert seen["secret"] == "••••" + made["secret"][-4:]
    assert signing_secrets(WebhookEndpoint.objects.get(), now=timezone.now()) == [made["secret"]]


def test_what_was_read_can_be_sent_back_and_changes_nothing(put: Put, read: Put) -> None:
    put(
        {
            "url": "https://me:pass@hooks.example.com/x?token=abc",
            "headers": {"X-Key": "hidden"},
            "secret": SECRET,
        }
    )
    before = read()
    n_entries = AuditEntry.objects.count()

    put(*before)

    assert (read(), AuditEntry.objects.count()) == (before, n_entries)
    [shown] = before
    assert shown["url"] == "https://***@hooks.example.com/x?token=***"
    assert shown["headers"] == {"X-Key": "••••"}
    target = target_of(WebhookEndpoint.objects.get())
    assert target.url == "https://me:pass@hooks.example.com/x?token=abc"
    assert target.all_headers() == {"X-Key": "hidden", "Authorization": "Basic bWU6cGFzcw=="}


def test_a_new_secret_replaces_and_the_old_one_signs_for_a_day(put: Put) -> None:
    [made] = put({"url": URL, "secret": SECRET})
    put({"id": made["id"], "secret": OTHER_SECRET})

    endpoint, now = WebhookEndpoint.objects.get(), timezone.now()
    assert signing_secrets(endpoint, now=now) == [OTHER_SECRET, SECRET]
    assert signing_secrets(endpoint, now=now + timedelta(hours=25)) == [OTHER_SECRET]


def test_null_takes_the_secret_away_at_once(put: Put) -> None:
    [made] = put({"url": URL, "secret": SECRET})
    [told] = put({"id": made["id"], "secret": None})

    assert (told["secret"], told["hasSecret"]) == (None, False)
    assert signing_secrets(WebhookEndpoint.objects.get(), now=timezone.now()) == []


def test_the_list_replaces_and_what_an_item_does_not_have_stays(put: Put, tell: Tell) -> None:
    first, second = put({"url": URL, "description": "First"}, {"url": URL + "/2", "events": ["visit.failed"]})
    tell()
    assert (WebhookDelivery.objects.count(), Task.objects.count()) == (2, 2)

    [kept] = put({"id": second["id"], "active": False})

    assert (kept["id"], kept["url"], kept["events"], kept["active"]) == (
        second["id"],
        URL + "/2",
        ["visit.failed"],
        False,
    )
    assert (WebhookDelivery.objects.count(), Task.objects.count()) == (1, 1)  # the log goes with the webhook
    removed = AuditEntry.objects.get(action="webhook.removed")
    assert (removed.subject_id, removed.subject_label) == (first["id"], "First")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"url": "http://hooks.example.com/"}, {"url": "not_allowed"}),
        ({"url": "ftp://hooks.example.com/"}, {"url": "not_allowed"}),
        ({"url": "file:///etc/passwd"}, {"url": "not_allowed"}),
        ({"url": "https://10.0.0.1/"}, {"url": "not_allowed"}),
        ({"url": "https://[fd00::1]/"}, {"url": "not_allowed"}),
        ({"url": "https://169.254.169.254/latest"}, {"url": "not_allowed"}),
        ({"url": "https://2852039166/latest"}, {"url": "not_allowed"}),
        ({"url": "https://hooks.example.com:25/"}, {"url": "not_allowed"}),
        ({"url": "https://***@hooks.example.com/"}, {"url": "not_allowed"}),
        ({"url": "hooks.example.com"}, {"url": "not_allowed"}),
        ({"url": "https://hooks.example.com/\r\nX: y"}, {"url": "not_allowed"}),
        ({"url": "https://h.example/" + "x" * 2_000}, {"url": "too_long"}),
        ({}, {"url": "required"}),
        ({"url": URL, "events": ["visit.everything"]}, {"events[0]": "not_allowed"}),
        ({"url": URL, "events": []}, {"events": "required"}),
        ({"url": URL, "events": ["visit.failed", "visit.failed"]}, {"events": "duplicate"}),
        ({"url": URL, "secret": "short"}, {"secret": "not_allowed"}),
        ({"url": URL, "secret": "whsec_short"}, {"secret": "not_allowed"}),
        ({"url": URL, "secret": "••••abcd"}, {"secret": "not_allowed"}),
        ({"url": URL, "secret": "sixteen letters\n!"}, {"secret": "not_allowed"}),
        ({"url": URL, "secret": 5}, {"secret": "wrong_type"}),
        ({"url": URL, "headers": {"Host": "x"}}, {"headers": "not_allowed"}),
        ({"url": URL, "headers": {"webhook-id": "x"}}, {"headers": "not_allowed"}),
        ({"url": URL, "headers": {"X-A": "a\r\nB: c"}}, {"headers": "not_allowed"}),
        ({"url": URL, "headers": {"X A": "a"}}, {"headers": "not_allowed"}),
        ({"url": URL, "headers": {"X-A": "••••"}}, {"headers": "not_allowed"}),
        ({"url": URL, "active": "yes"}, {"active": "wrong_type"}),
        ({"url": URL, "description": "a\x00b"}, {"description": "not_allowed"}),
        ({"id": "01a2b3c4-d5e6-7f00-8a1b-2c3d4e5f6071", "url": URL}, {"id": "not_allowed"}),
        ({"url": URL, "colour": "red"}, {"colour": "unknown_field"}),
        (5, {"": "wrong_type"}),
    ],
    ids=lambda value: str(value)[:50].replace("\x00", "NUL") if isinstance(value, dict) else "no object",
)  # fmt: skip
def test_refused_webhooks_name_the_field_and_change_nothing(
    item: Any, code: dict[str, str], call: Callable[..., Any]
) -> None:
    response = call("upsertRoverBookNotificationSettings", enabled=False, webhooks=[{"url": URL}, item])

    named = {f"webhooks[1].{name}".rstrip("."): value for name, value in code.items()}
    assert refused(response) == named
    assert WebhookEndpoint.objects.count() == 0


def test_a_site_has_at_most_ten(call: Callable[..., Any], put: Put) -> None:
    assert len(put(*({"url": f"{URL}/{n}"} for n in range(10)))) == 10
    eleven = [{"url": f"{URL}/{n}"} for n in range(11)]
    assert refused(call("upsertRoverBookNotificationSettings", webhooks=eleven)) == {"webhooks": "too_long"}


def test_plain_http_is_for_this_machine_and_development_alone(
    call: Callable[..., Any], put: Put, settings: Any
) -> None:
    local = {"url": "http://127.0.0.1:8099/hook"}
    assert put(local)
    put()
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})
    for url in (local["url"], "https://127.0.0.1/", "https://localhost/"):
        response = call("upsertRoverBookNotificationSettings", webhooks=[{"url": url}])
        assert refused(response) == {"webhooks[0].url": "not_allowed"}


def test_a_webhook_of_another_site_cannot_be_named(
    call: Callable[..., Any], new_site: Callable[[str], Site], new_hook: Any
) -> None:
    theirs, _ = new_hook(URL, at=new_site("Other"))

    response = call("upsertRoverBookNotificationSettings", webhooks=[{"id": str(theirs.pk), "active": False}])

    assert refused(response) == {"webhooks[0].id": "not_allowed"}
    theirs.refresh_from_db()
    assert theirs.active


def test_each_change_is_on_record_and_no_secret_is(put: Put, read: Put) -> None:
    secret_url = "https://me:private-pass@hooks.example.com/x?token=private-token"
    [made] = put({"url": secret_url, "headers": {"X-Key": "private-value"}, "secret": SECRET})
    put({"id": made["id"], "secret": OTHER_SECRET, "headers": {"X-Key": "private-other"}, "active": False})
    put({"id": made["id"], "events": ["visit.failed"]})
    put()

    actions = (
        AuditEntry.objects.filter(subject_kind="webhook").order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["webhook.created", "webhook.changed", "webhook.changed", "webhook.removed"]
    rows = AuditEntry.objects.filter(subject_kind="webhook")
    kept = json.dumps([[row.before, row.after, row.subject_label, row.note] for row in rows])
    for secret in ("private", SECRET, OTHER_SECRET, SECRET.removeprefix("whsec_")):
        assert secret not in kept
    assert rows.order_by("id")[1].after["replaced"] == ["headers", "secret"]


def test_secrets_are_sealed_in_the_database(put: Put) -> None:
    put({"url": "https://me:private@hooks.example.com/", "headers": {"X-Key": "private"}, "secret": SECRET})

    row = WebhookEndpoint.objects.values().get()
    kept = " ".join(str(value) for value in row.values())
    assert "private" not in kept
    assert SECRET.removeprefix("whsec_") not in kept
