"""A storage and a transaction that pass every call on to another one.

Bases of those that add something: visibility, idempotency, instrumentation. Every property is written out, so that the
type checker refuses a subclass as soon as the contract has one more than is decided on here.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from typing_extensions import override

from core.entities import EntityType, VersionedEntity
from core.storage.capabilities import Capabilities
from core.storage.repositories import (
    AccountReader,
    AccountRepository,
    CategoryReader,
    CategoryRepository,
    EntityReader,
    EntityRepository,
    ExpiringEntryReader,
    ExpiringEntryRepository,
    NotificationReader,
    NotificationRepository,
    OrderReader,
    OrderRepository,
    PostReader,
    PostRepository,
    ProductReader,
    ProductRepository,
    TagReader,
    TagRepository,
    UserReader,
    UserRepository,
)
from core.storage.storage import PoolStatus, Storage, Transaction

T = TypeVar("T")
V = TypeVar("V", bound=VersionedEntity)


class DelegatingTransaction(Transaction):
    """A transaction whose repositories are those of another one, unless a subclass overrides them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @property
    @override
    def users(self) -> UserRepository:
        return self._transaction.users

    @property
    @override
    def posts(self) -> PostRepository:
        return self._transaction.posts

    @property
    @override
    def tags(self) -> TagRepository:
        return self._transaction.tags

    @property
    @override
    def categories(self) -> CategoryRepository:
        return self._transaction.categories

    @property
    @override
    def products(self) -> ProductRepository:
        return self._transaction.products

    @property
    @override
    def orders(self) -> OrderRepository:
        return self._transaction.orders

    @property
    @override
    def accounts(self) -> AccountRepository:
        return self._transaction.accounts

    @property
    @override
    def notifications(self) -> NotificationRepository:
        return self._transaction.notifications

    @property
    @override
    def expiring(self) -> ExpiringEntryRepository:
        return self._transaction.expiring

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityRepository[V]:
        return self._transaction.entities(entity_type)

    @override
    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._transaction.savepoint()


class DelegatingStorage(Storage):
    """A storage whose readers and units of work are those of another one, unless a subclass overrides them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._storage.capabilities

    @property
    @override
    def server(self) -> str:
        return self._storage.server

    @property
    @override
    def users(self) -> UserReader:
        return self._storage.users

    @property
    @override
    def posts(self) -> PostReader:
        return self._storage.posts

    @property
    @override
    def tags(self) -> TagReader:
        return self._storage.tags

    @property
    @override
    def categories(self) -> CategoryReader:
        return self._storage.categories

    @property
    @override
    def products(self) -> ProductReader:
        return self._storage.products

    @property
    @override
    def orders(self) -> OrderReader:
        return self._storage.orders

    @property
    @override
    def accounts(self) -> AccountReader:
        return self._storage.accounts

    @property
    @override
    def notifications(self) -> NotificationReader:
        return self._storage.notifications

    @property
    @override
    def expiring(self) -> ExpiringEntryReader:
        return self._storage.expiring

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityReader[V]:
        return self._storage.entities(entity_type)

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        return await self._storage.run(work)

    @override
    async def ping(self) -> None:
        await self._storage.ping()

    @override
    async def schema_revision(self) -> str | None:
        return await self._storage.schema_revision()

    @override
    async def size(self) -> int:
        return await self._storage.size()

    @override
    async def missing_rights(self) -> Sequence[str]:
        return await self._storage.missing_rights()

    @override
    def pool_status(self) -> PoolStatus:
        return self._storage.pool_status()

    @override
    async def close(self) -> None:
        await self._storage.close()
