"""What a page is told of RoverBook with its session, and the script that it fetches."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from roverbook.models import NotificationSettings
from tasks.v2.bundle import ROVERBOOK, served, sources
from tasks.v2.scripts import FOREVER, SHORT, scripts
from tests.roverbook.collector.conftest import Collector
from tests.tasks.agents.support import change_policy
from tests.tasks.sessions.steps import asked
from tests.tasks.sessions.support import data
from workspace.models import Site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("needs", [None, False, True])
async def test_a_page_is_told_whether_it_needs_the_visitors_consent(
    book: Collector, shop: Site, needs: bool | None
) -> None:
    if needs is not None:
        await asked(
            NotificationSettings.objects.create, site=shop, needs_consent=needs, updated_at=timezone.now()
        )
    page = await book.page(shop)
    assert page.opened["siteConfig"]["roverbook"] == {"needsConsent": needs is True}


async def test_a_site_for_analytics_alone_is_told_of_visits_all_the_same(book: Collector, shop: Site) -> None:
    await asked(change_policy, shop, siteMode="analytics_only")
    page = await book.page(shop)
    told = {"eventId": "e1", "type": "status"}
    assert data(await book.ingest(page, told)) == {"accepted": 1, "known": 0}


def get(path: str, **headers: Any) -> Any:
    return Client().get(path, **headers)


class TestTheScript:
    def test_is_a_loader_that_names_the_version_of_the_rest(self) -> None:
        found = scripts("roverbook")
        answer = get("/roverbook.js")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, SHORT)
        assert f"roverbook/{found.version}/main.js" in answer.content.decode()
        assert get("/roverbook.js?v=key").headers["Cache-Control"] == FOREVER

    def test_is_for_pages_of_every_origin(self) -> None:
        for path in ("/roverbook.js", f"/roverbook/{scripts('roverbook').version}/main.js"):
            headers = get(path).headers
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert headers["Content-Type"] == "text/javascript; charset=utf-8"

    def test_of_another_version_leads_to_that_of_today(self) -> None:
        answer = get("/roverbook/-/main.js")
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"../{scripts('roverbook').version}/main.js"

    def test_is_all_there_is_of_the_folder(self) -> None:
        version = scripts("roverbook").version
        for name in ("nothing.js", "../embed/main.js", "roverbook.js", "bundled/main.js"):
            assert get(f"/roverbook/{version}/{name}").status_code in (301, 404)

    def test_in_the_repository_is_bundled_of_the_modules_as_they_are(self) -> None:
        assert set(served(ROVERBOOK)) == {"roverbook.js", "main.js"}, "run `make embed`"
        assert "queue.js" in sources(ROVERBOOK)

    def test_has_eight_kib(self) -> None:
        assert sum(len(file.zipped) for file in scripts("roverbook").files.values()) <= 8 * 1024
