"""A batch in a worker: events, roll-up, limits, cache, cancel and resume, against an origin that counts."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from rover_site.demo import DemoSiteThread
from tasks.core.events import EventKind
from tasks.io import draining
from tasks.models import BatchItem, Event, Page, Task
from tasks.selectors.background import events_after, task_snapshot
from tasks.services.batch_plan import items_suspect
from tasks.services.leases import LEASE, Lease, lease_claim
from tasks.services.tasks import CancelOutcome, task_cancel
from tests.tasks.conftest import work_on

Run = Callable[..., Task]


def kinds(task: Task) -> list[str]:
    return [event.kind for event in events_after(task_id=task.pk, after=0)]


def payloads(task: Task, kind: EventKind) -> list[dict[str, Any]]:
    return [event.payload for event in events_after(task_id=task.pk, after=0) if event.kind == kind]


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def test_events_come_in_the_documented_order(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/"), origin.url("/nope")])

    events = kinds(task)
    assert events[:2] == ["task_started", "batch_start"]
    assert events[-2:] == ["final", "task_completed"]
    assert sorted(events[2:-2]) == ["item_done", "item_failed", "item_started", "item_started"]
    seqs = [event.seq for event in events_after(task_id=task.pk, after=0)]
    assert seqs == list(range(1, len(events) + 1))


def test_each_item_starts_before_its_one_outcome(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch(origin.urls[:20])

    seen: dict[int, list[str]] = {}
    for event in events_after(task_id=task.pk, after=0):
        if "index" in event.payload:
            seen.setdefault(event.payload["index"], []).append(event.kind)
    assert seen == {index: ["item_started", "item_done"] for index in range(20)}


def test_the_payloads_say_what_was_fetched_and_what_was_kept(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/visit")])

    page = Page.objects.get()
    (done,) = payloads(task, EventKind.ITEM_DONE)
    assert done.pop("duration_ms") >= 0
    assert done == {
        "index": 0,
        "url": origin.url("/visit"),
        "tokens": page.tokens,
        "cached": False,
        "cache_status": "miss",
        "cacheable": True,
        "stored": True,
        "final_url": origin.url("/visit"),
        "http_status": 200,
        "bytes": page.wire_bytes,
    }
    assert page.tokens > 100


def test_a_failure_names_code_status_and_whether_to_try_again(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/nope")])

    (failed,) = payloads(task, EventKind.ITEM_FAILED)
    assert failed.pop("duration_ms") >= 0
    assert failed == {
        "index": 0,
        "url": origin.url("/nope"),
        "error": "the server answered 404",
        "code": "gone",
        "family": "fetch_failed",
        "retryable": False,
        "will_retry": False,
        "http_status": 404,
    }


def test_the_rollup_equals_a_recount_and_failures_do_not_fail_the_batch(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    task = run_batch([origin.url("/"), origin.url("/nope"), origin.url("/shop"), "http://127.0.0.1:59999/"])

    done, failed = payloads(task, EventKind.ITEM_DONE), payloads(task, EventKind.ITEM_FAILED)
    (completed,) = payloads(task, EventKind.TASK_COMPLETED)
    assert task.status == "completed"
    assert task.result == completed["result"]
    assert completed["result"] == {
        "total": 4,
        "succeeded": len(done),
        "failed": len(failed),
        "duration_ms": completed["duration_ms"],
    }
    assert (len(done), len(failed)) == (2, 2)


def test_a_batch_in_which_everything_fails_is_still_completed(run_batch: Run, origin: DemoSiteThread) -> None:
    assert run_batch([origin.url("/nope/1"), origin.url("/nope/2")]).status == "completed"


def test_the_caps_hold_at_the_origin_and_the_total_is_filled(run_batch: Run, origin: DemoSiteThread) -> None:
    urls = [
        origin.url(f"/corners/slow?ms=40&n={n}", f"127.0.0.{host}")
        for host in range(1, 11)
        for n in range(10)
    ]

    run_batch(urls, concurrency=8, per_domain_concurrency=2)

    assert origin.log.peak_total == 8
    assert max(origin.log.peak_by_host.values()) == 2


def test_a_batch_can_use_its_whole_allowance_at_one_host(run_batch: Run, origin: DemoSiteThread) -> None:
    run_batch(
        [origin.url(f"/corners/slow?ms=60&n={n}") for n in range(24)],
        concurrency=32,
        per_domain_concurrency=8,
    )

    assert origin.log.peak_by_host == {"127.0.0.1": 8}


def test_the_servers_own_limits_bound_every_batch(
    run_batch: Run, origin: DemoSiteThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    limits = {"fetch_concurrency": 3, "fetch_per_host_concurrency": 1}
    monkeypatch.setattr(settings, "ROVER", settings.ROVER.model_copy(update=limits))

    task = run_batch(
        [origin.url(f"/corners/slow?ms=20&n={n}", f"127.0.0.{n % 5 + 1}") for n in range(20)], concurrency=32
    )

    (started,) = payloads(task, EventKind.BATCH_START)
    assert started["effective"] == {"concurrency": 3, "per_domain_concurrency": 1}
    assert origin.log.peak_total == 3
    assert set(origin.log.peak_by_host.values()) == {1}


def test_the_stored_page_is_raw_extraction(run_batch: Run, origin: DemoSiteThread) -> None:
    run_batch([origin.url("/visit")])

    page = Page.objects.get()
    assert page.markdown.startswith(("#", "Opening", "The"))
    assert "untrusted" not in page.markdown
    assert (page.kind, page.http_status) == ("html", 200)
    assert page.content_hash.startswith("sha256:")


def test_a_second_batch_finds_the_pages_fresh(run_batch: Run, origin: DemoSiteThread) -> None:
    urls = origin.urls[:5]
    run_batch(urls)

    task = run_batch(urls)

    assert all(
        done["cached"] and done["cache_status"] == "hit" for done in payloads(task, EventKind.ITEM_DONE)
    )
    assert [origin.log.hits(url.split(str(origin.port), 1)[1]) for url in urls] == [1] * 5


def test_force_refresh_fetches_again_and_stores_the_result(run_batch: Run, origin: DemoSiteThread) -> None:
    run_batch([origin.url("/visit")])
    Page.objects.update(etag="", last_modified="")  # nothing to ask by: the page comes whole
    before = Page.objects.get().fetched_at

    task = run_batch([origin.url("/visit")], force_refresh=True)

    (done,) = payloads(task, EventKind.ITEM_DONE)
    assert (done["cached"], origin.log.hits("/visit")) == (False, 2)
    assert Page.objects.get().fetched_at > before


def test_an_expired_page_is_fetched_again(run_batch: Run, origin: DemoSiteThread) -> None:
    run_batch([origin.url("/visit")])
    Page.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    run_batch([origin.url("/visit")])

    assert origin.log.hits("/visit") == 2


def test_duplicates_and_fragments_are_fetched_once_and_each_position_answered(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    task = run_batch([origin.url("/visit"), origin.url("/visit#hours"), origin.url("/visit")])

    assert origin.log.hits("/visit") == 1
    assert [done["index"] for done in payloads(task, EventKind.ITEM_DONE)] == [0, 1, 2]
    assert task.result is not None
    assert task.result["succeeded"] == 3


def test_pages_of_one_owner_never_serve_another(
    start_batch: Run, origin: DemoSiteThread, owner: Any, other_owner: Any
) -> None:
    for user in (owner, other_owner):
        task = start_batch([origin.url("/visit?token=hush")])
        Task.objects.filter(pk=task.pk).update(owner=user)
        work_on(task)

    assert origin.log.hits("/visit") == 2
    assert sorted(Page.objects.values_list("namespace", flat=True)) == sorted(
        f"owner-{user.pk}" for user in (owner, other_owner)
    )


def test_secrets_in_query_strings_are_masked_in_every_event(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/visit?api_key=hush")])

    assert not any("hush" in str(event.payload) for event in events_after(task_id=task.pk, after=0))


# cancel


def test_cancel_before_the_first_item_skips_everything(start_batch: Run, origin: DemoSiteThread) -> None:
    task = start_batch(origin.urls[:5])
    task_cancel(task_id=task.pk, now=timezone.now())

    work_on(task)

    task.refresh_from_db()
    assert task.status == "cancelled"
    assert kinds(task) == ["task_started", "batch_start", "task_cancelled"]
    assert origin.log.connections == 0
    (cancelled,) = payloads(task, EventKind.TASK_CANCELLED)
    assert cancelled["at"] == "between_items"
    assert cancelled["result"] | {"duration_ms": 0} == {
        "total": 5,
        "succeeded": 0,
        "failed": 0,
        "skipped": 5,
        "duration_ms": 0,
    }


def test_three_in_flight_at_cancel_land_and_nothing_new_starts(
    start_batch: Run, origin: DemoSiteThread
) -> None:
    task = start_batch([origin.url(f"/corners/slow?ms=700&n={n}") for n in range(20)], concurrency=3,
                       per_domain_concurrency=3)  # fmt: skip
    worker = threading.Thread(target=_work, args=(task,))
    worker.start()
    wait_until(lambda: origin.log.open_total == 3)

    assert task_cancel(task_id=task.pk, now=timezone.now()) is CancelOutcome.REQUESTED
    worker.join(20)

    task.refresh_from_db()
    assert task.status == "cancelled"
    assert task.result is not None
    assert (task.result["succeeded"], task.result["failed"], task.result["skipped"]) == (3, 0, 17)
    assert kinds(task).count("item_started") == 3
    assert BatchItem.objects.filter(task=task, status="skipped").count() == 17


def _work(task: Task) -> None:
    from django.db import connection

    work_on(task)
    connection.close()


def test_cancelling_twice_and_after_the_end_says_so(
    run_batch: Run, start_batch: Run, origin: DemoSiteThread
) -> None:
    waiting = start_batch([origin.url("/")])
    ended = run_batch([origin.url("/")])

    outcomes = [task_cancel(task_id=task.pk, now=timezone.now()) for task in (waiting, waiting, ended)]

    assert outcomes == [CancelOutcome.REQUESTED, CancelOutcome.ALREADY, CancelOutcome.ENDED]
    ended.refresh_from_db()
    assert ended.cancellation_requested is False


# stop and resume


def test_stop_is_not_cancel(start_batch: Run, origin: DemoSiteThread) -> None:
    task = start_batch([origin.url(f"/corners/slow?ms=300&n={n}") for n in range(12)], concurrency=2)
    flag = threading.Event()
    draining.bind(flag)
    try:
        worker = threading.Thread(target=_work, args=(task,))
        worker.start()
        wait_until(lambda: origin.log.open_total == 2)
        flag.set()
        worker.join(20)
        task.refresh_from_db()
        recorded = BatchItem.objects.filter(task=task, status="done").count()
        assert (task.status, task.lease_owner, task.lease_expires_at) == ("running", "", None)
        assert 0 < recorded < 12
        assert "task_cancelled" not in kinds(task)
    finally:
        draining.bind(None)

    work_on(task)

    task.refresh_from_db()
    assert task.status == "completed"
    assert task.result is not None
    assert task.result["succeeded"] == 12
    assert origin.log.hits("/corners/slow") == 12, "nothing was fetched twice"


def _crash(task: Task, in_flight: list[int]) -> None:
    """Leave the task as a worker does that was killed while these items were in flight."""
    lease = lease_claim(task_id=task.pk, now=timezone.now())
    assert lease is not None
    BatchItem.objects.filter(task=task, index__in=in_flight).update(started_token=lease.token)
    Task.objects.filter(pk=task.pk).update(lease_expires_at=timezone.now() - LEASE)


def test_after_a_crash_recorded_items_are_not_fetched_again(start_batch: Run, origin: DemoSiteThread) -> None:
    paths = ["/", "/shop", "/visit", "/blog", "/faq", "/press"]
    task = start_batch([origin.url(path) for path in paths])
    _crash(task, in_flight=[2, 3])
    for index in (0, 1):
        BatchItem.objects.filter(task=task, index=index).update(status="done")
        Task.objects.filter(pk=task.pk).update(last_seq=index + 1)
        Event.objects.create(task=task, seq=index + 1, kind="item_done", payload={"index": index},
                             outcome_index=index, created_at=timezone.now())  # fmt: skip

    work_on(task)

    task.refresh_from_db()
    asked = sorted(entry.path for entry in origin.log.entries)
    assert asked == sorted(paths[2:])
    assert task.result is not None
    assert task.result["succeeded"] == 6


def test_an_item_in_flight_at_two_crashes_is_given_up(start_batch: Run, origin: DemoSiteThread) -> None:
    task = start_batch([origin.url("/"), origin.url("/shop")])
    for _ in range(2):
        _crash(task, in_flight=[1])
        BatchItem.objects.filter(task=task, index=1).update(
            started_token=Task.objects.get(pk=task.pk).lease_token
        )

        items_suspect(Lease(task_id=task.pk, token=0, crashed=True))

    work_on(task)

    (failed,) = payloads(task, EventKind.ITEM_FAILED)
    assert (failed["index"], failed["code"]) == (1, "worker_crashed")
    assert origin.log.hits("/shop") == 0


def test_in_flight_counts_only_what_the_current_run_started(start_batch: Run, origin: DemoSiteThread) -> None:
    task = start_batch([origin.url("/"), origin.url("/shop")])
    _crash(task, in_flight=[0, 1])
    lease = lease_claim(task_id=task.pk, now=timezone.now())

    snapshot = task_snapshot(task_id=task.pk, now=timezone.now())

    assert lease is not None
    assert snapshot["in_flight"] == 0


# a database that fails


def test_a_full_disk_pauses_the_batch_and_costs_nothing(start_batch: Run, origin: DemoSiteThread) -> None:
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("sqlite: the trigger is written for it")
    paths = ["/", "/shop", "/visit", "/blog"]
    task = start_batch([origin.url(path) for path in paths])
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER disk_full BEFORE INSERT ON tasks_event WHEN NEW.kind = 'item_done'"
            " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    try:
        work_on(task)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER disk_full")

    task.refresh_from_db()
    assert (task.status, task.lease_owner, task.crashes) == ("running", "", 0)
    assert task.lease_expires_at is not None
    assert timezone.now() < task.lease_expires_at <= timezone.now() + LEASE

    work_on(task, timezone.now() + LEASE)

    task.refresh_from_db()
    assert task.status == "completed"
    assert task.result is not None
    assert (task.result["succeeded"], task.result["failed"]) == (4, 0)
