"""The opened storage: readers, and units of work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from backends.sql.dialects import Dialect
from backends.sql.errors import ConstraintViolation, NotWritable, statement_timed_out, translate_for_operator
from backends.sql.executor import ExecutorContext, ReadExecutor, StatementExecutor, UnitOfWorkExecutor
from backends.sql.pool import Pool
from backends.sql.repositories.accounts import ACCOUNTS, SqlAccountReader
from backends.sql.repositories.categories import CATEGORIES, SqlCategoryReader
from backends.sql.repositories.entities import SqlEntityReader, mapping_of
from backends.sql.repositories.expiring import SqlExpiringEntryReader
from backends.sql.repositories.notifications import NOTIFICATIONS, SqlNotificationReader
from backends.sql.repositories.orders import ORDERS, SqlOrderReader
from backends.sql.repositories.posts import POSTS, SqlPostReader
from backends.sql.repositories.products import PRODUCTS, SqlProductReader
from backends.sql.repositories.tags import TAGS, SqlTagReader
from backends.sql.repositories.users import USERS, SqlUserReader
from backends.sql.rights import missing_rights
from backends.sql.schema import metadata
from backends.sql.unit_of_work import run_unit_of_work
from core.entities import EntityType
from core.errors import PoolExhausted, TransientConflict
from core.settings import Settings
from core.storage import Capabilities, PoolStatus, Storage, Transaction
from core.storage.retry import RetryPolicy, run_with_retry
from core.timeouts import DeadlineTimer

T = TypeVar("T")
E = TypeVar("E")


class SqlStorage(Storage):
    """A storage on an SQL database.

    Where a database has a single writer, units of work of one process queue up here rather than poll for its lock.
    """

    def __init__(self, engine: AsyncEngine, dialect: Dialect, settings: Settings, server: str) -> None:
        self._engine = engine
        self._dialect = dialect
        self._settings = settings
        self._server = server
        self._isolation_level = dialect.isolation_level_of(settings)
        self._begin = dialect.begin.format(isolation_level=self._isolation_level.sql)
        self._policy = RetryPolicy()
        self._writer_lock = asyncio.Lock() if dialect.capabilities.max_writers else None
        timer = DeadlineTimer()
        self._pool = Pool(engine, dialect, settings, timer)
        self._context = ExecutorContext(engine, self._pool, dialect, settings, timer)
        self._reads = ReadExecutor(self._context)
        self._require_same_database = dialect.watch(engine.url)
        self._closing: list[Callable[[], Awaitable[None]]] = []

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._dialect.capabilities_at(self._isolation_level)

    @property
    @override
    def server(self) -> str:
        return self._server

    users = cached_property(lambda self: SqlUserReader(USERS, self._reads))
    posts = cached_property(lambda self: SqlPostReader(POSTS, self._reads))
    tags = cached_property(lambda self: SqlTagReader(TAGS, self._reads))
    categories = cached_property(lambda self: SqlCategoryReader(CATEGORIES, self._reads))
    products = cached_property(lambda self: SqlProductReader(PRODUCTS, self._reads))
    orders = cached_property(lambda self: SqlOrderReader(ORDERS, self._reads))
    accounts = cached_property(lambda self: SqlAccountReader(ACCOUNTS, self._reads))
    notifications = cached_property(lambda self: SqlNotificationReader(NOTIFICATIONS, self._reads))
    expiring = cached_property(lambda self: SqlExpiringEntryReader(self._reads))

    @override
    def entities(self, entity_type: EntityType[E]) -> SqlEntityReader[E]:
        return SqlEntityReader(mapping_of(entity_type), self._reads)

    @override
    def run(self, work: Callable[[Transaction], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        return run_with_retry(lambda: self._attempt(work), self._policy)

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a unit of work; once more, on another connection, where this one had become read-only."""
        self._require_same_database()
        try:
            return await self._run_once(work)
        except NotWritable:
            return await self._run_once(work)

    async def _run_once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            async with self._acquire_writer(), self._pool.acquire() as pooled:
                return await run_unit_of_work(UnitOfWorkExecutor(pooled, self._context), self._begin, work)
        except ConstraintViolation as violation:
            raise await violation.diagnose(self._reads) from violation

    def _acquire_writer(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._writer_lock is None else self._queue(self._writer_lock)

    @asynccontextmanager
    async def _queue(self, lock: asyncio.Lock) -> AsyncIterator[None]:
        await self._context.timer.wait_for(self._settings.pool_timeout, lock.acquire(), PoolExhausted)
        try:
            yield
        finally:
            lock.release()

    @override
    async def ping(self) -> None:
        self._require_same_database()
        await self._reads.rows(text("SELECT 1"))

    @override
    async def schema_revision(self) -> str | None:
        try:
            async with self._pool.acquire() as pooled:
                found = pooled.connection.run_sync(lambda known: inspect(known).has_table("alembic_version"))
                timeout = self._settings.database_timeout
                if not await self._context.timer.wait_for(timeout, found, statement_timed_out):
                    return None
            revision = await self._reads.rows(text("SELECT version_num FROM alembic_version"))
        except Exception as error:
            raise translate_for_operator(self._dialect, self._settings, error) from error
        return revision[0][0] if revision else None

    @override
    async def size(self) -> int:
        *before, query = self._dialect.size
        try:
            async with self._pool.acquire() as pooled:
                executor = StatementExecutor(pooled, self._context)
                for statement in before:
                    await executor.execute_raw(statement.format(tables=", ".join(metadata.tables)))
                return int((await executor.rows(text(query)))[0][0])
        except TransientConflict as conflict:
            raise translate_for_operator(self._dialect, self._settings, conflict) from conflict

    @override
    async def missing_rights(self) -> Sequence[str]:
        if self.capabilities.embedded:
            return ()
        try:
            async with self._pool.acquire() as pooled:
                return await missing_rights(pooled.connection, self._dialect)
        except Exception as error:
            raise translate_for_operator(self._dialect, self._settings, error) from error

    @override
    def pool_status(self) -> PoolStatus:
        return self._pool.status()

    @override
    async def close(self) -> None:
        await self._pool.close()
        await self._engine.dispose()
        for close in self._closing:
            await close()

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have something else closed with the storage, after its connections."""
        self._closing.append(close)
