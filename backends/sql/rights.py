"""Which rights the account of a storage lacks for serving. Each is tried, by a statement that touches no row."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from backends.sql.dialects import Dialect, ErrorClass
from backends.sql.errors import classify
from backends.sql.schema import metadata

_TRIALS = {
    "SELECT": "SELECT 1 FROM {table} WHERE 1 = 0",
    "INSERT": "INSERT INTO {table} ({column}) SELECT 1 FROM (SELECT 1 AS one) AS rows_to_add WHERE 1 = 0",
    "UPDATE": "UPDATE {table} SET {column} = 1 WHERE 1 = 0",
    "DELETE": "DELETE FROM {table} WHERE 1 = 0",
}


async def missing_rights(connection: AsyncConnection, dialect: Dialect) -> Sequence[str]:
    """Such as ``INSERT on orders``; empty where the account can serve the shop."""
    return [right async for right in _missing(connection, dialect)]


async def _missing(connection: AsyncConnection, dialect: Dialect) -> AsyncIterator[str]:
    if await _is_denied(connection, dialect, _TRIALS["SELECT"].format(table="alembic_version")):
        yield "SELECT on alembic_version"
    for table in metadata.sorted_tables:
        column = next(iter(table.columns)).name
        for name in (table.name, *dialect.search_tables(table)):
            for right, trial in _TRIALS.items():
                if await _is_denied(connection, dialect, trial.format(table=name, column=column)):
                    yield f"{right} on {name}"
        if await _lacks_ids(connection, dialect, table):
            yield f"USAGE on the sequence {table.name}_id_seq"


async def _lacks_ids(connection: AsyncConnection, dialect: Dialect, table: Table) -> bool:
    if not dialect.has_ids_right or table.autoincrement_column is None:
        return False
    try:
        found = await connection.exec_driver_sql(dialect.has_ids_right.format(table=table.name))
    except DBAPIError:  # there is no such table yet
        return False
    return found.scalar_one() is False


async def _is_denied(connection: AsyncConnection, dialect: Dialect, trial: str) -> bool:
    """Whether the server refused it for want of a right; other errors are not about rights."""
    try:
        await connection.exec_driver_sql(trial)
    except DBAPIError as error:
        if error.connection_invalidated or error.orig is None:
            raise
        return classify(dialect, error.orig) is ErrorClass.DENIED
    return False
