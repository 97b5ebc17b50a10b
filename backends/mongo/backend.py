"""MongoDB and mongomock as backends. Neither imports a driver before it is used."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from weakref import WeakValueDictionary

from pydantic import SecretStr

from core.settings import Settings
from core.storage import Capabilities, Driver, Migrations, Storage

if TYPE_CHECKING:
    from backends.mongo.inprocess import Memory


class MongoBackend:
    """See ``core.storage.Backend``."""

    name = "mongodb"
    schemes: Sequence[str] = ("mongodb",)
    drivers: Sequence[Driver] = (
        Driver("motor", "motor", "stockroom[mongodb]"),
        Driver("srv", "dns", "stockroom[mongodb]"),  # mongodb+srv:// is Motor as well, and asks DNS for the hosts
    )
    capabilities = Capabilities(
        savepoints=False,
        downgrades=True,
        offline_migrations=False,
        reports_size=True,
        embedded=False,
        pooled=True,
        max_writers=None,
        blocking_locks=False,
        id_block=64,
        durable=True,
        shared=True,
        repeatable_reads=True,
        serializable=False,
        concurrent_reads=True,
    )
    example_url = "mongodb://localhost:27017/stockroom?replicaSet=rs0"

    async def open(self, settings: Settings) -> Storage:
        """See ``Backend.open``."""
        from backends.mongo.connection import open_replica  # noqa: PLC0415
        from backends.mongo.slots import Slots  # noqa: PLC0415
        from backends.mongo.storage import MongoStorage  # noqa: PLC0415

        slots = Slots(settings)
        return MongoStorage(await open_replica(settings, slots.limit, self.capabilities), slots)

    def migrations(self, settings: Settings) -> Migrations:
        """See ``Backend.migrations``."""
        from backends.mongo.connection import define  # noqa: PLC0415
        from backends.mongo.migrations import MongoMigrations  # noqa: PLC0415

        return MongoMigrations(lambda: define(settings))

    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        """See ``core.storage.SupportsTemporaryDatabases``. The database comes into being with its first use."""
        from backends.mongo.connection import define  # noqa: PLC0415

        url = beside(settings.url)
        try:
            yield url
        finally:
            async with define(settings.model_copy(update={"database_url": SecretStr(url)})) as definition:
                await definition.drop_database()


class MongomockBackend:
    """See ``core.storage.Backend``. Who opens a name that is open in this process already meets the same data."""

    name = "mongomock"
    schemes: Sequence[str] = ("mongomock",)
    drivers: Sequence[Driver] = (Driver("mongomock-motor", "mongomock_motor", "stockroom[mongomock]"),)
    capabilities = Capabilities(
        savepoints=False,
        downgrades=True,
        offline_migrations=False,
        reports_size=False,
        embedded=True,
        pooled=True,
        max_writers=1,
        blocking_locks=True,
        id_block=1,
        durable=False,
        shared=False,
        repeatable_reads=True,
        serializable=True,
        concurrent_reads=True,
    )
    example_url = "mongomock://localhost/stockroom"

    def __init__(self) -> None:
        self._open: WeakValueDictionary[str, Memory] = WeakValueDictionary()

    async def open(self, settings: Settings) -> Storage:
        """See ``Backend.open``. What is opened anew is empty, and migrates itself."""
        from backends.mongo.inprocess import InProcess  # noqa: PLC0415
        from backends.mongo.slots import Slots  # noqa: PLC0415
        from backends.mongo.storage import MongoStorage  # noqa: PLC0415

        engine = InProcess(self._memory(settings), self.capabilities, settings.pool_timeout)
        storage = MongoStorage(engine, Slots(settings))
        if await storage.schema_revision() is None:
            await self.migrations(settings).up()
        return storage

    def migrations(self, settings: Settings) -> Migrations:
        """See ``Backend.migrations``."""
        from backends.mongo.inprocess import InProcessDefinition  # noqa: PLC0415
        from backends.mongo.migrations import MongoMigrations  # noqa: PLC0415

        memory = self._memory(settings)

        @asynccontextmanager
        async def connect() -> AsyncIterator[Any]:
            yield InProcessDefinition(memory.working)
            await memory.publish()

        return MongoMigrations(connect)

    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        """See ``core.storage.SupportsTemporaryDatabases``. It is gone when nobody has it open any more."""
        yield beside(settings.url)

    def _memory(self, settings: Settings) -> "Memory":
        from backends.mongo.inprocess import Memory  # noqa: PLC0415

        name = urlsplit(settings.url).path.strip("/")
        memory = self._open.get(name) or Memory()
        if name:
            self._open[name] = memory
        return memory


def beside(url: str) -> str:
    """The URL of another database on the same server, for the same user."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "@" in parts.netloc and "authsource" not in {name.lower() for name in query}:
        query["authSource"] = parts.path.strip("/") or "admin"  # where the user is kept, as the driver would take it
    return parts._replace(path=f"/stockroom_scratch_{token_hex(4)}", query=urlencode(query)).geturl()
