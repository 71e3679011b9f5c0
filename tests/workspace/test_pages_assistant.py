"""The page of greeting, voice, page capture and kind of business."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from workspace.core.site_config import PAGE_CAPTURE_RANGES
from workspace.models import AuditEntry, Site, SiteConfig, User

ClientOf = Callable[[User], Client]


@pytest.fixture
def url(site: Site) -> str:
    return reverse("admin:site_assistant", args=[site.public_id])


@pytest.fixture
def browser(client_of: ClientOf, owner: User) -> Client:
    return client_of(owner)


def stored(site: Site) -> dict[str, Any]:
    content: dict[str, Any] = SiteConfig.objects.get(site=site).content
    return content


def version(site: Site) -> int:
    return SiteConfig.objects.get(site=site).version


@pytest.mark.parametrize(
    ("group", "typed", "expected"),
    [
        (
            "greeting",
            {"text": "Hello, I am {name}", "delay": "0", "duration": "1200", "disabled": "false"},
            {"text": "Hello, I am {name}", "delay": 0, "duration": 1200, "disabled": False},
        ),
        ("greeting", {"text": "Hi"}, {"text": "Hi"}),
        (
            "voice",
            {"enabled": "true", "language": "de-AT", "autoStopMs": "5000"},
            {"enabled": True, "language": "de-AT", "autoStopMs": 5000},
        ),
        (
            "pageConfig",
            {"disableAutoScroll": "false", **{name: str(r.low) for name, r in PAGE_CAPTURE_RANGES.items()}},
            {"disableAutoScroll": False, **{name: r.low for name, r in PAGE_CAPTURE_RANGES.items()}},
        ),
        ("businessType", {"businessType": "real_estate"}, "real_estate"),
    ],
)
def test_a_group_is_saved_as_the_contract_writes_it(
    browser: Client, site: Site, url: str, group: str, typed: dict[str, str], expected: object
) -> None:
    answer = browser.post(url, {"group": group, "version": version(site), **typed}, follow=True)

    assert answer.redirect_chain
    assert stored(site)[group] == expected
    assert AuditEntry.objects.filter(action="site_config.changed", actor_name="owner").count() == 1


def test_saving_one_group_leaves_the_others(browser: Client, site: Site, url: str) -> None:
    browser.post(url, {"group": "greeting", "version": version(site), "text": "Hi"})
    browser.post(url, {"group": "voice", "version": version(site), "enabled": "true", "autoStopMs": "900"})

    assert stored(site)["greeting"] == {"text": "Hi"}
    assert stored(site)["voice"] == {"enabled": True, "autoStopMs": 900}


@pytest.mark.parametrize(
    ("group", "typed", "message"),
    [
        ("greeting", {"text": "x" * 241}, "240"),
        ("greeting", {"delay": "60001"}, "60000"),
        ("greeting", {"duration": "1199"}, "1200"),
        ("greeting", {"delay": "soon"}, "whole number"),
        ("voice", {"language": "en_US"}, "language tag"),
        ("voice", {"autoStopMs": "799"}, "800"),
        ("pageConfig", {"adaptiveSettleRetries": "7"}, "6"),
        ("businessType", {"businessType": "piracy"}, "not one of the available choices"),
    ],
)
def test_a_wrong_value_is_shown_at_its_field_and_nothing_is_saved(
    browser: Client, site: Site, url: str, group: str, typed: dict[str, str], message: str
) -> None:
    before = stored(site)

    answer = browser.post(url, {"group": group, "version": version(site), **typed})

    [name] = typed
    form = next(form for form in answer.context["groups"] if form.group == group)
    assert answer.status_code == 422
    assert message in " ".join(form.errors[name])
    assert form[name].value() == typed[name]
    assert stored(site) == before


def test_clear_takes_the_group_away(browser: Client, site: Site, url: str) -> None:
    browser.post(url, {"group": "greeting", "version": version(site), "text": "Hi"})

    browser.post(url, {"group": "greeting", "clear": "yes"})

    assert stored(site)["greeting"] is None


def test_an_edit_of_an_old_state_shows_both_and_can_be_saved_again(
    browser: Client, site: Site, url: str
) -> None:
    seen = version(site)
    browser.post(url, {"group": "greeting", "version": seen, "text": "Theirs"})

    refused = browser.post(url, {"group": "greeting", "version": seen, "text": "Mine"})

    assert refused.status_code == 409
    assert stored(site)["greeting"] == {"text": "Theirs"}
    assert "Theirs" in refused.text
    assert 'value="Mine"' in refused.text

    form = next(form for form in refused.context["groups"] if form.group == "greeting")
    browser.post(url, {"group": "greeting", "version": form["version"].value(), "text": "Mine"})
    assert stored(site)["greeting"] == {"text": "Mine"}


def test_hostile_text_is_shown_as_text(browser: Client, site: Site, url: str) -> None:
    hostile = '"><script>alert(1)</script>'
    browser.post(url, {"group": "greeting", "version": version(site), "text": hostile})

    page = browser.get(url).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_viewer_reads_and_cannot_save(client_of: ClientOf, viewer: User, site: Site, url: str) -> None:
    visitor = client_of(viewer)

    assert "<textarea" not in visitor.get(url).text
    assert 'name="group"' not in visitor.get(url).text
    assert visitor.post(url, {"group": "greeting", "version": 1, "text": "Hi"}).status_code == 403
    assert stored(site)["greeting"] is None


def test_a_stranger_finds_nothing(client_of: ClientOf, other: User, url: str) -> None:
    assert client_of(other).get(url).status_code == 404


@pytest.mark.parametrize("data", [{}, {"group": "aiAccess"}, {"group": "businessType", "clear": "yes"}])
def test_a_form_that_does_not_exist_is_refused(browser: Client, url: str, data: dict[str, str]) -> None:
    assert browser.post(url, data).status_code == 400
