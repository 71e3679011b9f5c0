"""Whose rows are whose, and whether any of them changed."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import Q

from roverbook.models import Cursor
from tasks.models import CallerRate, Page, ProvenKey, RuntimeSession, SeenNonce, WorkerBeat
from tasks.services.pages import namespace_of
from workspace.models import AuditEntry, Site, User

APPS = ("workspace", "tasks", "roverbook")
NOBODYS = {WorkerBeat, CallerRate, Cursor, ProvenKey, SeenNonce}
"""Tables whose rows are the server's own, or those of agents."""
SHORTCUTS = {(RuntimeSession, "run")}
"""Columns that point to one of the rows that hang on this one: they say nothing of whose it is."""
WRITE = re.compile(
    r'\s*(?:INSERT\s+(?:OR \w+ )?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\s+"?(\w+)', re.IGNORECASE
)

Dump = Mapping[str, Mapping[Any, tuple[Any, ...]]]
"""Model → primary key → values."""


def all_models() -> list[type[models.Model]]:
    """Every table of ours."""
    return [model for label in APPS for model in apps.get_app_config(label).get_models()]


def dump_of(user: User, tables: Collection[str] | None = None) -> Dump:
    """Every row that belongs to the person, or hangs on one that does, by whatever foreign key; of these tables
    alone, if they are named."""
    owned: dict[type[models.Model], Any] = {}
    waiting = [model for model in all_models() if model not in NOBODYS]
    while waiting:
        ready = [model for model in waiting if not _parents(model) & (set(waiting) - {model})]
        assert ready, f"tables in a circle: {waiting}"
        for model in ready:
            owned[model] = _rows(model, user, owned)
            waiting.remove(model)
    return {
        model._meta.label: {row[0]: row for row in owned[model].values_list("pk", *_columns(model))}
        for model in owned
        if tables is None or model._meta.db_table in tables
    }


def dump_of_all(tables: Collection[str] | None = None) -> Dump:
    """Every row of every table of ours, or of these alone."""
    return {
        model._meta.label: {row[0]: row for row in model._default_manager.values_list("pk", *_columns(model))}
        for model in all_models()
        if tables is None or model._meta.db_table in tables
    }


@dataclass(frozen=True)
class Change:
    """One row that differs. `columns` are empty for a row that was added or removed."""

    label: str
    pk: str
    columns: frozenset[str]
    text: str

    def __str__(self) -> str:
        return f"{self.label} {self.pk}: {self.text}"


def differences(before: Dump, after: Dump) -> list[Change]:
    """Every row that differs in the tables of `after`: those that nothing was written to need not be in it."""
    found = []
    for label in after:
        old, new = before[label], after[label]
        for pk in sorted(old.keys() | new.keys(), key=str):
            if pk not in old:
                found.append(Change(label, str(pk), frozenset(), f"added {_shown(label, new[pk])}"))
            elif pk not in new:
                found.append(Change(label, str(pk), frozenset(), "removed"))
            elif old[pk] != new[pk]:
                found.append(_changed(label, str(pk), old[pk], new[pk]))
    return found


@dataclass
class Writes:
    """The tables of ours that statements wrote to."""

    tables: set[str] = field(default_factory=set)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        written = WRITE.match(sql)
        if written and written[1].partition("_")[0] in APPS:
            self.tables.add(written[1])
        return execute(sql, params, many, context)


@contextmanager
def watched() -> Iterator[Writes]:
    """Notes what is written inside."""
    writes = Writes()
    with connection.execute_wrapper(writes):
        yield writes


def _columns(model: type[models.Model]) -> list[str]:
    return [column.attname for column in model._meta.concrete_fields]


def _parents(model: type[models.Model]) -> set[type[models.Model]]:
    return {_target(column) for column in _links(model)} - {model}


def _links(model: type[models.Model]) -> list[Any]:
    ours = set(all_models())
    return [
        column
        for column in model._meta.concrete_fields
        if column.is_relation and _target(column) in ours and (model, column.name) not in SHORTCUTS
    ]


def _target(column: Any) -> type[models.Model]:
    target: type[models.Model] = column.remote_field.model
    return target


def _rows(model: type[models.Model], user: User, owned: Mapping[type[models.Model], Any]) -> Any:
    rows = model._default_manager.all()
    if model is User:
        return rows.filter(pk=user.pk)
    if model is Site:
        return rows.filter(owner=user)
    if model is Page:
        return rows.filter(namespace=namespace_of(user.pk))
    links = [column for column in _links(model) if _target(column) is not model]
    assert links, f"say in rows.py whose rows {model._meta.label} has"
    wanted = Q()
    for column in links:
        wanted |= Q(**{f"{column.name}__in": owned[_target(column)].values("pk")})
    if model is AuditEntry:
        wanted |= Q(subject_kind="owner", subject_id=str(user.pk))
    return rows.filter(wanted)


def _shown(label: str, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(["pk", *_columns(apps.get_model(label))], row, strict=True))


def _changed(label: str, pk: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Change:
    names = ["pk", *_columns(apps.get_model(label))]
    values = [one for one in zip(names, old, new, strict=True) if one[1] != one[2]]
    text = ", ".join(f"{name} {was!r} → {now!r}" for name, was, now in values)
    return Change(label, pk, frozenset(name for name, _, _ in values), text)
