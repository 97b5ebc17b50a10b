"""Inserting rows and learning their ids, in the order given: one way per kind of database, chosen by its dialect."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Table, text

from backends.sql.statement import Statement

Values = Sequence[Mapping[str, Any]]


class Writer(Protocol):
    """What an insert needs of a unit of work."""

    async def rows(self, statement: Any, params: Any = None) -> Sequence[Any]: ...
    async def write_one(self, statement: Statement, params: Mapping[str, Any]) -> int: ...
    def copy(self, table: Table, params: Values) -> Awaitable[None]: ...
    def insert_rows(self, statement: Statement, params: Values) -> Awaitable[int]: ...


Insert = Callable[[Writer, Table, Values], Awaitable[list[int]]]

_NEXT_IDS = Statement(
    text(
        "SELECT nextval(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))"
        " FROM generate_series(1, CAST(:count AS integer))"
    )
)
_STEP = Statement(text("SELECT @@auto_increment_increment"))
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :table")


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Statement:
    return Statement(table.insert(), names)


@cache
def _returning(table: Table, names: tuple[str, ...]) -> Statement:
    return Statement(table.insert().returning(table.c.id), names)


async def _one(writer: Writer, table: Table, values: Values) -> list[int]:
    [row] = values
    return [(await writer.rows(_returning(table, tuple(row)), row))[0][0]]


async def copying(writer: Writer, table: Table, values: Values) -> list[int]:
    """For PostgreSQL: a row comes with RETURNING; many get their ids from the sequence, and are then copied in."""
    if len(values) == 1:
        return await _one(writer, table, values)
    ids = [row[0] for row in await writer.rows(_NEXT_IDS, {"table": table.name, "count": len(values)})]
    await writer.copy(table, [{"id": key, **row} for row, key in zip(values, ids, strict=True)])
    return ids


async def reserving(writer: Writer, table: Table, values: Values) -> list[int]:
    """For SQLite: within BEGIN IMMEDIATE nobody else takes ids, so many rows get theirs before they are written.

    AUTOINCREMENT's own table holds the last id ever used, and follows when higher ids are written. They come as few
    statements, for SQLite writes out its index of trigrams after each.
    """
    if len(values) == 1:
        return await _one(writer, table, values)
    found = await writer.rows(_LAST_ID, {"table": table.name})
    last = found[0][0] if found else 0
    ids = list(range(last + 1, last + 1 + len(values)))
    rows = [{"id": key, **row} for row, key in zip(values, ids, strict=True)]
    for part in _in_round_numbers(rows):
        await writer.insert_rows(_insert(table, tuple(rows[0])), part)
    return ids


def _in_round_numbers(rows: Values) -> Iterator[Values]:
    """Thousands, hundreds, and the rest: the driver keeps a statement for each number of rows that it has met, and
    those of many rows are large. A thousand have some 15 000 values, of which SQLite takes 32 766.
    """
    start = 0
    while left := len(rows) - start:
        size = 1000 if left >= 1000 else left // 100 * 100 or left
        yield rows[start : start + size]
        start += size


async def consecutive(writer: Writer, table: Table, values: Values) -> list[int]:
    """For MySQL and MariaDB: one INSERT whose number of rows is known gets ids in one run, of which the first is told.

    They are ``auto_increment_increment`` apart, which is more than one on a cluster.
    """
    if len(values) == 1:
        return [await writer.write_one(_insert(table, tuple(values[0])), values[0])]
    [[step]] = await writer.rows(_STEP)
    ids: list[int] = []
    for part in _in_parts(values):
        first = await writer.insert_rows(_insert(table, tuple(part[0])), part)
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
