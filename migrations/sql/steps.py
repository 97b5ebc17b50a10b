"""Steps of revisions that can be repeated: where DDL is not transactional, a revision may be cut off half-way."""

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import Column, Inspector, Table, inspect
from sqlalchemy.schema import CreateIndex, CreateTable

from backends.sql.dialects import DIALECTS, Dialect


def create_table(table: Table) -> None:
    """Create a table and its indexes, those that are not there yet."""
    found = _inspect()
    if found is None or not found.has_table(table.name):
        op.execute(CreateTable(table))
        found = _inspect()
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if found is None or not found.has_index(table.name, str(index.name)):
            op.execute(CreateIndex(index))


def create_index(table: str, columns: Sequence[str]) -> None:
    """Create an index, unless it is there."""
    if not _has_index(table, _index_name(table, columns), otherwise=False):
        op.create_index(_index_name(table, columns), table, list(columns))


def drop_index(table: str, columns: Sequence[str]) -> None:
    """Drop an index, if it is there."""
    if _has_index(table, _index_name(table, columns), otherwise=True):
        op.drop_index(_index_name(table, columns), table)


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column, unless it is there."""
    if not _has_column(table, column.name, otherwise=False):
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """Drop a column, if it is there."""
    if _has_column(table, name, otherwise=True):
        op.drop_column(table, name)


def create_search_index(table: str) -> None:
    """Create the index by which a table is searched, anew if it is there; only where the database has such indexes."""
    drop_search_index(table)
    if ddl := _dialect().search_index_ddl:
        for statement in ddl.create:
            op.execute(statement.format(table=table))


def drop_search_index(table: str) -> None:
    """Drop that index, as much of it as is there."""
    if ddl := _dialect().search_index_ddl:
        for statement in ddl.drop:
            op.execute(statement.format(table=table))


def restore_autoincrement(table: str) -> None:
    """Let ids count up without being used again, where a table can be without that."""
    if options := _dialect().id_options:
        with op.batch_alter_table(table, recreate="always", table_kwargs=dict(options)):
            pass


def _dialect() -> Dialect:
    return DIALECTS[op.get_context().dialect.name]


def _has_column(table: str, name: str, *, otherwise: bool) -> bool:
    found = _inspect()
    return otherwise if found is None else name in {column["name"] for column in found.get_columns(table)}


def _index_name(table: str, columns: Sequence[str]) -> str:
    return "_".join(("ix", table, *columns))


def _has_index(table: str, name: str, *, otherwise: bool) -> bool:
    found = _inspect()
    return otherwise if found is None else found.has_index(table, name)


def _inspect() -> Inspector | None:
    """What is there; None where a revision is all or nothing, or only written down, and nothing need be known."""
    context = op.get_context()
    is_atomic = context.as_sql or _dialect().has_transactional_ddl
    return None if is_atomic else inspect(op.get_bind())
