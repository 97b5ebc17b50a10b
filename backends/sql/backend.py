"""A kind of SQL database as a backend."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex

from sqlalchemy import text
from typing_extensions import override

from backends.sql.dialects import Dialect
from backends.sql.engine import database_url, migration_engine, serving_engine
from backends.sql.errors import connect_error
from backends.sql.migrations import SqlMigrations
from backends.sql.server_checks import check_connection_limit, check_server, check_session
from backends.sql.storage import SqlStorage
from core.settings import IsolationLevel, Settings
from core.storage import (
    Backend,
    Capabilities,
    Driver,
    Migrations,
    Storage,
    SupportsIsolationLevels,
    SupportsTemporaryDatabases,
    SupportsVariants,
)


class SqlBackend(Backend, SupportsIsolationLevels, SupportsTemporaryDatabases, SupportsVariants):
    """The backend of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    @override
    def name(self) -> str:
        return self._dialect.name

    @property
    @override
    def schemes(self) -> Sequence[str]:
        return self._dialect.schemes

    @property
    @override
    def drivers(self) -> Sequence[Driver]:
        return self._dialect.drivers

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._dialect.capabilities

    @property
    @override
    def example_url(self) -> str:
        return self._dialect.example_url

    @property
    @override
    def isolation_levels(self) -> Sequence[IsolationLevel]:
        return self._dialect.isolation_levels

    @override
    async def open(self, settings: Settings) -> Storage:
        engine = serving_engine(self._dialect, settings)
        try:
            async with engine.connect() as connection:
                version = await check_server(connection, self._dialect)
                await check_session(connection, self._dialect, settings)
                await check_connection_limit(connection, self._dialect, settings)
        except Exception as error:
            await engine.dispose()
            raise connect_error(self._dialect, settings, error) from error
        return SqlStorage(engine, self._dialect, settings, f"{self._dialect.title} {version}")

    @override
    def migrations(self, settings: Settings) -> Migrations:
        return SqlMigrations(self._dialect, settings)

    @override
    def select_variant(self, settings: Settings) -> Backend:
        from backends.sql.in_memory import InMemoryBackend  # noqa: PLC0415 - is derived from this class

        memory_url = self._dialect.memory_url(settings.url)
        return self if memory_url is None else InMemoryBackend(self._dialect, memory_url)

    @override
    @asynccontextmanager
    async def temporary_database(self, settings: Settings) -> AsyncIterator[str]:
        async def execute(statement: str) -> None:
            await self._execute(settings, statement)

        url, name = database_url(self._dialect, settings), f"stockroom_scratch_{token_hex(4)}"
        async with self._dialect.temporary_database(url, name, execute) as temporary:
            yield temporary.render_as_string(hide_password=False)

    async def _execute(self, settings: Settings, statement: str) -> None:
        engine = migration_engine(self._dialect, settings).execution_options(isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        except Exception as error:
            raise connect_error(self._dialect, settings, error) from error
        finally:
            await engine.dispose()
