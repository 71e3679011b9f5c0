"""Rows written without the framework's objects are those that it would have written."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from tasks.models import AgentTask, Event, Receipt, Task
from workspace.core.ids import new_id
from workspace.io.inserting import insert_rows

NOW = datetime(2026, 1, 31, 12, 4, 7, 251_000, tzinfo=UTC)
TEXT = "ünï\u2028 'quoted' %s"


def task(task_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "id": task_id,
        "kind": "agent",
        "status": "pending",
        "params": {},
        "created_at": NOW,
        "updated_at": NOW,
    } | more


def agent_task(task_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "workflow_id": task_id,
        "url": "https://shop.example/",
        "host": "shop.example",
        "prompt": TEXT,
        "execution": "auto",
        "agent": {"key": TEXT, "n": [1, None, True]},
        "agent_key": "k",
        "trust": "anonymous",
        "memory_key": "m",
        "launch_source": "s",
        "expires_at": NOW,
    } | more


def columns(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.fields}


def raw(model: type[Model], pk: Any) -> tuple[Any, ...]:
    """The row as the driver gives it, with what the framework does not show: how a value is spelled."""
    table, key = model._meta.db_table, model._meta.pk
    assert key is not None
    prepared = key.get_db_prep_value(pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {key.column} = %s", [prepared])
        found: tuple[Any, ...] = cursor.fetchone()
        return found


def test_what_is_left_out_is_the_fields_default_as_the_framework_writes_it(db: None) -> None:
    ours, theirs = new_id(), new_id()

    insert_rows(Task, [task(ours)])
    Task.objects.create(**task(theirs))

    assert raw(Task, ours)[1:] == raw(Task, theirs)[1:]
    assert columns(Task.objects.get(pk=ours)) | {"id": theirs} == columns(Task.objects.get(pk=theirs))


def test_every_kind_of_value_is_written_as_the_framework_does(db: None) -> None:
    ours, theirs = new_id(), new_id()
    given = {"status": "failed", "result": {"text": TEXT}, "error": TEXT, "due_at": NOW, "by_worker": False}
    insert_rows(Task, [task(ours, **given), task(theirs, **given)])

    insert_rows(AgentTask, [agent_task(ours)])
    AgentTask.objects.create(**agent_task(theirs))

    assert raw(AgentTask, ours)[1:2] == raw(AgentTask, theirs)[1:2]
    others = {"task_id": None, "workflow_id": None}
    assert (
        columns(AgentTask.objects.get(pk=ours)) | others == columns(AgentTask.objects.get(pk=theirs)) | others
    )
    assert Task.objects.get(pk=ours).result == {"text": TEXT}


def test_one_to_one_and_foreign_keys_take_the_key_of_what_they_point_to(db: None) -> None:
    ids = [new_id(), new_id()]
    insert_rows(Task, [task(each) for each in ids])
    insert_rows(AgentTask, [agent_task(ids[0]), agent_task(ids[1], parent_id=ids[0])])
    insert_rows(Receipt, [{"task_id": ids[1], "digest": "d", "expires_at": NOW}])

    child = AgentTask.objects.select_related("task", "parent").get(pk=ids[1])
    assert (child.task.pk, child.parent.pk if child.parent else None) == (ids[1], ids[0])
    assert Receipt.objects.get(task=child).claimed_at is None


def test_what_the_database_numbers_it_numbers(db: None) -> None:
    log = new_id()
    insert_rows(Task, [task(log)])

    insert_rows(
        Event,
        [
            {"task_id": log, "seq": seq, "kind": "status", "payload": {}, "created_at": NOW}
            for seq in (1, 2, 3)
        ],
    )

    keys = list(Event.objects.order_by("seq").values_list("pk", flat=True))
    assert keys == sorted(set(keys))
    assert len(keys) == 3


def test_a_row_without_its_key_is_refused(db: None) -> None:
    nameless = task(new_id())
    del nameless["id"]

    with pytest.raises(KeyError):
        insert_rows(Task, [nameless])


def test_of_several_rows_one_that_is_there_already_keeps_all_out(transactional_db: None) -> None:
    known, new = new_id(), new_id()
    insert_rows(Task, [task(known)])

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Task, [task(new), task(known)])

    assert list(Task.objects.values_list("pk", flat=True)) == [known]


def test_no_rows_are_no_statement(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        insert_rows(Task, [])
