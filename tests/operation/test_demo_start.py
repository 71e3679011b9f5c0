"""What somebody sees who starts Rover for the first time."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from rover_site.operation.preparing import DEMO_TOKEN, prepare_demo
from tests.operation.harness import Server, running, wait_for
from workspace.core.site_config import ai_access_effective
from workspace.models import AuditEntry, OwnerToken, Site, SiteKey
from workspace.selectors.keys import key_value
from workspace.services.admission import key_admit


@pytest.fixture(scope="module")
def demo(template: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server started with --demo whose walk-through has ended."""
    copy = shutil.copytree(template[0], tmp_path_factory.mktemp("demo") / "data")
    with running(copy, is_demo=True) as server:
        wait_for(
            lambda: "Ctrl-C stops everything" in server.output() or "broke off" in server.output(),
            seconds=60,
            what=f"the end of the walk-through; log:\n{server.output()[-3000:]}",
        )
        yield server


@pytest.mark.processes
def test_the_events_of_a_batch_of_thirty_are_told(demo: Server) -> None:
    assert re.search(r"task completed +30 URLs: 29 done, 1 failed", demo.output()), demo.output()[-5000:]


@pytest.mark.processes
def test_the_sign_in_link_signs_in_by_its_button_once(demo: Server) -> None:
    url = re.search(r"Sign in +(http://127\.0\.0\.1:\d+/sign-in/\S+)", demo.output())
    assert url is not None
    with httpx.Client(trust_env=False, timeout=10) as browser:
        page = browser.get(url[1])
        form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert form is not None, page.text
        pressed = browser.post(url[1], data={"csrfmiddlewaretoken": form[1]}, headers={"Origin": demo.origin})
        again = browser.get(url[1])
    assert [page.status_code, pressed.status_code, again.status_code] == [200, 302, 410]
    assert "sessionid" in pressed.cookies


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_printed_curl_line_works(demo: Server) -> None:
    lines = [line.strip() for line in demo.output().splitlines() if line.startswith("  curl ")]
    answers = [
        subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=True).stdout
        for line in lines
    ]
    started, stream, snapshot, answered = answers
    assert json.loads(started)["status"] == "running"
    assert json.loads(stream.splitlines()[-1])["kind"] == "task_completed"
    assert json.loads(snapshot)["status"] == "completed"
    task = json.loads(answered)
    assert (task["status"], "10:00 to 17:00" in task["result"]["text"]) == ("completed", True)


@pytest.mark.processes
def test_the_page_of_the_demo_site_is_named(demo: Server) -> None:
    assert re.search(
        r"Workspace +http://127\.0\.0\.1:\d+/workspace/sites/sandle-light-demo01/$",
        demo.output(),
        re.MULTILINE,
    ), demo.output()[-3000:]


@pytest.mark.processes
def test_the_demo_site_says_where_tasks_are_made_and_its_card_says_the_same(demo: Server) -> None:
    url = re.search(r"Demo site +(http://127\.0\.0\.1:\d+/)", demo.output())
    assert url is not None
    with httpx.Client(trust_env=False, timeout=10) as agent:
        page = agent.get(url[1]).text
        card = agent.get(f"{demo.origin}/discovery/sandle-light-demo01/agent-card.json").json()
    told = re.search(r'<script type="application/agent\+json">(.*?)</script>', page)
    assert told is not None
    assert json.loads(told[1])["task"] == card["url"] == f"{demo.origin}/v1/tasks"


@pytest.mark.processes
def test_every_page_of_the_demo_site_has_the_assistant(demo: Server) -> None:
    url = re.search(r"Demo site +(http://127\.0\.0\.1:\d+/)", demo.output())
    assert url is not None
    with httpx.Client(trust_env=False, timeout=10) as visitor:
        page = visitor.get(f"{url[1]}shop").text
        tag = re.search(r'<script src="([^"]+)"[^>]* data-site-id="([^"]+)" data-public-key="([^"]+)"', page)
        assert tag is not None, page[:3000]
        script = visitor.get(tag[1])
        body = {"siteId": tag[2], "publicKey": tag[3], "url": url[1]}
        opened = visitor.post(f"{demo.origin}/v2/rover/session/open", json=body)
    assert (script.status_code, tag[2]) == (200, "sandle-light-demo01")
    assert opened.json()["success"], opened.text


@pytest.mark.django_db
def test_a_demo_site_whose_owner_took_its_key_away_has_no_assistant() -> None:
    assert "data-public-key" in prepare_demo(settings.ROVER).embed
    SiteKey.objects.update(active=False)
    assert prepare_demo(settings.ROVER).embed == ""


@pytest.mark.django_db
def test_the_page_that_is_named_is_there_for_the_demo_owner() -> None:
    prepared = prepare_demo(settings.ROVER)
    browser = Client()
    browser.post(prepared.sign_in_path)
    assert browser.get(prepared.site_path).status_code == 200


@pytest.mark.django_db
def test_the_demo_site_is_open_to_agents_on_this_machine() -> None:
    prepare_demo(settings.ROVER)
    key = SiteKey.objects.get()
    assert (key.environment, key.site.name, key.site.owner.username) == (
        "development",
        "Sandle Light",
        "demo",
    )
    assert ai_access_effective(key.site.config.content["aiAccess"]).enabled
    now = timezone.now()
    here = key_admit(value=key_value(key), url="http://127.0.0.1:8123/shop", capability="roverEmbed", now=now)
    elsewhere = key_admit(value=key_value(key), url="https://example.com/", capability="roverEmbed", now=now)
    assert (here.is_admitted, elsewhere.is_admitted) == (True, False)


@pytest.mark.django_db
def test_a_second_start_leaves_the_demo_site_as_its_owner_made_it() -> None:
    first = prepare_demo(settings.ROVER)
    Site.objects.update(name="My own", archived_at=timezone.now())
    SiteKey.objects.update(active=False)
    n_before = AuditEntry.objects.exclude(site=None).count()
    assert prepare_demo(settings.ROVER).site_path == first.site_path
    assert Site.objects.get().name == "My own"
    assert not SiteKey.objects.get().active
    assert AuditEntry.objects.exclude(site=None).count() == n_before


@pytest.mark.django_db
def test_each_start_ends_the_token_of_the_one_before() -> None:
    first, second = prepare_demo(settings.ROVER), prepare_demo(settings.ROVER)
    live = OwnerToken.objects.filter(name=DEMO_TOKEN, revoked_at=None)
    assert first.token != second.token
    assert [token.hint for token in live] == [second.token[-4:]]


@pytest.mark.django_db
def test_the_demo_owner_has_no_password() -> None:
    prepare_demo(settings.ROVER)
    assert not OwnerToken.objects.get().owner.has_usable_password()
