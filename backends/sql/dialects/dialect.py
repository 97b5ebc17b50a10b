"""The form that a database's differences take."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol

from sqlalchemy import URL, BigInteger, Connection, DateTime, String, Table, Text
from sqlalchemy.types import TypeEngine

from backends.sql.address import ConnectOptions
from backends.sql.drivers import DriverAdapter, SqlalchemyAdapter
from backends.sql.inserts import Insert
from backends.sql.search import SearchIndexDdl, TrigramIndex
from backends.sql.temporary import TemporaryDatabase
from backends.sql.upserts import Upsert
from core.settings import IsolationLevel, Settings
from core.storage import Capabilities, Driver

MIGRATION_LOCK_TIMEOUT = 600
"""Seconds to wait for the migration of another process."""

SERVER_CAPABILITIES = Capabilities(
    savepoints=True,
    downgrades=True,
    offline_migrations=True,
    reports_size=True,
    embedded=False,
    pooled=True,
    max_writers=None,
    blocking_locks=True,
    id_block=1,
    durable=True,
    shared=True,
    repeatable_reads=False,
    serializable=False,
    concurrent_reads=True,
)
"""Of databases that run as a server, at READ COMMITTED."""


class ErrorClass(Enum):
    """What a driver's error code means to us."""

    UNIQUE = auto()
    REFERENCE = auto()
    TRANSIENT = auto()
    DISCONNECTED = auto()
    DENIED = auto()  # the account lacks a right
    NOT_WRITABLE = auto()  # a standby, or a node outside its cluster: the connection is of no more use
    UNAVAILABLE = auto()
    DEFECT = auto()  # of our statements or values: no retry helps


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTypes:
    """The types of columns that keep a value exactly, and compare text by code point.

    Attributes:
        primary_key: a 64-bit id that counts up by itself.
        text: text of at most so many code points, indexable.
        long_text: text of up to some millions of code points, not indexed by value.
        time: a time in UTC with milliseconds.
        time_to_driver: from such a time to the driver's value; None where they are the same.
        time_from_driver: and back.
    """

    primary_key: TypeEngine[int] = field(default_factory=BigInteger)
    text: Callable[[int], TypeEngine[str]] = String
    long_text: TypeEngine[str] = field(default_factory=Text)
    time: TypeEngine[Any] = field(default_factory=lambda: DateTime(timezone=True))
    time_to_driver: Callable[[datetime | None], Any] | None = None
    time_from_driver: Callable[[Any], datetime | None] | None = None


class ReadParameters(Protocol):
    """What the parameters of a URL ask for."""

    def __call__(self, given: Mapping[str, str], *, has_several_hosts: bool) -> ConnectOptions: ...


def _accept(_given: Any) -> None:
    """Find nothing wrong."""


def _find_no_memory(_url: str) -> str | None:
    return None


def _watch_nothing(_url: URL) -> Callable[[], None]:
    return lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One database.

    Attributes:
        name: of the backend; also the URL scheme under which SQLAlchemy knows the database.
        title: as people write it.
        schemes: URL schemes it answers to.
        drivers: the preferred first.
        driver_adapters: of those drivers that have one, by their names.
        example_url: for messages.
        capabilities: what it declares.
        minimum_version: the oldest version that has all we need.
        check_url: raises ConfigurationError for a URL that cannot be meant.
        memory_url: for a URL that names a database in memory, one by which several connections reach a new one.
        watch: of the URL of a database that has been opened, a function that raises Unavailable once the place is
            no longer that of the same database. It is called before each unit of work and each ping.
        read_parameters: what the parameters of the URL ask for, where there is a server to connect to; raises
            ConfigurationError for those that it does not know.
        connect_args: arguments of each connection. ``async_creator_fn`` among them opens it.
        unpooled_args: the same under ``POOL_CLASS=null``, where a pooler of the operator's may stand in between.
        driver_args: further arguments, by the name of the driver, where connections are kept.
        on_connect: statements that each new connection runs first; ``{isolation_level}`` as in ``begin``.
        enforce_references: a further such statement, where references are not enforced without.
        statement_timeout: a further such statement, by which the server ends a statement that no client waits for any
            more; with ``{seconds}`` or ``{milliseconds}``, whole numbers.
        session_options: further such statements, which a server may not know, and then reports ``unknown_option``.
            With ``{seconds}`` or ``{milliseconds}``, for which a transaction may be idle.
        unknown_option: the code of that error.
        has_idle_limit: whether they make the server close any connection that is idle for so long.
        cancel_statement: ends what a driver's connection is executing, where neither driver nor server does of itself.
        begin: the statement that starts a unit of work; ``{isolation_level}`` stands for that.
        isolation_levels: what a unit of work can have, the default first.
        version: the query for the server's version.
        size: the query for the bytes that the database takes, after the statements that it needs before it, of all
            ``{tables}``.
        column_types: what columns are.
        table_options: of each table, as SQLAlchemy names them.
        id_options: further ones, of each table whose ids count up by themselves.
        insert: inserts rows and learns their ids.
        upsert: inserts an entry that expires, if its key is free.
        cursor_condition: the condition that ``{column}`` and ``{id}`` come after ``{value}`` and ``{last_id}``, with
            the operator ``{sign}``, in words for which the database goes straight to the first such row.
        can_seek_by_two_columns: whether it does so also where many rows share a value of the column.
        search_index: the index of a table by which it is searched, where the database has one.
        search_index_ddl: how that is created and dropped.
        schema_objects: the query for the names of all tables and of all triggers that are enabled.
        autoincrement_tables: the query for the tables that have what ``id_options`` say, where they can lack it.
        error_codes: a driver's error to its stable code (SQLSTATE, errno, or SQLite's extended result code), and to the
            categories that it belongs to, the narrowest first.
        error_classes: the codes and categories that we know. The first one that is known decides.
        connect_errors: codes of a connection or migration that fails, and what is wrong then.
        has_ids_right: the query for whether the account may get the next id of ``{table}``, where that is a right of
            its own.
        connection_limit: the query for how many connections the server takes, if it has a limit.
        requirements: queries for what must be so, the value that must come, and the remedy.
        session_requirements: the same, of a connection that is kept.
        temporary_database: creates a database that meets these requirements.
        lock_migrations: begins a transaction during which no other process migrates the database; before the current
            revision is read, and in a way that also covers the reading. A snapshot from before the wait would show the
            old one. Raises Unavailable after ``MIGRATION_LOCK_TIMEOUT``.
        check_migrated: raises an error where a migration left the database in a state that must not be committed.
        script_header: the beginning of a migration that is written down instead of run.
        has_transactional_ddl: whether a migration that fails leaves nothing behind.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    drivers: tuple[Driver, ...]
    driver_adapters: Mapping[str, DriverAdapter] = field(default_factory=dict)
    example_url: str
    capabilities: Capabilities
    minimum_version: tuple[int, ...]
    check_url: Callable[[URL], None] = _accept
    memory_url: Callable[[str], str | None] = _find_no_memory
    watch: Callable[[URL], Callable[[], None]] = _watch_nothing
    read_parameters: ReadParameters | None = None
    connect_args: Mapping[str, object] = field(default_factory=dict)
    unpooled_args: Mapping[str, object] | None = None
    driver_args: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    on_connect: tuple[str, ...] = ()
    enforce_references: str = ""
    statement_timeout: str = ""
    session_options: tuple[str, ...] = ()
    unknown_option: int | str = ""
    has_idle_limit: bool = False
    cancel_statement: Callable[[Any], Awaitable[None]] | None = None
    begin: str
    isolation_levels: tuple[IsolationLevel, ...] = tuple(IsolationLevel)
    version: str
    size: tuple[str, ...]
    column_types: ColumnTypes
    table_options: Mapping[str, object] = field(default_factory=dict)
    id_options: Mapping[str, object] = field(default_factory=dict)
    insert: Insert
    upsert: Upsert
    cursor_condition: str = "({column}, {id}) {sign} ({value}, {last_id})"
    can_seek_by_two_columns: bool = True
    search_index: Callable[[Table], TrigramIndex] | None = None
    search_index_ddl: SearchIndexDdl | None = None
    schema_objects: str = ""
    autoincrement_tables: str = ""
    error_codes: Callable[[BaseException], tuple[int | str, ...]]
    error_classes: Mapping[int | str, ErrorClass]
    connect_errors: Mapping[int | str, str] = field(default_factory=dict)
    has_ids_right: str = ""
    connection_limit: str = ""
    requirements: tuple[tuple[str, object, str], ...] = ()
    session_requirements: tuple[tuple[str, object, str], ...] = ()
    temporary_database: TemporaryDatabase
    lock_migrations: Callable[[Connection], None]
    check_migrated: Callable[[Connection], None] = _accept
    script_header: str = ""
    has_transactional_ddl: bool

    def isolation_level_of(self, settings: Settings) -> IsolationLevel:
        """The one that is set, or the default."""
        return settings.isolation_level or self.isolation_levels[0]

    def capabilities_at(self, level: IsolationLevel) -> Capabilities:
        """What a storage with an isolation level can do."""
        return replace(
            self.capabilities,
            repeatable_reads=level is not IsolationLevel.READ_COMMITTED,
            serializable=level is IsolationLevel.SERIALIZABLE,
        )

    def search_tables(self, table: Table) -> Sequence[str]:
        """The tables beside a table that triggers keep for searches, with the rights of the account that writes."""
        is_searched = self.search_index is not None and "search_key" in table.columns
        return [f"{table.name}_search"] if is_searched else []

    def adapter_of(self, driver: str) -> DriverAdapter:
        """What executes statements with a driver: its own adapter, or else SQLAlchemy."""
        return self.driver_adapters.get(driver) or SqlalchemyAdapter()
