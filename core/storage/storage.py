"""An opened storage, and the unit of work."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

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

T = TypeVar("T")
V = TypeVar("V", bound=VersionedEntity)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatus:
    """Connections of one process to its storage.

    Attributes:
        pool_size: connections kept open at most.
        max_overflow: further connections that may be opened under load.
        connections_in_use: handed out at this moment.
        connections_idle: open and not handed out; 0 where the driver does not tell.
    """

    pool_size: int
    max_overflow: int
    connections_in_use: int
    connections_idle: int = 0

    @property
    def connections_available(self) -> int:
        """How many more can be handed out at this moment."""
        return max(0, self.pool_size + self.max_overflow - self.connections_in_use)

    @property
    def connections_open(self) -> int:
        """How many there are, in use or idle."""
        return self.connections_in_use + self.connections_idle


class Transaction(Protocol):
    """A unit of work in progress. Its writes are visible to its own repositories only, until it has committed."""

    @property
    def users(self) -> UserRepository: ...
    @property
    def posts(self) -> PostRepository: ...
    @property
    def tags(self) -> TagRepository: ...
    @property
    def categories(self) -> CategoryRepository: ...
    @property
    def products(self) -> ProductRepository: ...
    @property
    def orders(self) -> OrderRepository: ...
    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def notifications(self) -> NotificationRepository: ...
    @property
    def expiring(self) -> ExpiringEntryRepository: ...

    def entities(self, entity_type: EntityType[V]) -> EntityRepository[V]:
        """The repository of an entity that has no methods of its own."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part that is undone alone when an error leaves it; the error goes on to the caller.

        Raises:
            Unsupported: the storage declares no savepoints.
        """
        ...


class Storage(Protocol):
    """An opened storage: readers that see everything committed, and ``run`` for everything that writes."""

    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def server(self) -> str:
        """Product and version of the database, such as ``SQLite 3.40.1``."""
        ...

    @property
    def users(self) -> UserReader: ...
    @property
    def posts(self) -> PostReader: ...
    @property
    def tags(self) -> TagReader: ...
    @property
    def categories(self) -> CategoryReader: ...
    @property
    def products(self) -> ProductReader: ...
    @property
    def orders(self) -> OrderReader: ...
    @property
    def accounts(self) -> AccountReader: ...
    @property
    def notifications(self) -> NotificationReader: ...
    @property
    def expiring(self) -> ExpiringEntryReader: ...

    def entities(self, entity_type: EntityType[V]) -> EntityReader[V]:
        """The reader of an entity that has no methods of its own."""
        ...

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run ``work`` in a unit of work, and return what it returned once that is committed.

        Any exception undoes everything, and reaches the caller; so does a commit that fails. On a transient conflict
        ``work`` runs again from its beginning, so it must have no effects but those on the transaction.

        Raises:
            RetriesExhausted: conflicts went on for longer than the retry policy allows.
        """
        ...

    async def ping(self) -> None:
        """Return if the storage answers; raise Unavailable if it does not."""
        ...

    async def schema_revision(self) -> str | None:
        """The revision the stored data is at; None before the first."""
        ...

    async def size(self) -> int:
        """Bytes that the data takes, indexes included, as the database itself counts: it may lag by some seconds.

        Raises:
            Unsupported: the storage does not declare ``reports_size``.
        """
        ...

    async def missing_rights(self) -> Sequence[str]:
        """The rights that the account of ``DATABASE_URL`` lacks for serving, such as ``INSERT on orders``.

        Only ``stockroom check`` asks, so it may take some round trips. A storage without accounts leaves it as it is.
        """
        return ()

    def pool_status(self) -> PoolStatus:
        """Figures of the connection pool, without a round trip; all 0 where there is none."""
        ...

    async def close(self) -> None:
        """Close every connection. The storage is of no use afterwards."""
        ...
