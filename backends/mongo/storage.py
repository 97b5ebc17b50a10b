"""The opened storage: readers, and units of work."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from itertools import count
from typing import TypeVar

from typing_extensions import override

from backends.mongo.engine import Engine
from backends.mongo.errors import ConstraintViolation, Disconnected
from backends.mongo.migrations import REVISIONS, fetch_revision
from backends.mongo.pool import ConcurrencyLimiter
from backends.mongo.repositories.accounts import ACCOUNTS, MongoAccountReader, MongoAccountRepository
from backends.mongo.repositories.categories import CATEGORIES, MongoCategoryReader, MongoCategoryRepository
from backends.mongo.repositories.entities import MongoEntityReader, MongoEntityRepository, mapping_of
from backends.mongo.repositories.expiring import MongoExpiringEntryReader, MongoExpiringEntryRepository
from backends.mongo.repositories.notifications import (
    NOTIFICATIONS,
    MongoNotificationReader,
    MongoNotificationRepository,
)
from backends.mongo.repositories.orders import (
    ORDERS,
    MongoOrderReader,
    MongoOrderRepository,
)
from backends.mongo.repositories.posts import POSTS, MongoPostReader, MongoPostRepository
from backends.mongo.repositories.products import PRODUCTS, MongoProductReader, MongoProductRepository
from backends.mongo.repositories.tags import TAGS, MongoTagReader, MongoTagRepository
from backends.mongo.repositories.users import USERS, MongoUserReader, MongoUserRepository
from backends.mongo.unit_of_work import UnitOfWork
from backends.mongo.violations import MongoConstraintReader
from core.entities import EntityType
from core.errors import RetriesExhausted, TransientConflict, Unavailable, Unsupported
from core.storage import Capabilities, PoolStatus, Storage, Transaction
from core.storage.retry import RetryPolicy, run_with_retry
from core.storage.violations import diagnose

T = TypeVar("T")
E = TypeVar("E")

RETRY_POLICY = RetryPolicy(attempts=48, initial_backoff=0.05, max_backoff=0.3)
"""Many short waits, because MongoDB refuses a second writer at once where other databases let it wait. Among several
policies, one like this had the shortest tail for 32 clients that transfer money between 8 accounts."""

_MAX_LOSSES = 5
"""Connections that a unit of work may lose. The driver waits for a new primary by itself;
if the server stays one that takes no writes, as where the URL names a secondary alone, there is nothing to wait for."""

_LONG_CONFLICT_SECONDS = 1.0
"""The time of conflicts after which a unit of work looks for transactions that are left of other processes."""


class MongoTransaction(Transaction):
    """A unit of work as use cases see it. A repository is created when it is first used: most units use few."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    users = cached_property(lambda self: MongoUserRepository(USERS, self._unit))
    posts = cached_property(lambda self: MongoPostRepository(POSTS, self._unit))
    tags = cached_property(lambda self: MongoTagRepository(TAGS, self._unit))
    categories = cached_property(lambda self: MongoCategoryRepository(CATEGORIES, self._unit))
    products = cached_property(lambda self: MongoProductRepository(PRODUCTS, self._unit))
    orders = cached_property(lambda self: MongoOrderRepository(ORDERS, self._unit))
    accounts = cached_property(lambda self: MongoAccountRepository(ACCOUNTS, self._unit))
    notifications = cached_property(lambda self: MongoNotificationRepository(NOTIFICATIONS, self._unit))
    expiring = cached_property(lambda self: MongoExpiringEntryRepository(self._unit))

    @override
    def entities(self, entity_type: EntityType[E]) -> MongoEntityRepository[E]:
        return MongoEntityRepository(mapping_of(entity_type), self._unit)

    @override
    def savepoint(self) -> AbstractAsyncContextManager[None]:
        raise Unsupported("MongoDB has no savepoints.")


class MongoStorage(Storage):
    """An opened MongoDB or mongomock database."""

    def __init__(self, engine: Engine, limiter: ConcurrencyLimiter) -> None:
        self._engine = engine
        self._limiter = limiter
        self._reader = engine.reader(limiter)

    users = cached_property(lambda self: MongoUserReader(USERS, self._reader))
    posts = cached_property(lambda self: MongoPostReader(POSTS, self._reader))
    tags = cached_property(lambda self: MongoTagReader(TAGS, self._reader))
    categories = cached_property(lambda self: MongoCategoryReader(CATEGORIES, self._reader))
    products = cached_property(lambda self: MongoProductReader(PRODUCTS, self._reader))
    orders = cached_property(lambda self: MongoOrderReader(ORDERS, self._reader))
    accounts = cached_property(lambda self: MongoAccountReader(ACCOUNTS, self._reader))
    notifications = cached_property(lambda self: MongoNotificationReader(NOTIFICATIONS, self._reader))
    expiring = cached_property(lambda self: MongoExpiringEntryReader(self._reader))

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._engine.capabilities

    @property
    @override
    def server(self) -> str:
        return self._engine.server

    @override
    def entities(self, entity_type: EntityType[E]) -> MongoEntityReader[E]:
        return MongoEntityReader(mapping_of(entity_type), self._reader)

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        started, losses = time.monotonic(), count(1)

        async def attempt() -> T:
            try:
                return await self._attempt(work)
            except Disconnected as lost:
                if next(losses) == _MAX_LOSSES:
                    raise Unavailable from lost
                raise
            except TransientConflict:
                if time.monotonic() - started > _LONG_CONFLICT_SECONDS:
                    self._engine.end_idle_transactions()
                raise

        try:
            return await run_with_retry(attempt, RETRY_POLICY)
        except RetriesExhausted as exhausted:
            if isinstance(exhausted.__cause__, Disconnected):
                raise Unavailable from exhausted
            raise

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            async with self._limiter, self._engine.transaction() as transaction:
                unit = UnitOfWork(transaction, self._engine.ids)
                result = await work(MongoTransaction(unit))
                await unit.commit()
                return result
        except ConstraintViolation as violation:
            writes = [write.to_write() for write in violation.writes]
            raise await diagnose(writes, MongoConstraintReader(self._reader)) from violation

    @override
    async def ping(self) -> None:
        async with self._limiter:
            await self._engine.ping()

    @override
    async def schema_revision(self) -> str | None:
        return await fetch_revision(self._reader.collection(REVISIONS))

    @override
    async def size(self) -> int:
        async with self._limiter:
            return await self._engine.size()

    @override
    async def missing_rights(self) -> Sequence[str]:
        async with self._limiter:
            return await self._engine.missing_rights()

    @override
    def pool_status(self) -> PoolStatus:
        return self._limiter.status()

    @override
    async def close(self) -> None:
        await self._engine.close()
