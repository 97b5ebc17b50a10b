"""The opened storage: readers, and units of work."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from backends.sql.accounts import ACCOUNTS, SqlAccountReader, SqlAccountRepository
from backends.sql.categories import CATEGORIES, SqlCategoryReader, SqlCategoryRepository
from backends.sql.dialects import Dialect
from backends.sql.errors import Clash, Disconnected, meaning
from backends.sql.expiring import SqlExpiringEntryReader, SqlExpiringEntryRepository
from backends.sql.limit import unanswered
from backends.sql.notifications import NOTIFICATIONS, SqlNotificationReader, SqlNotificationRepository
from backends.sql.orders import ORDERS, PAYMENTS, SqlOrderReader, SqlOrderRepository, SqlPaymentRepository
from backends.sql.pool import Pool
from backends.sql.posts import POSTS, SqlPostReader, SqlPostRepository
from backends.sql.products import PRODUCTS, SqlProductReader, SqlProductRepository
from backends.sql.schema import metadata
from backends.sql.session import Connections, Reads, Work
from backends.sql.tags import TAGS, SqlTagReader, SqlTagRepository
from backends.sql.users import USERS, SqlUserReader, SqlUserRepository
from core.errors import PoolExhausted, TransientConflict
from core.settings import Settings
from core.storage import Capabilities, PoolStatus, Transaction
from core.storage.retry import RetryPolicy, run_with_retry
from core.timeouts import DeadlineTimer

T = TypeVar("T")

logger = logging.getLogger(__name__)


_REPOSITORIES: Mapping[str, Callable[[Work], Any]] = {
    "users": partial(SqlUserRepository, USERS),
    "posts": partial(SqlPostRepository, POSTS),
    "tags": partial(SqlTagRepository, TAGS),
    "categories": partial(SqlCategoryRepository, CATEGORIES),
    "products": partial(SqlProductRepository, PRODUCTS),
    "orders": partial(SqlOrderRepository, ORDERS),
    "payments": partial(SqlPaymentRepository, PAYMENTS),
    "accounts": partial(SqlAccountRepository, ACCOUNTS),
    "notifications": partial(SqlNotificationRepository, NOTIFICATIONS),
    "expiring": SqlExpiringEntryRepository,
}


class SqlTransaction:
    """See ``core.storage.Transaction``. A repository is made when it is first asked for: few are."""

    users: SqlUserRepository
    posts: SqlPostRepository
    tags: SqlTagRepository
    categories: SqlCategoryRepository
    products: SqlProductRepository
    orders: SqlOrderRepository
    payments: SqlPaymentRepository
    accounts: SqlAccountRepository
    notifications: SqlNotificationRepository
    expiring: SqlExpiringEntryRepository

    def __init__(self, work: Work) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:
        made = _REPOSITORIES.get(name)
        if made is None:
            raise AttributeError(name)
        repository = made(self._work)
        setattr(self, name, repository)
        return repository

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """See ``Transaction.savepoint``."""
        return self._work.savepoint()


class SqlStorage:
    """See ``core.storage.Storage``.

    Where a database has a single writer, units of work of one process queue up here rather than poll for its lock.
    """

    def __init__(self, engine: AsyncEngine, dialect: Dialect, settings: Settings, server: str) -> None:
        self._engine = engine
        self._dialect = dialect
        self._settings = settings
        self._policy = RetryPolicy()
        self._turn = asyncio.Lock() if dialect.capabilities.max_writers else None
        timer = DeadlineTimer()
        self._pool = Pool(engine, dialect, settings, timer)
        self._connections = Connections(engine, self._pool, dialect, settings, timer)
        self._reads = reads = Reads(self._connections)
        self.server = server
        self.users = SqlUserReader(USERS, reads)
        self.posts = SqlPostReader(POSTS, reads)
        self.tags = SqlTagReader(TAGS, reads)
        self.categories = SqlCategoryReader(CATEGORIES, reads)
        self.products = SqlProductReader(PRODUCTS, reads)
        self.orders = SqlOrderReader(ORDERS, reads)
        self.accounts = SqlAccountReader(ACCOUNTS, reads)
        self.notifications = SqlNotificationReader(NOTIFICATIONS, reads)
        self.expiring = SqlExpiringEntryReader(reads)

    @property
    def capabilities(self) -> Capabilities:
        """See ``Storage.capabilities``."""
        return self._dialect.capabilities

    def run(self, work: Callable[[Transaction], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """See ``Storage.run``."""
        return run_with_retry(lambda: self._attempt(work), self._policy)

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            async with self._my_turn(), self._connections.taken() as held:
                return await self._in_transaction(Work(held, self._connections), work)
        except Clash as clash:
            raise await clash.explain(self._reads) from clash

    async def _in_transaction(self, session: Work, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            await session.command(self._dialect.begin)
            outcome = await work(SqlTransaction(session))
        except Disconnected as lost:
            raise TransientConflict from lost  # nothing was committed, so all of it may run again
        except BaseException:
            await asyncio.shield(self._undo(session))
            raise
        try:
            await session.command("COMMIT")
        except BaseException:
            await asyncio.shield(self._undo(session))
            raise
        return outcome

    async def _undo(self, session: Work) -> None:
        if session.lost:
            return
        try:
            await session.command("ROLLBACK")
        except Exception:
            logger.warning("rollback failed; the connection is thrown away", exc_info=True)
            await session.discard()

    def _my_turn(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._turn is None else self._queue(self._turn)

    @asynccontextmanager
    async def _queue(self, turn: asyncio.Lock) -> AsyncIterator[None]:
        await self._connections.timer.wait_for(self._settings.pool_timeout, turn.acquire(), PoolExhausted)
        try:
            yield
        finally:
            turn.release()

    async def ping(self) -> None:
        """See ``Storage.ping``."""
        await self._reads.rows(text("SELECT 1"))

    async def schema_revision(self) -> str | None:
        """See ``Storage.schema_revision``."""
        try:
            async with self._connections.taken() as held:
                found = held.connection.run_sync(lambda known: inspect(known).has_table("alembic_version"))
                if not await self._connections.timer.wait_for(self._settings.database_timeout, found, unanswered):
                    return None
            revision = await self._reads.rows(text("SELECT version_num FROM alembic_version"))
        except Exception as error:
            raise meaning(self._dialect, self._settings, error) from error
        return revision[0][0] if revision else None

    async def size(self) -> int:
        """See ``Storage.size``."""
        *before, query = self._dialect.size
        async with self._connections.taken() as held:
            session = Work(held, self._connections)
            for words in before:
                await session.command(words.format(tables=", ".join(metadata.tables)))
            return int((await session.rows(text(query)))[0][0])

    def pool_status(self) -> PoolStatus:
        """See ``Storage.pool_status``."""
        return self._pool.status()

    async def close(self) -> None:
        """See ``Storage.close``."""
        await self._pool.close()
        await self._engine.dispose()
