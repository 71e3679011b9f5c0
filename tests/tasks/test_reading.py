"""Reading one page: warm, then read."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from rover_site.demo import DemoSiteThread
from tasks.core.errors import UrlsRejected
from tasks.fetching.errors import FetchTimeout, Gone, UnsupportedContent
from tasks.fetching.urls import parse
from tasks.models import Page, Task
from tasks.services.pages import page_key
from tasks.services.reading import PageView, page_get

pytestmark = pytest.mark.django_db(transaction=True)


def read(url: str, **options: object) -> PageView:
    return page_get(url=url, now=timezone.now(), **options)  # type: ignore[arg-type]  # options of one test each


def test_a_page_that_a_batch_warmed_is_read_without_a_request(
    run_batch: Callable[..., Task], origin: DemoSiteThread
) -> None:
    run_batch([origin.url("/visit")])
    origin.log.reset()

    page = read(origin.url("/visit"))

    assert (page.cache_status, origin.log.connections) == ("hit", 0)
    assert page.title == "Opening hours, tickets and how to get here"
    assert page.fetched_at == Page.objects.get().fetched_at


def test_a_page_that_is_not_stored_is_fetched_and_kept(origin: DemoSiteThread) -> None:
    first, second = read(origin.url("/visit")), read(origin.url("/visit"))

    assert (first.cache_status, second.cache_status) == ("miss", "hit")
    assert first.markdown == second.markdown
    assert origin.log.hits("/visit") == 1


def test_force_refresh_asks_the_origin_again(origin: DemoSiteThread) -> None:
    read(origin.url("/visit"))

    again = read(origin.url("/visit"), force_refresh=True)

    assert (again.cache_status, again.confirmed_at is not None) == ("hit", True)
    assert origin.log.hits("/visit") == 2


def test_two_variants_of_one_url_are_one_page_and_another_query_is_another(origin: DemoSiteThread) -> None:
    read(origin.url("/visit"))

    assert read(origin.url("/./visit#top").replace("http:", "HTTP:")).cache_status == "hit"
    assert read(origin.url("/visit?a=1&b=2")).cache_status == "miss"
    assert read(origin.url("/visit?b=2&a=1")).cache_status == "miss"


def test_an_expired_page_is_not_served_unasked(origin: DemoSiteThread) -> None:
    read(origin.url("/visit"))
    Page.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    read(origin.url("/visit"))

    assert origin.log.hits("/visit") == 2


def test_what_a_page_claims_to_be_does_not_move_it_in_the_cache(origin: DemoSiteThread) -> None:
    read(origin.url("/blog/quiet-hours"))

    page = Page.objects.get()
    assert page.metadata["canonical"].startswith("http")
    assert page.url == origin.url("/blog/quiet-hours")
    assert read(origin.url("/blog/quiet-hours")).cache_status == "hit"


def test_a_refused_address_is_not_read(origin: DemoSiteThread) -> None:
    with pytest.raises(UrlsRejected):
        read("http://169.254.169.254/")


def test_a_missing_page_an_archive_and_a_slow_page_fail_by_name(origin: DemoSiteThread) -> None:
    with pytest.raises(Gone):
        read(origin.url("/nope"))
    with pytest.raises(UnsupportedContent):
        read(origin.url("/archive.zip"))
    with pytest.raises(FetchTimeout):
        read(origin.url("/corners/slow?ms=5000"), timeout_seconds=0.2)
    assert Page.objects.count() == 0


def test_a_page_that_forbids_keeping_it_takes_along_what_was_kept_before(origin: DemoSiteThread) -> None:
    read(origin.url("/visit"))
    now_forbidden = origin.url("/corners/no-store")
    Page.objects.update(key=page_key(parse(now_forbidden)), url=now_forbidden)

    assert read(now_forbidden, force_refresh=True).cache_status == "miss"

    assert Page.objects.count() == 0
