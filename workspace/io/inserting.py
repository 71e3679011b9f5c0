"""Writing new rows where it has to be quick. The framework makes an object of each row and builds the text of
each statement anew, which takes longer than the database does; here a row is a mapping, and the statement is
built once for each table."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    AutoField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
    UUIDField,
)

Row = Mapping[str, Any]
Prepare = Callable[[Any, Any], Any]


def insert_rows(model: type[Model], rows: Sequence[Row]) -> None:
    """Insert new rows of one table. A row maps the names of columns to values; one that it leaves out gets
    its field's default, or NULL. What the database numbers by itself is left to it and not read back; nothing
    is validated, and no signal is sent.

    Raises:
        KeyError: a row has no primary key, and nobody else numbers it.
        IntegrityError: as any insert does.
    """
    if not rows:
        return
    connection = connections[DEFAULT_DB_ALIAS]  # this thread's own, not the proxy that looks it up each time
    head, values, columns = _statement(model, connection.vendor)
    parameters = [_values(row, columns, connection) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # runs one short statement many times without a way to a server
            cursor.executemany(head + values, parameters)
        else:
            flat = [value for row in parameters for value in row]
            cursor.execute(head + ", ".join([values] * len(rows)), flat)


_Column = tuple[str, Any, Prepare | None]
"""How one column gets its value: its name in a row, the value when the row leaves it out, and what makes of a
value what the driver takes. No class: it is gone through for each value of each row."""


def _values(row: Row, columns: Sequence[_Column], connection: Any) -> list[Any]:
    found = []
    for name, default, prepare in columns:
        if name not in row and default is not _NO_DEFAULT:
            found.append(default)
        elif prepare is None:
            found.append(row[name])
        else:
            found.append(prepare(row[name], connection))
    return found


def _column(field: Any, connection: Any) -> _Column:
    prepare = _prepare(field)
    if field.primary_key:  # a key is never left out: one made here would be that of every row
        return field.attname, _NO_DEFAULT, prepare
    default = field.get_default()
    return field.attname, default if prepare is None else prepare(default, connection), prepare


_NO_DEFAULT = object()


@cache
def _statement(model: type[Model], vendor: str) -> tuple[str, str, tuple[_Column, ...]]:
    """The statement up to its values, the values of one row, and how to get each. `vendor` keeps apart what
    was built for different databases."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES "  # noqa: S608 - our own tables
    return head, f"({', '.join(['%s'] * len(fields))})", tuple(_column(field, connection) for field in fields)


_PLAIN = (CharField, TextField, BooleanField, IntegerField)
"""Fields whose values every driver takes as they are."""


def _prepare(field: Any) -> Prepare | None:
    while isinstance(field, ForeignKey):
        field = field.target_field
    if isinstance(field, _PLAIN):
        return None
    if isinstance(field, DateTimeField):
        return lambda value, connection: _moment(value, connection.vendor)
    if isinstance(field, UUIDField):
        return _uuid
    prepare: Prepare = field.get_db_prep_save
    return prepare


def _uuid(value: Any, connection: Any) -> Any:
    return value if value is None or connection.features.has_native_uuid_field else value.hex


@lru_cache(maxsize=256)
def _moment(value: Any, vendor: str) -> Any:
    """Rows that are written together share most of their times."""
    return connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(value)
