"""Executing statements: ``Reads`` outside a unit of work, ``Work`` within one.

Connections are in autocommit mode, so a read is one round trip. A unit of work sends its own BEGIN and COMMIT, in the
words of the dialect: every round trip is a statement that can be counted, and a COMMIT can fail like any other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backends.sql.dialects import Dialect
from backends.sql.engine import CONNECT_TIMEOUT
from backends.sql.errors import Disconnected, Params, translate
from backends.sql.limit import limited
from core.errors import Unavailable
from core.settings import Settings

T = TypeVar("T")


class Connections:
    """The engine's connections, and how long each is waited for.

    Attributes:
        dialect: of the database.
        patience: seconds that one statement may take.
    """

    def __init__(self, engine: AsyncEngine, dialect: Dialect, settings: Settings) -> None:
        self.dialect = dialect
        self.patience = settings.database_timeout
        self._engine = engine
        self._wait = settings.pool_timeout + CONNECT_TIMEOUT

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[AsyncConnection]:
        """One of them, given back in the end.

        Raises:
            PoolExhausted: none became free in time.
            Unavailable: the server does not let us in.
        """
        connection = self._engine.connect()
        try:
            await limited(self._wait, connection.start())
        except Exception as error:
            meant = translate(self.dialect, error)
            raise (Unavailable() if isinstance(meant, Disconnected) else meant) from error
        try:
            yield connection
        finally:
            await asyncio.shield(connection.close())


class Reads:
    """A connection per statement, given back at once. A read that met a dead connection is tried once more."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def rows(self, statement: Executable, params: Params = None) -> Sequence[Any]:
        """All rows of a query."""
        try:
            return await self._once(statement, params)
        except Disconnected:
            return await self._once(statement, params)

    async def _once(self, statement: Executable, params: Params) -> Sequence[Any]:
        async with self._connections.taken() as connection:
            return await Work(connection, self._connections).rows(statement, params)


class Work:
    """The one connection of a unit of work."""

    def __init__(self, connection: AsyncConnection, connections: Connections) -> None:
        self._connection = connection
        self._dialect = connections.dialect
        self._patience = connections.patience

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, and all that was not committed with it."""
        return self._connection.invalidated

    async def rows(self, statement: Executable, params: Params = None) -> Sequence[Any]:
        """All rows of a query, or of a write that returns some."""
        return (await self.execute(statement, params)).all()

    async def write(self, statement: Executable, params: Params = None) -> int:
        """Run a write; how many rows it matched."""
        return (await self.execute(statement, params)).rowcount

    async def insert(self, table: Table, values: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert rows; their new ids, in the order given."""
        return await self._dialect.insert(self.execute, table, values)

    async def execute(self, statement: Executable, params: Params = None) -> CursorResult[Any]:
        """Run a statement."""
        return await self._answer(self._connection.execute(statement, params))

    async def command(self, words: str) -> None:
        """Run a statement that has neither parameters nor rows."""
        await self._answer(self._connection.exec_driver_sql(words))

    async def _answer(self, sent: Awaitable[T]) -> T:
        try:
            return await limited(self._patience, sent)
        except Exception as error:
            raise translate(self._dialect, error) from error

    def in_id_order(self, table: Table, ids: Sequence[int]) -> Any:
        """For an UPDATE's ``id IN``: the ids, locked in their order where the database would not do so by itself."""
        if not self._dialect.locks_unordered:
            return list(ids)
        return select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True)

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
            if not self.lost:
                await self.command("ROLLBACK TO SAVEPOINT part")
            raise
        await self.command("RELEASE SAVEPOINT part")
