"""Inserting rows and learning their ids, in the order given: one way per kind of database, chosen by its dialect."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache

from sqlalchemy import Table

from backends.sql.statement import CachedStatement, Executor, Values

Insert = Callable[[Executor, Table, Sequence[Values]], Awaitable[list[int]]]
"""Inserts rows that have the same columns, without ids; returns their ids in the order of the rows."""


@cache
def insert_of(table: Table, names: tuple[str, ...]) -> CachedStatement:
    """The INSERT of one row with these columns."""
    return CachedStatement(table.insert(), names)


@cache
def _returning(table: Table, names: tuple[str, ...]) -> CachedStatement:
    return CachedStatement(table.insert().returning(table.c.id), names)


async def insert_one(executor: Executor, table: Table, row: Values) -> int:
    """Insert one row, with RETURNING; its id."""
    returned: int = (await executor.rows(_returning(table, tuple(row)), row))[0][0]
    return returned
