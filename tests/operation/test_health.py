"""/healthz and /readyz, and the signs of life that they rest on."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from rover_site import __version__
from rover_site.health import healthz, readyz
from tasks.models import WorkerBeat
from tasks.services.workers import FRESH, worker_name, workers_alive, workers_beat, workers_leave

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ELSEWHERE = "another-host|pid:[1]|7|12.00"


def test_healthz_answers_without_a_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        answer = healthz(RequestFactory().get("/healthz"))
    assert answer.status_code == 200
    assert json.loads(answer.content) == {"status": "ok", "version": __version__}


def test_readyz_is_200_when_a_worker_was_seen() -> None:
    workers_beat(name=worker_name(), n_processes=2, now=timezone.now())
    answer = readyz(RequestFactory().get("/readyz"))
    assert answer.status_code == 200
    assert set(json.loads(answer.content)["checks"].values()) == {"ok"}


def test_readyz_is_503_and_names_the_worker_when_none_was_seen() -> None:
    answer = readyz(RequestFactory().get("/readyz"))
    assert answer.status_code == 503
    assert json.loads(answer.content)["checks"] == {"database": "ok", "migrations": "ok", "worker": "failed"}


@pytest.mark.parametrize("view", [healthz, readyz])
def test_health_cannot_be_posted_to_and_is_not_cached(view: object) -> None:
    assert callable(view)
    assert view(RequestFactory().post("/")).status_code == 405
    assert "no-store" in view(RequestFactory().get("/")).headers["Cache-Control"]


def test_workers_of_every_machine_are_added_up() -> None:
    workers_beat(name=worker_name(), n_processes=2, now=NOW)
    workers_beat(name=ELSEWHERE, n_processes=3, now=NOW)
    assert workers_alive(now=NOW) == 5


def test_a_worker_not_seen_for_a_while_counts_as_dead() -> None:
    workers_beat(name=ELSEWHERE, n_processes=3, now=NOW)
    assert workers_alive(now=NOW + FRESH - timedelta(seconds=1)) == 3
    assert workers_alive(now=NOW + FRESH) == 0


def test_a_dead_process_of_this_machine_counts_as_dead_at_once() -> None:
    host, namespace, _, started = worker_name().split("|")
    workers_beat(name=f"{host}|{namespace}|4194999|{started}", n_processes=2, now=NOW)
    assert workers_alive(now=NOW) == 0


def test_a_worker_that_left_is_not_counted() -> None:
    workers_beat(name=worker_name(), n_processes=2, now=NOW)
    workers_leave(name=worker_name())
    assert workers_alive(now=NOW) == 0


def test_workers_that_died_long_ago_are_forgotten() -> None:
    workers_beat(name=ELSEWHERE, n_processes=3, now=NOW)
    workers_beat(name=worker_name(), n_processes=2, now=NOW + timedelta(days=2))
    assert [beat.name for beat in WorkerBeat.objects.all()] == [worker_name()]
