"""A kind of SQL database as a backend."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from backends.sql.dialects import Dialect
from backends.sql.engine import serving_engine
from backends.sql.errors import refusal
from backends.sql.fitness import require_fit, require_room
from backends.sql.migrations import SqlMigrations
from backends.sql.scratch import scratch
from backends.sql.storage import SqlStorage
from core.settings import Settings
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
                version = await require_fit(connection, self._dialect)
                await require_room(connection, self._dialect, settings)
        except Exception as error:
            await engine.dispose()
            raise refusal(self._dialect, settings, error) from error
        return SqlStorage(engine, self._dialect, settings, f"{self._dialect.title} {version}")

    def migrations(self, settings: Settings) -> Migrations:
        """See ``Backend.migrations``."""
        return SqlMigrations(self._dialect, settings)

    def temporary_database(self, settings: Settings) -> AbstractAsyncContextManager[str]:
        """See ``core.storage.SupportsTemporaryDatabases``."""
        return scratch(self._dialect, settings)
