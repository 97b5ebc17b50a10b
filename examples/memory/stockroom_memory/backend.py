"""The backend: how a store is found by its URL, and that there is no schema to bring up to date."""

from collections.abc import Sequence
from weakref import WeakValueDictionary

from typing_extensions import override

from core.errors import ConfigurationError, Unsupported
from core.settings import Settings
from core.storage import Backend, Capabilities, Driver, Migrations, Revision, Storage
from stockroom_memory.storage import CAPABILITIES, MemoryStorage, Store


class MemoryBackend(Backend):
    """Shops in the memory of a process.

    A name that is opened again while it is open in this process leads to the same data, which is gone once the last one
    is closed. A URL without a name is a store of its own.
    """

    name = "memory"
    schemes: Sequence[str] = ("memory",)
    drivers: Sequence[Driver] = ()
    capabilities: Capabilities = CAPABILITIES
    example_url = "memory://stockroom"

    def __init__(self) -> None:
        self._open: WeakValueDictionary[str, Store] = WeakValueDictionary()

    @override
    async def open(self, settings: Settings) -> Storage:
        name = settings.url.partition("://")[2]
        store = self._open.setdefault(name, Store()) if name else Store()
        return MemoryStorage(store, settings.pool_timeout)

    @override
    def migrations(self, settings: Settings) -> Migrations:
        return NoMigrations()


class NoMigrations(Migrations):
    """A store is created with its tables, so there is nothing to migrate."""

    @override
    def history(self) -> Sequence[Revision]:
        return []

    @override
    async def current(self) -> str | None:
        return None

    @override
    async def up(self, target: str = "head") -> None:
        if target != "head":
            raise ConfigurationError(f"There is no schema revision {target!r}: a store in memory has no schema.")

    @override
    async def down(self, target: str) -> None:
        raise Unsupported("A store in memory has no schema, so there is no way back from one.")

    @override
    def script(self, span: str) -> str:
        raise Unsupported("A store in memory has no schema, so there are no statements.")
