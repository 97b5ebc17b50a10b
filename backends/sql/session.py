"""Executing statements: ``Reads`` outside a unit of work, ``Work`` within one.

Connections are in autocommit mode, so a read is one round trip. A unit of work sends its own BEGIN and COMMIT, in the
words of the dialect: every round trip is a statement that can be counted, and a COMMIT can fail like any other.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backends.sql.dialects import Dialect
from backends.sql.errors import Disconnected, Params, translate


class Reads:
    """A connection per statement, given back at once. A read that met a dead connection is tried once more."""

    def __init__(self, engine: AsyncEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    async def rows(self, statement: Executable, params: Params = None) -> Sequence[Any]:
        """All rows of a query."""
        try:
            return await self._once(statement, params)
        except Disconnected:
            return await self._once(statement, params)

    async def _once(self, statement: Executable, params: Params) -> Sequence[Any]:
        try:
            async with self._engine.connect() as connection:
                return (await connection.execute(statement, params)).all()
        except Exception as error:
            raise translate(self._dialect, error) from error


class Work:
    """The one connection of a unit of work."""

    def __init__(self, connection: AsyncConnection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    async def rows(self, statement: Executable, params: Params = None) -> Sequence[Any]:
        """All rows of a query, or of a write that returns some."""
        try:
            return (await self._connection.execute(statement, params)).all()
        except Exception as error:
            raise translate(self._dialect, error) from error

    async def write(self, statement: Executable, params: Params = None) -> int:
        """Run a write; how many rows it matched."""
        try:
            return (await self._connection.execute(statement, params)).rowcount
        except Exception as error:
            raise translate(self._dialect, error) from error

    async def insert(self, table: Table, values: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert rows; their new ids, in the order given."""
        try:
            return await self._dialect.insert(self._connection, table, values)
        except Exception as error:
            raise translate(self._dialect, error) from error

    def in_id_order(self, table: Table, ids: Sequence[int]) -> Any:
        """For an UPDATE's ``id IN``: the ids, locked in their order where the database would not do so by itself."""
        if not self._dialect.locks_unordered:
            return list(ids)
        return select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True)

    async def command(self, words: str) -> None:
        """Run a statement that has neither parameters nor rows."""
        try:
            await self._connection.exec_driver_sql(words)
        except Exception as error:
            raise translate(self._dialect, error) from error

    async def discard(self) -> None:
        """Close the connection instead of giving it back."""
        await self._connection.invalidate()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that is undone alone when an error leaves it."""
        await self.command("SAVEPOINT part")
        try:
            yield
        except Exception:
            await self.command("ROLLBACK TO SAVEPOINT part")
            raise
        await self.command("RELEASE SAVEPOINT part")
