"""The opened storage: readers, and units of work that take turns."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from importlib.metadata import version
from typing import TypeVar

from typing_extensions import override

from core.entities import ENTITY_TYPES, EntityType
from core.errors import Unsupported
from core.storage import Capabilities, PoolStatus, Storage, Transaction
from core.storage.repositories import EntityReader, EntityRepository
from core.storage.retry import RetryPolicy, run_with_retry
from core.storage.round_trips import record_start
from core.storage.writer_lock import WriterLock
from stockroom_memory.accounts import MemoryAccountReader, MemoryAccountRepository
from stockroom_memory.categories import MemoryCategoryReader, MemoryCategoryRepository
from stockroom_memory.entities import MemoryEntityReader, MemoryEntityRepository
from stockroom_memory.expiring import MemoryExpiringEntryReader, MemoryExpiringEntryRepository
from stockroom_memory.notifications import MemoryNotificationReader, MemoryNotificationRepository
from stockroom_memory.orders import MemoryOrderReader, MemoryOrderRepository
from stockroom_memory.posts import MemoryPostReader, MemoryPostRepository
from stockroom_memory.products import MemoryProductReader, MemoryProductRepository
from stockroom_memory.tables import Tables
from stockroom_memory.tags import MemoryTagReader, MemoryTagRepository
from stockroom_memory.unit_of_work import UnitOfWork, V
from stockroom_memory.users import MemoryUserReader, MemoryUserRepository

T = TypeVar("T")

CAPABILITIES = Capabilities(
    savepoints=True,
    downgrades=False,
    offline_migrations=False,
    reports_size=False,
    embedded=True,
    pooled=False,
    max_writers=1,
    blocking_locks=True,
    id_block=1,
    durable=False,
    shared=False,
    repeatable_reads=True,
    serializable=True,
    concurrent_reads=True,
)


class Store:
    """What a URL leads to.

    Attributes:
        tables: as they were last committed.
        writer_lock: held by the one unit of work that may write.
    """

    def __init__(self) -> None:
        self.tables = Tables.empty(ENTITY_TYPES)
        self.writer_lock = WriterLock()


class MemoryTransaction(Transaction):
    """The repositories of a unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    users = cached_property(lambda self: MemoryUserRepository(self._unit))
    posts = cached_property(lambda self: MemoryPostRepository(self._unit))
    tags = cached_property(lambda self: MemoryTagRepository(self._unit))
    categories = cached_property(lambda self: MemoryCategoryRepository(self._unit))
    products = cached_property(lambda self: MemoryProductRepository(self._unit))
    orders = cached_property(lambda self: MemoryOrderRepository(self._unit))
    accounts = cached_property(lambda self: MemoryAccountRepository(self._unit))
    notifications = cached_property(lambda self: MemoryNotificationRepository(self._unit))
    expiring = cached_property(lambda self: MemoryExpiringEntryRepository(self._unit))

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityRepository[V]:
        return MemoryEntityRepository(entity_type, self._unit)

    @override
    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        record_start("savepoint")
        with self._unit.savepoint():
            yield


class MemoryStorage(Storage):
    """A store that is open."""

    capabilities = CAPABILITIES
    server = f"stockroom-memory {version('stockroom-memory')}"

    def __init__(self, store: Store, pool_timeout: float) -> None:
        self._store = store
        self._pool_timeout = pool_timeout

    users = cached_property(lambda self: MemoryUserReader(self._committed))
    posts = cached_property(lambda self: MemoryPostReader(self._committed))
    tags = cached_property(lambda self: MemoryTagReader(self._committed))
    categories = cached_property(lambda self: MemoryCategoryReader(self._committed))
    products = cached_property(lambda self: MemoryProductReader(self._committed))
    orders = cached_property(lambda self: MemoryOrderReader(self._committed))
    accounts = cached_property(lambda self: MemoryAccountReader(self._committed))
    notifications = cached_property(lambda self: MemoryNotificationReader(self._committed))
    expiring = cached_property(lambda self: MemoryExpiringEntryReader(self._committed))

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityReader[V]:
        return MemoryEntityReader(entity_type, self._committed)

    def _committed(self) -> Tables:
        return self._store.tables

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        return await run_with_retry(lambda: self._attempt(work), RetryPolicy())

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Whatever leaves ``work`` by an exception, cancellation included, is undone by not being committed."""
        store = self._store
        async with store.writer_lock.hold(self._pool_timeout):
            record_start("begin")
            unit = UnitOfWork(store.tables)
            outcome = await work(MemoryTransaction(unit))
            record_start("commit")
            store.tables = unit.freeze()
            return outcome

    @override
    async def ping(self) -> None:
        record_start("ping")

    @override
    async def schema_revision(self) -> str | None:
        return None

    @override
    async def size(self) -> int:
        raise Unsupported("A store in memory does not know how much memory it takes.")

    @override
    def pool_status(self) -> PoolStatus:
        return PoolStatus(pool_size=0, max_overflow=0, connections_in_use=0)

    @override
    async def close(self) -> None:
        self._store = Store()
