"""The backend: how a store is found by its URL, and that there is no schema to bring up to date."""

from collections.abc import Sequence
from weakref import WeakValueDictionary

from core.errors import ConfigurationError, Unsupported
from core.settings import Settings
from core.storage import Capabilities, Driver, Migrations, Revision, Storage
from stockroom_memory.storage import CAPABILITIES, MemoryStorage, Store


class MemoryBackend:
    """See ``core.storage.Backend``.

    Who opens a name that is open in this process meets the same data; once everybody has closed it, the data is gone.
    A URL without a name is a store of one's own.
    """

    name = "memory"
    schemes: Sequence[str] = ("memory",)
    drivers: Sequence[Driver] = ()
    capabilities: Capabilities = CAPABILITIES
    example_url = "memory://stockroom"

    def __init__(self) -> None:
        self._open: WeakValueDictionary[str, Store] = WeakValueDictionary()

    async def open(self, settings: Settings) -> Storage:
        """See ``Backend.open``."""
        name = settings.url.partition("://")[2]
        store = self._open.setdefault(name, Store()) if name else Store()
        return MemoryStorage(store, settings.pool_timeout)

    def migrations(self, settings: Settings) -> Migrations:  # noqa: ARG002 - the same for every store
        """See ``Backend.migrations``."""
        return NoMigrations()


class NoMigrations:
    """See ``core.storage.Migrations``. A store is born with its tables, so there is no way to go."""

    def history(self) -> Sequence[Revision]:
        """See ``Migrations.history``."""
        return []

    async def current(self) -> str | None:
        """See ``Migrations.current``."""
        return None

    async def up(self, target: str = "head") -> None:
        """See ``Migrations.up``.

        Raises:
            ConfigurationError: a revision is named, and there are none.
        """
        if target != "head":
            raise ConfigurationError(f"There is no schema revision {target!r}: a store in memory has no schema.")

    async def down(self, target: str) -> None:  # noqa: ARG002 - there is no way down, wherever to
        """See ``Migrations.down``."""
        raise Unsupported("A store in memory has no schema, so there is no way back from one.")

    def script(self, span: str) -> str:  # noqa: ARG002 - there is none, whatever the span
        """See ``Migrations.script``."""
        raise Unsupported("A store in memory has no schema, so there are no statements.")
