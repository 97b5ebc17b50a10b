"""The interface behind which a replica set and mongomock differ."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from backends.mongo.collection import CollectionProvider
from backends.mongo.ids import IdAllocator
from backends.mongo.pool import ConcurrencyLimiter
from core.storage import Capabilities


class EngineTransaction(CollectionProvider, Protocol):
    """A transaction of the database. Its collections are used within it."""

    async def commit(self) -> None:
        """Make every write visible and durable.

        Raises:
            TransientConflict: nothing was kept.
            Unavailable: the server did not say whether it was kept.
        """
        ...


class Engine(ABC):
    """An opened database.

    Attributes:
        server: as in ``Storage.server``.
        capabilities: as found on the server.
        ids: the allocator of new ids.
    """

    def __init__(self, server: str, capabilities: Capabilities, ids: IdAllocator) -> None:
        self.server = server
        self.capabilities = capabilities
        self.ids = ids

    @abstractmethod
    def reader(self, limiter: ConcurrencyLimiter) -> CollectionProvider:
        """Collections that show everything committed; each read takes a slot of ``limiter``."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[EngineTransaction]:
        """A new transaction, undone when an exception leaves the context."""

    def end_idle_transactions(self) -> None:  # noqa: B027 - nothing to do where a transaction ends with its process
        """Begin to end transactions that lock documents and are idle, as those of processes that were killed."""

    @abstractmethod
    async def ping(self) -> None:
        """Return if the database answers; raises Unavailable otherwise."""

    @abstractmethod
    async def size(self) -> int:
        """As ``Storage.size``."""

    async def missing_rights(self) -> Sequence[str]:
        """As ``Storage.missing_rights``."""
        return ()

    async def close(self) -> None:
        """Close every connection."""
        await self.ids.close()
