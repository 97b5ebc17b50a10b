"""MongoDB and mongomock as backends. Neither imports a driver before it is opened."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit
from weakref import WeakValueDictionary

from pydantic import SecretStr
from typing_extensions import override

from core.settings import Settings
from core.storage import Backend, Capabilities, Driver, Migrations, Storage, SupportsTemporaryDatabases

if TYPE_CHECKING:
    from backends.mongo.mongomock import MongomockStore


class MongoBackend(Backend, SupportsTemporaryDatabases):
    """MongoDB: replica sets and sharded clusters."""

    name = "mongodb"
    schemes: Sequence[str] = ("mongodb",)
    drivers: Sequence[Driver] = (
        Driver("motor", "motor", "stockroom[mongodb]"),
        Driver("srv", "dns", "stockroom[mongodb]"),  # mongodb+srv://: Motor, with the hosts from DNS
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
        id_block=8,
        durable=True,
        shared=True,
        repeatable_reads=True,
        serializable=False,
        concurrent_reads=True,
    )
    example_url = "mongodb://localhost:27017/stockroom?replicaSet=rs0"

    @override
    async def open(self, settings: Settings) -> Storage:
        from backends.mongo.connection import open_replica_set  # noqa: PLC0415
        from backends.mongo.pool import ConcurrencyLimiter  # noqa: PLC0415
        from backends.mongo.storage import MongoStorage  # noqa: PLC0415

        limiter = ConcurrencyLimiter(settings)
        return MongoStorage(await open_replica_set(settings, limiter.limit, self.capabilities), limiter)

    @override
    def migrations(self, settings: Settings) -> Migrations:
        from backends.mongo.connection import open_schema_editor  # noqa: PLC0415
        from backends.mongo.migrations import MongoMigrations  # noqa: PLC0415

        return MongoMigrations(lambda: open_schema_editor(settings))

    @override
    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        """As in the contract; MongoDB creates the database with its first use."""
        from backends.mongo.connection import open_schema_editor  # noqa: PLC0415

        url = sibling_database_url(settings.url)
        try:
            yield url
        finally:
            async with open_schema_editor(settings.model_copy(update={"database_url": SecretStr(url)})) as editor:
                await editor.drop_database()


class MongomockBackend(Backend, SupportsTemporaryDatabases):
    """mongomock, in the memory of this process. Storages with the same name share their data while one is open."""

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
        self._stores: WeakValueDictionary[str, MongomockStore] = WeakValueDictionary()

    @override
    async def open(self, settings: Settings) -> Storage:
        """As in the contract; a new database is empty, and is migrated at once."""
        from backends.mongo.mongomock import MongomockEngine  # noqa: PLC0415
        from backends.mongo.pool import ConcurrencyLimiter  # noqa: PLC0415
        from backends.mongo.storage import MongoStorage  # noqa: PLC0415

        engine = MongomockEngine(self._get_store(settings), self.capabilities, settings.pool_timeout)
        storage = MongoStorage(engine, ConcurrencyLimiter(settings))
        if await storage.schema_revision() is None:
            await self.migrations(settings).up()
        return storage

    @override
    def migrations(self, settings: Settings) -> Migrations:
        from backends.mongo.migrations import MongoMigrations  # noqa: PLC0415
        from backends.mongo.mongomock import MongomockSchemaEditor  # noqa: PLC0415

        store = self._get_store(settings)

        @asynccontextmanager
        async def open_editor() -> AsyncIterator[MongomockSchemaEditor]:
            yield MongomockSchemaEditor(store.working)
            await store.publish()

        return MongoMigrations(open_editor)

    @override
    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        """As in the contract; the database lasts as long as a storage has it open."""
        yield sibling_database_url(settings.url)

    def _get_store(self, settings: Settings) -> "MongomockStore":
        from backends.mongo.mongomock import MongomockStore  # noqa: PLC0415

        name = urlsplit(settings.url).path.strip("/")
        store = self._stores.get(name) or MongomockStore()
        if name:
            self._stores[name] = store
        return store


def sibling_database_url(url: str) -> str:
    """The URL of another database on the same server, for the same user."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "@" in parts.netloc and "authsource" not in {name.lower() for name in query}:
        query["authSource"] = parts.path.strip("/") or "admin"  # the driver's default: the database of the URL
    return parts._replace(path=f"/stockroom_scratch_{token_hex(4)}", query=urlencode(query)).geturl()
