"""What differs between a replica set and mongomock."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from backends.mongo.collection import Source
from backends.mongo.ids import Ids
from backends.mongo.slots import Slots
from backends.mongo.work import Session
from core.storage import Capabilities


class Engine(Protocol):
    """An opened database."""

    @property
    def server(self) -> str:
        """See ``Storage.server``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it was found to be able to do."""
        ...

    @property
    def ids(self) -> Ids:
        """Where new ids come from."""
        ...

    def reader(self, slots: Slots) -> Source:
        """Collections that show everything committed."""
        ...

    def unit(self) -> AbstractAsyncContextManager[Session]:
        """A unit of work, undone if left by an exception."""
        ...

    async def ping(self) -> None:
        """See ``Storage.ping``."""
        ...

    async def size(self) -> int:
        """See ``Storage.size``."""
        ...

    async def close(self) -> None:
        """Give back every connection."""
        ...
