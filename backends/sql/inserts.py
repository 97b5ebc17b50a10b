"""Inserting rows and learning their ids, in the order given: one way per kind of database, chosen by its dialect."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table, text

Values = Sequence[Mapping[str, Any]]
Execute = Callable[..., Awaitable[CursorResult[Any]]]
Insert = Callable[[Execute, Table, Values], Awaitable[list[int]]]

_STEP = text("SELECT @@auto_increment_increment")
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :table")


async def returning(execute: Execute, table: Table, values: Values) -> list[int]:
    """With RETURNING, which SQLAlchemy keeps in order, batching as the database's parameter limit wants it."""
    statement = table.insert().returning(table.c.id, sort_by_parameter_order=True)
    return [row.id for row in await execute(statement, list(values))]


async def reserving(execute: Execute, table: Table, values: Values) -> list[int]:
    """For SQLite: within BEGIN IMMEDIATE nobody else takes ids, so many rows get theirs before they are written.

    AUTOINCREMENT's own table holds the last id ever used, and follows when higher ids are written.
    """
    if len(values) == 1:
        return await returning(execute, table, values)
    last = (await execute(_LAST_ID, {"table": table.name})).scalar() or 0
    ids = list(range(last + 1, last + 1 + len(values)))
    await execute(table.insert(), [{**row, "id": key} for row, key in zip(values, ids, strict=True)])
    return ids


async def consecutive(execute: Execute, table: Table, values: Values) -> list[int]:
    """For MySQL and MariaDB: one INSERT whose number of rows is known gets ids in one run, of which the first is told.

    They are ``auto_increment_increment`` apart, which is more than one on a cluster. ``Dialect.many_values`` sees to it
    that many rows are one INSERT.
    """
    if len(values) == 1:
        return [(await execute(table.insert(), values[0])).lastrowid]
    step = (await execute(_STEP)).scalar_one()
    ids: list[int] = []
    for part in _in_parts(values):
        first = (await execute(table.insert(), part)).lastrowid
        ids += range(first, first + step * len(part), step)
    return ids


_ROWS = 1000
_LENGTH = 2**20
"""Code points of text in one INSERT: four bytes each, doubled by escapes, half of what MariaDB takes in a packet."""


def _in_parts(values: Values) -> Iterator[list[Mapping[str, Any]]]:
    part: list[Mapping[str, Any]] = []
    length = 0
    for row in values:
        more = sum(len(value) for value in row.values() if isinstance(value, str))
        if part and (len(part) == _ROWS or length + more > _LENGTH):
            yield part
            part, length = [], 0
        part.append(row)
        length += more
    yield part
