"""Inserting rows into PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import Table, text

from backends.sql.inserts import insert_one
from backends.sql.statement import CachedStatement, Executor, Values

_NEXT_IDS = CachedStatement(
    text(
        "SELECT nextval(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))"
        " FROM generate_series(1, CAST(:count AS integer))"
    )
)


async def insert_with_copy(executor: Executor, table: Table, values: Sequence[Values]) -> list[int]:
    """A row comes with RETURNING; many get their ids from the sequence, and are then copied in."""
    if len(values) == 1:
        return [await insert_one(executor, table, values[0])]
    ids = [row[0] for row in await executor.rows(_NEXT_IDS, {"table": table.name, "count": len(values)})]
    await executor.copy(table, [{"id": key, **row} for row, key in zip(values, ids, strict=True)])
    return ids
