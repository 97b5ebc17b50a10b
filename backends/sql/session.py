"""Executing statements: ``Reads`` outside a unit of work, ``Work`` within one.

Connections are in autocommit mode, so a read is one round trip. A unit of work sends its own BEGIN and COMMIT, in the
words of the dialect: every round trip is a statement that can be counted, and a COMMIT can fail like any other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from backends.sql.dialects import Dialect, Fault
from backends.sql.errors import Disconnected, Params, fault_of, translate
from backends.sql.limit import unanswered
from backends.sql.pool import Held, Pool
from backends.sql.statement import Compiled, Statement
from core.settings import Settings
from core.storage import round_trips
from core.timeouts import DeadlineTimer

T = TypeVar("T")


class Connections:
    """The connections of a storage, and what is known of every statement that is sent on them.

    Attributes:
        dialect: of the database.
        patience: seconds that one statement may take.
        taken: see ``Pool.taken``.
        timer: over how long anybody waits for it.
    """

    def __init__(
        self, engine: AsyncEngine, pool: Pool, dialect: Dialect, settings: Settings, timer: DeadlineTimer
    ) -> None:
        self.dialect = dialect
        self.patience = settings.database_timeout
        self.taken = pool.taken
        self.timer = timer
        self._words = engine.dialect
        self._compiled: dict[Statement, Compiled] = {}
        self._announced_to: Collection[Any] = engine.sync_engine.dispatch.before_cursor_execute.listeners

    def compiled(self, statement: Statement) -> Compiled:
        """A statement in the words of the database, worked out once."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = statement.compiled(self._words)
        return found

    def announce(self, sql: str) -> None:
        """Tell those who timer the engine of a statement that goes round SQLAlchemy: the round trip counts."""
        for listener in self._announced_to:
            listener(None, None, sql, (), None, False)


class Reads:
    """A connection per statement, given back at once. A read that met a dead connection is tried once more."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def rows(self, statement: Executable | Statement, params: Params = None) -> Sequence[Any]:
        """All rows of a query."""
        try:
            return await self._once(statement, params)
        except Disconnected:
            return await self._once(statement, params)

    async def _once(self, statement: Executable | Statement, params: Params) -> Sequence[Any]:
        async with self._connections.taken() as held:
            return await Work(held, self._connections).rows(statement, params)


class Work:
    """The one connection of a unit of work.

    What only passes a statement on is no coroutine itself: each that waits is gone through again with every answer.
    """

    def __init__(self, held: Held, connections: Connections) -> None:
        self._connection = held.connection
        self._driver = held.driver
        self._connections = connections
        self._dialect = connections.dialect
        self._wire = connections.dialect.wire

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, and all that was not committed with it."""
        return self._connection.invalidated

    async def rows(self, statement: Executable | Statement, params: Params = None) -> Sequence[Any]:
        """All rows of a query, or of a write that returns some."""
        if not isinstance(statement, Statement):
            return (await self.execute(statement, params)).all()
        known = self._connections.compiled(statement)
        return known.read(await self._send(self._wire.rows, known.sql, known.arguments(_single(params))))

    async def write(self, statement: Executable | Statement, params: Params = None) -> int:
        """Run a write; how many rows it matched."""
        if not isinstance(statement, Statement):
            return (await self.execute(statement, params)).rowcount
        known = self._connections.compiled(statement)
        return (await self._send(self._wire.write, known.sql, known.arguments(_single(params))))[0]

    async def write_one(self, statement: Statement, params: Mapping[str, Any]) -> int:
        """Run an INSERT of one row; its id, where the driver tells it."""
        known = self._connections.compiled(statement)
        return (await self._send(self._wire.write, known.sql, known.arguments(params)))[1]

    def copy(self, table: Table, params: Sequence[Mapping[str, Any]]) -> Awaitable[None]:
        """Insert rows in bulk, where the database has its own way for that. All have the columns of the first."""
        known = self._connections.compiled(_copied(table, tuple(params[0])))
        return self._send(self._wire.copy, table.name, known.names, [known.arguments(one) for one in params])

    def write_many(self, statement: Statement, params: Sequence[Mapping[str, Any]]) -> Awaitable[None]:
        """Run a write for several sets of parameters."""
        known = self._connections.compiled(statement)
        return self._send(self._wire.write_many, known.sql, [known.arguments(one) for one in params])

    def insert_rows(self, statement: Statement, params: Sequence[Mapping[str, Any]]) -> Awaitable[int]:
        """Run an INSERT of one row for many rows, as one statement; the id of the first, where the driver tells it."""
        known = self._connections.compiled(statement)
        return self._send(self._wire.insert_rows, known.sql, [known.arguments(one) for one in params])

    def insert(self, table: Table, values: Sequence[Mapping[str, Any]]) -> Awaitable[list[int]]:
        """Insert rows; their new ids, in the order given."""
        return self._dialect.insert(self, table, values)

    def claim(self, values: Mapping[str, Any]) -> Awaitable[bool]:
        """Store a ticket if its key is free, which is then locked in any case; whether it was."""
        return self._dialect.claim(self, values)

    def execute(self, statement: Executable, params: Params = None) -> Awaitable[CursorResult[Any]]:
        """Run a statement."""
        return self._answer(self._connection.execute(statement, params))

    def command(self, words: str) -> Awaitable[None]:
        """Run a statement that has neither parameters nor rows."""
        return self._send(self._wire.command, words)

    def _send(self, call: Callable[..., Awaitable[T]], sql: str, *arguments: Any) -> Awaitable[T]:
        """Let the driver do something without SQLAlchemy in between."""
        return self._answer(self._sent(call, sql, *arguments))

    async def _sent(self, call: Callable[..., Awaitable[T]], sql: str, *arguments: Any) -> T:
        self._connections.announce(sql)
        try:
            return await call(self._driver, sql, *arguments)
        except asyncio.CancelledError:
            await asyncio.shield(self.discard())  # half an answer may be on its way
            raise
        except Exception as error:
            if fault_of(self._dialect, error) in (None, Fault.DISCONNECTED):
                await self._require_connection()
            raise

    async def _require_connection(self) -> None:
        """Let SQLAlchemy find out whether the connection is lost, and do then what is to be done.

        Raises:
            DBAPIError: it is.
        """
        try:
            await self._connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise

    async def _answer(self, sent: Awaitable[T]) -> T:
        timer = self._connections.timer
        task = timer.start(self._connections.patience)
        try:
            return await sent
        except asyncio.CancelledError:
            if not timer.is_timed_out(task):
                raise
            raise unanswered() from None
        except Exception as error:
            raise translate(self._dialect, error) from error
        finally:
            timer.stop(task)
            round_trips.record_end()

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


def _single(params: Params) -> Mapping[str, Any] | None:
    assert params is None or isinstance(params, Mapping)  # noqa: S101 - several are ``write_many``'s business
    return params


@cache
def _copied(table: Table, names: tuple[str, ...]) -> Statement:
    """Never sent: it only knows how values become the driver's."""
    return Statement(table.insert(), names)
