"""Writing new rows where it has to be quick. The framework builds the text of each statement anew, which
takes longer than the database does; here it is built once for each table."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import AutoField, BooleanField, CharField, IntegerField, Model, TextField

Prepare = Callable[[Model, Any], Any]


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one table in one statement. What the database numbers by itself is left to it and
    not read back; nothing is validated, and no signal is sent. Raises IntegrityError as any insert does."""
    if not rows:
        return
    connection = connections[DEFAULT_DB_ALIAS]  # this thread's own, not the proxy that looks it up each time
    head, values, prepare = _statement(type(rows[0]), connection.vendor)
    parameters = [get(row, connection) for row in rows for get in prepare]
    with connection.cursor() as cursor:
        cursor.execute(head + ", ".join([values] * len(rows)), parameters)


@cache
def _statement(model: type[Model], vendor: str) -> tuple[str, str, tuple[Prepare, ...]]:
    """The statement up to its values, the values of one row, and how to get each. `vendor` keeps apart what
    was built for different databases."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES "  # noqa: S608 - our own tables
    return head, f"({', '.join(['%s'] * len(fields))})", tuple(_prepare(field) for field in fields)


_PLAIN = (CharField, TextField, BooleanField, IntegerField)
"""Fields whose values every driver takes as they are."""


def _prepare(field: Any) -> Prepare:
    name, prepared = field.attname, field.get_db_prep_save
    if isinstance(field, _PLAIN):
        return lambda row, connection: getattr(row, name)
    return lambda row, connection: prepared(getattr(row, name), connection)
