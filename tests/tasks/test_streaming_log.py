"""What is asked of the log for many streams at once."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from tasks.models import Task
from tasks.streaming.log import heads_read, longer_read, new_events_read, written_since
from tests.tasks.streaming_fixtures import append, finish, log, make_owner, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def tasks() -> list[UUID]:
    owner = make_owner()
    return [make_task(owner, n_events=n) for n in range(5)]


def test_heads_say_where_logs_stand_and_whose_they_are(tasks: list[UUID]) -> None:
    heads = heads_read(tasks)

    assert [heads[task_id].last_seq for task_id in tasks] == [0, 1, 2, 3, 4]
    assert {head.owner_id for head in heads.values()} == {Task.objects.get(pk=tasks[0]).owner_id}
    assert not any(head.ended for head in heads.values())


def test_a_task_that_is_not_there_has_no_head(tasks: list[UUID]) -> None:
    assert list(heads_read([uuid4(), tasks[1]])) == [tasks[1]]


@pytest.mark.parametrize("question", [heads_read, longer_read, lambda ids: new_events_read(ids).events])
def test_a_question_about_no_task_is_answered(question: object) -> None:
    assert callable(question)
    assert not question({})


def test_only_logs_that_reach_behind_a_position_are_longer(tasks: list[UUID]) -> None:
    positions = dict.fromkeys(tasks, 2)

    assert {head.task_id for head in longer_read(positions)} == set(tasks[3:])


def test_an_ended_task_is_named_however_far_it_was_read(tasks: list[UUID]) -> None:
    finish(tasks[0])

    (head,) = longer_read(dict.fromkeys(tasks, 100))

    assert (head.task_id, head.ended, head.last_seq) == (tasks[0], True, 1)


def test_new_events_are_those_behind_each_position_in_the_order_of_each_log(tasks: list[UUID]) -> None:
    positions = {task_id: 4 - n for n, task_id in enumerate(tasks)}

    found = new_events_read(positions)

    for task_id, position in positions.items():
        mine = [event for event in found.events if event.task_id == task_id]
        assert mine == log(task_id)[position:]
    assert found.unread == frozenset()


def test_the_events_of_one_task_come_together(tasks: list[UUID]) -> None:
    found = new_events_read(dict.fromkeys(tasks, 0))

    changes = sum(
        one.task_id != other.task_id for one, other in zip(found.events, found.events[1:], strict=False)
    )
    assert changes == 3


def test_what_one_query_does_not_hold_is_named_as_unread(
    tasks: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.streaming.log.NEW_EVENTS_A_QUERY", 3)

    found = new_events_read(dict.fromkeys(tasks, 0))

    assert len(found.events) == 3
    assert found.unread == frozenset(tasks)


def test_thousands_of_tasks_fit_into_one_query(tasks: list[UUID]) -> None:
    positions = {uuid4(): 0 for _ in range(5000)} | {tasks[4]: 0}

    assert [event.seq for event in new_events_read(positions).events] == [1, 2, 3, 4]
    assert [head.task_id for head in longer_read(positions)] == [tasks[4]]


@pytest.mark.django_db(transaction=True)
def test_a_log_that_was_written_to_is_named_or_not_excluded(tasks: list[UUID]) -> None:
    mark = written_since(None).mark
    append(tasks[2])

    written = written_since(mark)

    expected = frozenset({tasks[2]}) if connection.vendor == "sqlite" else None
    assert written.task_ids == expected


@pytest.mark.django_db(transaction=True)
def test_when_nobody_writes_no_log_is_named(tasks: list[UUID]) -> None:
    written = written_since(None)
    for _ in range(100):  # on PostgreSQL other databases of the server write too
        written = written_since(written.mark)
        if written.task_ids is not None:
            break

    assert written.task_ids == frozenset()
