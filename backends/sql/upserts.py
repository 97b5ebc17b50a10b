"""Inserting an entry that expires, if its key is free: one way per kind of database, chosen by its dialect.

Each is one INSERT that becomes an UPDATE where the key is taken: of an expired entry, which is thereby replaced, and
of no other. It waits for another unit of work that has just written the key, and leaves the row locked in any case.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Table, bindparam

from backends.sql.statement import CachedStatement, Executor, Values

Upsert = Callable[[Executor, Table, Values], Awaitable[bool]]
"""Inserts a row of the values of all columns, if its key is free at the time ``at``, a further value; whether it did.

The table has a primary key of one column, and a column ``expires_at``.
"""

EXPIRY = "expires_at"


def now_of(table: Table) -> BindParameter[Any]:
    """The parameter that says what time it is."""
    return bindparam("at", type_=table.c[EXPIRY].type)


def replaced_columns(table: Table) -> Sequence[str]:
    """The columns that a new entry writes over those of an expired one; the expiry last."""
    return [*(column.name for column in table.c if not (column.primary_key or column.name == EXPIRY)), EXPIRY]


def upsert_on_conflict(insert: Callable[[Table], Any]) -> Upsert:
    """For databases whose INSERT becomes an UPDATE on a condition, and then reports how many rows it wrote."""

    @cache
    def statement(table: Table) -> CachedStatement:
        new = insert(table)
        values = {name: new.excluded[name] for name in replaced_columns(table)}
        key = [column.name for column in table.primary_key]
        upsert = new.on_conflict_do_update(index_elements=key, set_=values, where=table.c[EXPIRY] <= now_of(table))
        return CachedStatement(upsert, tuple(table.c.keys()))

    async def upsert(executor: Executor, table: Table, values: Values) -> bool:
        return await executor.write(statement(table), values) == 1

    return upsert
