"""Inserting rows into MySQL and MariaDB."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Table, text

from backends.sql.inserts import insert_of
from backends.sql.statement import CachedStatement, Executor, Values

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
