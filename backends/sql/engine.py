"""The one engine of a storage, and what each connection is told when it is opened."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from backends.sql.dialects import Dialect
from core.errors import ConfigurationError
from core.settings import PoolClass, Settings
from core.storage import trips

_SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",  # milliseconds to wait for another process' write
    "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
    "PRAGMA synchronous = FULL",  # an acknowledged write survives a power cut
)
_FOREIGN_KEYS = "PRAGMA foreign_keys = ON"


def database_url(dialect: Dialect, settings: Settings) -> URL:
    """The URL for SQLAlchemy, with the driver filled in.

    Raises:
        ConfigurationError: it is no URL, or names an SQLite database in memory.
    """
    try:
        url = make_url(settings.url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"DATABASE_URL cannot be read. An example: {dialect.example_url}") from None
    if dialect.capabilities.embedded and (url.database or ":memory:") == ":memory:":
        raise ConfigurationError(
            "DATABASE_URL names an SQLite database in memory, which would be gone with its connection. "
            f"Name a file: {dialect.example_url}"
        )
    _, _, driver = url.drivername.partition("+")
    installed = next((d.name for d in dialect.drivers if d.installed), dialect.drivers[0].name)
    return url.set(drivername=f"{dialect.name}+{driver or installed}")


def serving_engine(dialect: Dialect, settings: Settings) -> AsyncEngine:
    """A pooled engine in autocommit mode, so that a read is one round trip, with every round trip noted."""
    engine = create_async_engine(
        database_url(dialect, settings),
        echo=settings.database_echo,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        **_pool(settings),
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _note_trip)
    if dialect.capabilities.embedded:
        event.listen(engine.sync_engine, "connect", _tell_sqlite(*_SQLITE_PRAGMAS, _FOREIGN_KEYS))
    return engine


def migration_engine(dialect: Dialect, settings: Settings) -> AsyncEngine:
    """An engine without a pool. SQLite does not enforce references on it: rebuilding a table must not empty another."""
    engine = create_async_engine(database_url(dialect, settings), poolclass=NullPool, hide_parameters=True)
    if dialect.capabilities.embedded:
        event.listen(engine.sync_engine, "connect", _tell_sqlite(*_SQLITE_PRAGMAS))
    return engine


def _pool(settings: Settings) -> dict[str, Any]:
    if settings.pool_class is PoolClass.NULL:
        return {"poolclass": NullPool}
    static = settings.pool_class is PoolClass.STATIC
    return {
        "pool_size": 1 if static else settings.pool_size,
        "max_overflow": 0 if static else settings.pool_max_overflow,
        "pool_timeout": settings.pool_timeout,
        "pool_recycle": settings.pool_recycle,
        "pool_pre_ping": settings.pool_pre_ping,
    }


def _note_trip(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    trips.note(statement)


def _tell_sqlite(*pragmas: str) -> Callable[[Any, Any], None]:
    def tell(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    return tell
