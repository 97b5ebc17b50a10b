"""The one engine of a storage, and the statements that each new connection runs."""

from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from backends.sql.address import hosts_of, parameters_of, parse_url
from backends.sql.connector import CONNECT_TIMEOUT, Connector
from backends.sql.dialects import Dialect
from core.errors import ConfigurationError
from core.settings import PoolClass, Settings
from core.storage import round_trips
from core.timeouts import CANCEL_GRACE_SECONDS


def database_url(dialect: Dialect, settings: Settings) -> URL:
    """The URL for SQLAlchemy, with the driver filled in.

    Raises:
        ConfigurationError: it is no URL, or none that the dialect accepts.
    """
    try:
        url = parse_url(settings.url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"DATABASE_URL cannot be read. An example: {dialect.example_url}") from None
    dialect.check_url(url)
    _, _, driver = url.drivername.partition("+")
    installed = next((d.name for d in dialect.drivers if d.installed), dialect.drivers[0].name)
    return url.set(drivername=f"{dialect.name}+{driver or installed}")


def serving_engine(dialect: Dialect, settings: Settings) -> AsyncEngine:
    """An engine in autocommit mode, so that a read is one round trip. Those of SQLAlchemy's connections are counted."""
    engine = create_async_engine(
        _plain_url(dialect, settings),
        echo=settings.database_echo,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args=_connect_args(dialect, settings),
        poolclass=NullPool,  # see ``Pool``
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _record_round_trip)
    statements = _on_connect_statements(dialect, settings)
    _on_connect(engine, *statements, dialect.enforce_references, _statement_timeout(dialect, settings))
    if dialect.session_options and (settings.pool_class is not PoolClass.NULL or dialect.unpooled_args is None):
        _set_options(engine, dialect, settings.idle_transaction_timeout)
    if dialect.cancel_statement is not None:
        _on_invalidate(engine, dialect.cancel_statement)
    return engine


def migration_engine(dialect: Dialect, settings: Settings) -> AsyncEngine:
    """An engine without a pool. SQLite does not enforce references on it: rebuilding a table must not empty another."""
    engine = create_async_engine(
        _plain_url(dialect, settings),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=_connect_args(dialect, settings),
    )
    _on_connect(engine, *_on_connect_statements(dialect, settings))
    return engine


def connect_timeout(dialect: Dialect, settings: Settings) -> float:
    """Seconds until a connection is there or not."""
    connector = _connector(dialect, settings)
    return connector.timeout if connector else CONNECT_TIMEOUT


def _connector(dialect: Dialect, settings: Settings) -> Connector | None:
    """Opens connections to the hosts of the URL; None where there are no hosts."""
    if dialect.read_parameters is None:
        return None
    url = database_url(dialect, settings)
    hosts = hosts_of(url)
    options = dialect.read_parameters(parameters_of(url), has_several_hosts=len(hosts) > 1)
    return Connector(dialect, url.drivername.partition("+")[2], hosts, options)


def _plain_url(dialect: Dialect, settings: Settings) -> URL:
    """The URL without what the connector knows."""
    url = database_url(dialect, settings)
    return url if dialect.read_parameters is None else url.set(query={})


def _connect_args(dialect: Dialect, settings: Settings) -> dict[str, Any]:
    is_pooled = settings.pool_class is not PoolClass.NULL
    given = dialect.connect_args if is_pooled or dialect.unpooled_args is None else dialect.unpooled_args
    _, _, driver = database_url(dialect, settings).drivername.partition("+")
    more = dialect.driver_args.get(driver, {}) if is_pooled else {}
    connector = _connector(dialect, settings)
    opening = {"async_creator_fn": connector, **connector.arguments} if connector else {}
    return _merge({**given, **more}, opening)


def _merge(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both; mappings of the same name are merged in their turn."""
    nested = {name: _merge(given.get(name, {}), value) for name, value in more.items() if isinstance(value, Mapping)}
    return {**given, **more, **nested}


def _record_round_trip(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    round_trips.record_start(statement)


def _statement_timeout(dialect: Dialect, settings: Settings) -> str:
    """Later than our own, which throws away the connection and so knows its state."""
    seconds = ceil(settings.database_timeout + CANCEL_GRACE_SECONDS)
    return dialect.statement_timeout.format(seconds=seconds, milliseconds=seconds * 1000)


def _on_connect_statements(dialect: Dialect, settings: Settings) -> list[str]:
    level = dialect.isolation_level_of(settings).sql
    return [statement.format(isolation_level=level) for statement in dialect.on_connect]


def _on_invalidate(engine: AsyncEngine, cancel_statement: Callable[[Any], Awaitable[None]]) -> None:
    def cancel(connection: Any, *_: Any) -> None:
        connection.run_async(cancel_statement)

    event.listen(engine.sync_engine, "invalidate", cancel)


def _set_options(engine: AsyncEngine, dialect: Dialect, seconds: int) -> None:
    def run(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in dialect.session_options:
            try:
                cursor.execute(statement.format(seconds=seconds, milliseconds=seconds * 1000))
            except Exception as error:
                if dialect.unknown_option not in dialect.error_codes(error):
                    raise
        cursor.close()

    event.listen(engine.sync_engine, "connect", run)


def _on_connect(engine: AsyncEngine, *statements: str) -> None:
    """Run them before SQLAlchemy looks at the connection: it quotes names as the session's ``sql_mode`` demands."""

    def run(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in filter(None, statements):
            cursor.execute(statement)
        cursor.close()

    event.listen(engine.sync_engine, "connect", run, insert=True)
