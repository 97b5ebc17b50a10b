"""A database in the memory of the process: it exists while it is open, on one connection that all requests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from backends.sql.backend import SqlBackend
from backends.sql.dialects import Dialect
from backends.sql.engine import migration_engine
from backends.sql.storage import SqlStorage
from core.settings import PoolClass, Settings
from core.storage import Backend, Migrations, Storage


class InMemoryBackend(SqlBackend):
    """The backend of one such database. What it stores is gone once no storage has it open.

    Args:
        dialect: of the database.
        url: under which all connections of this process reach the same one.
    """

    def __init__(self, dialect: Dialect, url: str) -> None:
        capabilities = replace(dialect.capabilities, durable=False, shared=False, concurrent_reads=False)
        super().__init__(replace(dialect, capabilities=capabilities, title=f"{dialect.title} in memory"))
        self._url = url

    @override
    def select_variant(self, settings: Settings) -> Backend:
        return self

    @override
    async def open(self, settings: Settings) -> Storage:
        """As in the contract; a new database is empty, and is migrated at once.

        A second connection keeps it while the one that serves is replaced, as after a statement that took too long.
        """
        ours = self._settings(settings)
        keeper = await migration_engine(self._dialect, ours).connect()
        try:
            await self.migrations(settings).up()
            storage = await super().open(ours)
        except BaseException:
            await _close(keeper)
            raise
        assert isinstance(storage, SqlStorage)  # noqa: S101 - for the type checker
        storage.on_close(lambda: _close(keeper))
        return storage

    @override
    def migrations(self, settings: Settings) -> Migrations:
        return super().migrations(self._settings(settings))

    @override
    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        """As in the contract; each opening is a new one anyway."""
        yield settings.url

    def _settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"database_url": SecretStr(self._url), "pool_class": PoolClass.STATIC})


async def _close(keeper: AsyncConnection) -> None:
    await keeper.close()
    await keeper.engine.dispose()
