"""Promises of a batch that need an origin which counts over the whole batch."""

from collections.abc import Callable
from typing import Any

import pytest

from rover_site.demo import DemoSiteThread
from tasks.core.events import EventKind
from tasks.models import Task
from tasks.selectors.background import events_after

Run = Callable[..., Task]
HOSTS = [f"127.0.0.{n}" for n in range(1, 11)]


def slow_urls(origin: DemoSiteThread, n_each: int, ms: int) -> list[str]:
    return [origin.url(f"/corners/slow?ms={ms}&n={n}", host) for n in range(n_each) for host in HOSTS]


def effective(task: Task) -> dict[str, int]:
    (start,) = [e for e in events_after(task_id=task.pk, after=0) if e.kind == EventKind.BATCH_START]
    given: dict[str, int] = start.payload["effective"]
    return given


def test_without_numbers_eight_requests_are_in_flight_and_two_to_a_host(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    one_host_after_the_other = sorted(slow_urls(origin, 6, ms=60))

    task = run_batch(one_host_after_the_other)

    assert (origin.log.peak_total, max(origin.log.peak_by_host.values())) == (8, 2)
    assert effective(task) == {"concurrency": 8, "per_domain_concurrency": 2}


def test_two_hundred_asked_for_are_thirty_two_in_flight_and_the_event_says_so(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    task = run_batch(slow_urls(origin, 8, ms=400), concurrency=200, per_domain_concurrency=200)

    assert (origin.log.peak_total, max(origin.log.peak_by_host.values()) <= 8) == (32, True)
    assert effective(task) == {"concurrency": 32, "per_domain_concurrency": 8}


def test_zero_asked_for_is_one_in_flight(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch(slow_urls(origin, 1, ms=20), concurrency=0, per_domain_concurrency=0)

    assert origin.log.peak_total == 1
    assert effective(task) == {"concurrency": 1, "per_domain_concurrency": 1}


@pytest.mark.parametrize(
    ("arguments", "hits"), [({}, 1), ({"force_refresh": False}, 1), ({"force_refresh": True}, 2)]
)
def test_force_refresh_is_off_unless_asked_for_and_holds_for_every_url(
    run_batch: Run, origin: DemoSiteThread, arguments: dict[str, Any], hits: int
) -> None:
    paths = ["/visit", "/shop", "/blog", "/faq", "/press"]
    urls = [origin.url(path) for path in paths]
    run_batch(urls)

    run_batch(urls, **arguments)

    assert [origin.log.hits(path) for path in paths] == [hits] * 5


def test_a_changed_setting_bounds_the_next_batch(
    run_batch: Run, origin: DemoSiteThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    def bounded(total: int) -> Task:
        changed = settings.ROVER.model_copy(update={"fetch_concurrency": total})
        monkeypatch.setattr(settings, "ROVER", changed)
        origin.log.reset()
        return run_batch(slow_urls(origin, 2, ms=60), concurrency=32, force_refresh=True)

    peaks = []
    for total in (2, 5):
        task = bounded(total)
        peaks.append((effective(task)["concurrency"], origin.log.peak_total))

    assert peaks == [(2, 2), (5, 5)]
