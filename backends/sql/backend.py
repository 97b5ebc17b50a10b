"""A kind of SQL database as a backend."""

import re
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from backends.sql.dialects import Dialect
from backends.sql.engine import serving_engine
from backends.sql.errors import refusal
from backends.sql.migrations import SqlMigrations
from backends.sql.storage import SqlStorage
from core.errors import ConfigurationError
from core.settings import PoolClass, Settings
from core.storage import Capabilities, Driver, Migrations, Storage


class SqlBackend:
    """See ``core.storage.Backend``."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    def name(self) -> str:
        """See ``Backend.name``."""
        return self._dialect.name

    @property
    def schemes(self) -> Sequence[str]:
        """See ``Backend.schemes``."""
        return self._dialect.schemes

    @property
    def drivers(self) -> Sequence[Driver]:
        """See ``Backend.drivers``."""
        return self._dialect.drivers

    @property
    def capabilities(self) -> Capabilities:
        """See ``Backend.capabilities``."""
        return self._dialect.capabilities

    @property
    def example_url(self) -> str:
        """See ``Backend.example_url``."""
        return self._dialect.example_url

    async def open(self, settings: Settings) -> Storage:
        """See ``Backend.open``."""
        engine = serving_engine(self._dialect, settings)
        try:
            async with engine.connect() as connection:
                version = await self._probe(connection, settings)
        except Exception as error:
            await engine.dispose()
            raise refusal(self._dialect, settings, error) from error
        return SqlStorage(engine, self._dialect, settings, f"{self._dialect.title} {version}")

    async def _probe(self, connection: AsyncConnection, settings: Settings) -> str:
        """The server's version, if it and the database are fit for use."""
        dialect = self._dialect
        for query, wanted, remedy in dialect.requirements:
            if (await connection.execute(text(query))).scalar_one() != wanted:
                raise ConfigurationError(f"DATABASE_URL: {remedy}.")
        version = str((await connection.execute(text(dialect.version))).scalar_one()).split("-")[0].split(" ")[0]
        if tuple(map(int, re.findall(r"\d+", version))) < dialect.oldest:
            needed = ".".join(map(str, dialect.oldest))
            raise ConfigurationError(
                f"DATABASE_URL: {dialect.title} {version} is too old; {needed} or newer is needed. Upgrade the server."
            )
        if dialect.connection_limit:
            limit = int((await connection.execute(text(dialect.connection_limit))).scalar_one())
            _require_room(limit, settings)
        return version

    def migrations(self, settings: Settings) -> Migrations:
        """See ``Backend.migrations``."""
        return SqlMigrations(self._dialect, settings)


def _require_room(limit: int, settings: Settings) -> None:
    wanted = settings.pool_size + settings.pool_max_overflow
    if settings.pool_class is PoolClass.QUEUE and wanted > limit:
        raise ConfigurationError(
            f"POOL_SIZE and POOL_MAX_OVERFLOW allow {wanted} connections, but the server takes {limit}. "
            "Lower them, or raise the server's max_connections."
        )
