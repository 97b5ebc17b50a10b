"""Executing statements: ``ReadExecutor`` outside a unit of work, ``UnitOfWorkExecutor`` within one.

Connections are in autocommit mode, so a read is one round trip. Compiled statements go to the driver's adapter, others
to SQLAlchemy's connection. A round trip is recorded where it is sent: here for a direct adapter, otherwise by the
engine's listener.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from backends.sql.dialects import Dialect, ErrorClass
from backends.sql.errors import (
    Disconnected,
    IntegrityViolation,
    NotWritable,
    TransactionEnded,
    classify,
    statement_timed_out,
    translate,
)
from backends.sql.pool import Pool, PooledConnection
from backends.sql.statement import CachedStatement, CompiledStatement, Executor, Params, QueryExecutor, Values
from core.errors import TransientConflict
from core.settings import Settings
from core.storage import round_trips
from core.storage.observer import Observer
from core.storage.retry import RetryPolicy, run_with_retry
from core.timeouts import DeadlineTimer

T = TypeVar("T")

_REFUSED_BY_SERVER = (ErrorClass.UNIQUE, ErrorClass.REFERENCE, ErrorClass.TRANSIENT, ErrorClass.NOT_WRITABLE)
"""Classes of errors after which the connection is known to be open."""

_RETRIES_OF_READS = RetryPolicy(deadline=5.0)


class ExecutorContext:
    """What the executors of one storage share.

    Attributes:
        dialect: of the database.
        adapter: of the driver.
        statement_timeout: seconds that one statement may take.
        pool: of connections.
        timer: of everything that waits for the database.
    """

    def __init__(
        self, engine: AsyncEngine, pool: Pool, dialect: Dialect, settings: Settings, timer: DeadlineTimer
    ) -> None:
        self.dialect = dialect
        self.adapter = dialect.adapter_of(engine.driver)
        self.statement_timeout = settings.database_timeout
        self.pool = pool
        self.timer = timer
        self._sqlalchemy_dialect = engine.dialect
        self._compiled: dict[CachedStatement, CompiledStatement] = {}

    def compile(self, statement: CachedStatement) -> CompiledStatement:
        """A statement in the SQL of the database, compiled once."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = statement.compile(self._sqlalchemy_dialect)
        return found


class StatementExecutor(Executor):
    """Executes statements on one connection.

    A method that only passes a statement on is no coroutine itself: each coroutine that waits is resumed with every
    answer.
    """

    def __init__(self, pooled: PooledConnection, context: ExecutorContext) -> None:
        self._connection = pooled.connection
        self._driver = pooled.driver
        self._context = context
        self._dialect = context.dialect
        self._adapter = context.adapter

    @override
    async def rows(self, statement: Executable | CachedStatement, params: Params = None) -> Sequence[Any]:
        if not isinstance(statement, CachedStatement):
            return (await self.execute(statement, params)).all()
        compiled = self._context.compile(statement)
        return compiled.read(await self._send(self._adapter.rows, compiled.sql, compiled.arguments(_single(params))))

    @override
    async def write(self, statement: Executable | CachedStatement, params: Params = None) -> int:
        if not isinstance(statement, CachedStatement):
            return (await self.execute(statement, params)).rowcount
        compiled = self._context.compile(statement)
        return (await self._send(self._adapter.write, compiled.sql, compiled.arguments(_single(params))))[0]

    @override
    async def write_one(self, statement: CachedStatement, params: Values) -> int:
        compiled = self._context.compile(statement)
        return (await self._send(self._adapter.write, compiled.sql, compiled.arguments(params)))[1]

    @override
    def copy(self, table: Table, params: Sequence[Values]) -> Awaitable[None]:
        compiled = self._context.compile(_copy_of(table, tuple(params[0])))
        arguments = [compiled.arguments(one) for one in params]
        return self._send(self._adapter.copy, compiled.sql, table.name, compiled.names, arguments)

    def write_many(self, statement: CachedStatement, params: Sequence[Values]) -> Awaitable[None]:
        """Run a write for several sets of parameters."""
        compiled = self._context.compile(statement)
        return self._send(self._adapter.write_many, compiled.sql, [compiled.arguments(one) for one in params])

    @override
    def insert_rows(self, statement: CachedStatement, params: Sequence[Values]) -> Awaitable[int]:
        compiled = self._context.compile(statement)
        return self._send(self._adapter.insert_rows, compiled.sql, [compiled.arguments(one) for one in params])

    def execute(self, statement: Executable, params: Params = None) -> Awaitable[CursorResult[Any]]:
        """Run a statement that is compiled each time."""
        return self._guarded(self._connection.execute(statement, params))

    def execute_raw(self, sql: str) -> Awaitable[None]:
        """Run a statement that has neither parameters nor rows."""
        return self._send(self._adapter.execute_raw, sql)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone, and all that was not committed with it."""
        return self._connection.invalidated

    async def discard(self) -> None:
        """Close the connection, so that it is not used again."""
        await self._connection.invalidate()

    def _send(self, call: Callable[..., Awaitable[T]], sql: str, *arguments: Any) -> Awaitable[T]:
        if self._adapter.is_direct:
            return self._guarded(self._send_directly(call, sql, *arguments))
        return self._guarded(call(self._connection, sql, *arguments))

    async def _send_directly(self, call: Callable[..., Awaitable[T]], sql: str, *arguments: Any) -> T:
        """Let the driver do something, and then what SQLAlchemy does where it sends a statement itself."""
        round_trips.record_start(sql)
        try:
            return await call(self._driver, sql, *arguments)
        except asyncio.CancelledError:
            await asyncio.shield(self.discard())  # half an answer may be on its way
            raise
        except Exception as error:
            if classify(self._dialect, error) not in _REFUSED_BY_SERVER:
                await self._require_connection()
            raise

    async def _require_connection(self) -> None:
        """Let SQLAlchemy find out whether the connection is lost, and invalidate it then.

        Raises:
            DBAPIError: it is.
        """
        try:
            await self._connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise

    async def _guarded(self, sent: Awaitable[T]) -> T:
        """The answer to what was sent, in time or not at all, with errors in core's terms."""
        timer = self._context.timer
        task = timer.start(self._context.statement_timeout)
        try:
            answer = await sent
        except asyncio.CancelledError:
            if not timer.is_timed_out(task):
                raise
            raise self._failed_with(statement_timed_out()) from None
        except Exception as error:
            translated = translate(self._dialect, error)
            if isinstance(translated, Disconnected | NotWritable) and not self.is_lost:
                await self._context.pool.discard_all(self._connection)
            raise self._failed_with(translated) from error
        else:
            self._check_transaction()
            return answer
        finally:
            timer.stop(task)
            round_trips.record_end()

    def _failed_with(self, error: BaseException) -> BaseException:
        """The error, once it is known to the unit of work."""
        return error

    def _check_transaction(self) -> None:
        """Called after each statement that succeeded."""


class UnitOfWorkExecutor(StatementExecutor):
    """Executes the statements of a unit of work.

    An error of the database ends the unit of work, whatever ``work`` makes of it: some servers roll back all of it, and
    execute what follows outside any transaction. A constraint that is violated within a savepoint ends only that.
    """

    def __init__(self, pooled: PooledConnection, context: ExecutorContext) -> None:
        super().__init__(pooled, context)
        self._is_open = False
        self._failure: BaseException | None = None

    async def begin(self, statement: str) -> None:
        """Begin the transaction, with the dialect's statement for that."""
        self._adapter.prepare_unit_of_work(self._driver)
        await self.execute_raw(statement)
        self._is_open = True

    async def commit(self) -> None:
        """Commit the transaction."""
        self._is_open = False
        await self.execute_raw("COMMIT")

    async def roll_back(self) -> None:
        """Roll back what there is."""
        self._is_open, self._failure = False, None
        await self.execute_raw("ROLLBACK")

    def end(self) -> None:
        """Leave the connection as it was before ``begin``."""
        self._adapter.end_unit_of_work(self._driver)

    def check_intact(self) -> None:
        """Raise the error of an earlier statement, if there was one."""
        if self._failure is not None:
            raise self._failure

    @override
    def execute(self, statement: Executable, params: Params = None) -> Awaitable[CursorResult[Any]]:
        self.check_intact()
        return super().execute(statement, params)

    @override
    def _send(self, call: Callable[..., Awaitable[T]], sql: str, *arguments: Any) -> Awaitable[T]:
        self.check_intact()
        return super()._send(call, sql, *arguments)

    @override
    def _failed_with(self, error: BaseException) -> BaseException:
        self._failure = self._failure or error
        return error

    @override
    def _check_transaction(self) -> None:
        if self._is_open and not self._adapter.is_in_transaction(self._driver):
            self._is_open = False
            raise self._failed_with(TransactionEnded())

    def insert(self, table: Table, values: Sequence[Values]) -> Awaitable[list[int]]:
        """Insert rows; their new ids, in the order given."""
        return self._dialect.insert(self, table, values)

    def upsert(self, table: Table, values: Values) -> Awaitable[bool]:
        """Insert an expiring entry; True if its key was free. The entry is locked either way."""
        return self._dialect.upsert(self, table, values)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that is undone alone when an error leaves it."""
        await self.execute_raw("SAVEPOINT part")
        try:
            yield
        except Exception:
            if self._failure is None or isinstance(self._failure, IntegrityViolation):
                self._failure = None
                await self.execute_raw("ROLLBACK TO SAVEPOINT part")
            raise
        await self.execute_raw("RELEASE SAVEPOINT part")


class ReadExecutor(QueryExecutor):
    """Executes each query on a connection that is released at once. One that met a lost connection is tried again, and
    one that met a conflict, such as a lock on the whole table, again for some seconds.
    """

    def __init__(self, context: ExecutorContext) -> None:
        self._context = context

    @override
    async def rows(self, statement: Executable | CachedStatement, params: Params = None) -> Sequence[Any]:
        try:
            return await self._rows_once_more(statement, params)
        except TransientConflict:
            return await run_with_retry(lambda: self._rows_once_more(statement, params), _RETRIES_OF_READS, Observer())

    async def _rows_once_more(self, statement: Executable | CachedStatement, params: Params) -> Sequence[Any]:
        try:
            return await self._rows(statement, params)
        except (Disconnected, NotWritable):
            return await self._rows(statement, params)

    async def _rows(self, statement: Executable | CachedStatement, params: Params) -> Sequence[Any]:
        async with self._context.pool.acquire() as pooled:
            return await StatementExecutor(pooled, self._context).rows(statement, params)


def _single(params: Params) -> Values | None:
    assert params is None or isinstance(params, dict)  # noqa: S101 - several are for ``write_many``
    return params


@cache
def _copy_of(table: Table, names: tuple[str, ...]) -> CachedStatement:
    """An INSERT, which a driver that copies does not send: then it only knows how values become the driver's."""
    return CachedStatement(table.insert(), names)
