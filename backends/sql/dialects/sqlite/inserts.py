"""Inserting rows into SQLite."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Table, text

from backends.sql.inserts import insert_of, insert_one
from backends.sql.statement import Executor, Values

_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :table")


async def insert_with_reserved_ids(executor: Executor, table: Table, values: Sequence[Values]) -> list[int]:
    """Within BEGIN IMMEDIATE no other transaction takes ids, so many rows get theirs before they are written.

    AUTOINCREMENT's own table holds the last id ever used, and follows when higher ids are written. They come as few
    statements, for SQLite writes out its index of trigrams after each.
    """
    if len(values) == 1:
        return [await insert_one(executor, table, values[0])]
    found = await executor.rows(_LAST_ID, {"table": table.name})
    last = found[0][0] if found else 0
    ids = list(range(last + 1, last + 1 + len(values)))
    rows = [{"id": key, **row} for row, key in zip(values, ids, strict=True)]
    for part in _fixed_size_chunks(rows):
        await executor.insert_rows(insert_of(table, tuple(rows[0])), part)
    return ids


def _fixed_size_chunks(rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
    """Thousands, hundreds, and the rest: the driver keeps a statement for each number of rows that it has met, and
    those of many rows are large. A thousand have some 15 000 values, of which SQLite takes 32 766.
    """
    start = 0
    while left := len(rows) - start:
        size = 1000 if left >= 1000 else left // 100 * 100 or left
        yield rows[start : start + size]
        start += size
