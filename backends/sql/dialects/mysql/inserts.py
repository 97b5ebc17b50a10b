"""Inserting rows into MySQL and MariaDB."""

from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import Table, case, func, text
from sqlalchemy.dialects import mysql

from backends.sql.inserts import insert_of
from backends.sql.statement import CachedStatement, Executor, Values
from backends.sql.upserts import EXPIRY, now_of, replaced_columns

_STEP = CachedStatement(text("SELECT @@auto_increment_increment"))
_MAX_ROWS = 1000
_MAX_LENGTH = 2**20
"""Code points of text in one INSERT: four bytes each, doubled by escapes, half of what MariaDB takes in a packet."""


async def insert_with_lastrowid(executor: Executor, table: Table, values: Sequence[Values]) -> list[int]:
    """One INSERT whose number of rows is known gets ids in one run, of which the first is reported.

    They are ``auto_increment_increment`` apart, which is more than one on a cluster.
    """
    if len(values) == 1:
        return [await executor.write_one(insert_of(table, tuple(values[0])), values[0])]
    [[step]] = await executor.rows(_STEP)
    ids: list[int] = []
    for part in _chunks_by_size(values):
        first = await executor.insert_rows(insert_of(table, tuple(part[0])), part)
        ids += range(first, first + step * len(part), step)
    return ids


def _chunks_by_size(values: Sequence[Values]) -> Iterator[list[Values]]:
    part: list[Values] = []
    length = 0
    for row in values:
        more = sum(len(value) for value in row.values() if isinstance(value, str))
        if part and (len(part) == _MAX_ROWS or length + more > _MAX_LENGTH):
            yield part
            part, length = [], 0
        part.append(row)
        length += more
    yield part


async def upsert_on_duplicate_key(executor: Executor, table: Table, values: Values) -> bool:
    """An INSERT becomes an UPDATE on no condition, and counts a row that stays what it was like one that is new. So it
    says with LAST_INSERT_ID, which is 0 for a new row, whether it found a valid entry.
    """
    return await executor.write_one(_upsert(table), values) == 0


@cache
def _upsert(table: Table) -> CachedStatement:
    new = mysql.insert(table)
    valid = func.last_insert_id(table.c[EXPIRY] > now_of(table))
    # One after the other: the time that they all look at is replaced last.
    changes = [(name, case((valid, table.c[name]), else_=new.inserted[name])) for name in replaced_columns(table)]
    return CachedStatement(new.on_duplicate_key_update(changes), tuple(table.c.keys()))
