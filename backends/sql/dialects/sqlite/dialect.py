"""What the shop must know about SQLite."""

from sqlalchemy import URL
from sqlalchemy.dialects import sqlite

from backends.sql.dialects.dialect import Dialect
from backends.sql.dialects.sqlite.drivers import AiosqliteAdapter, connect, interrupt
from backends.sql.dialects.sqlite.errors import CONNECT_ERRORS, ERROR_CLASSES, error_code
from backends.sql.dialects.sqlite.inserts import insert_with_reserved_ids
from backends.sql.dialects.sqlite.migrations import SCRIPT_HEADER, begin_immediate, check_references, temporary_file
from backends.sql.dialects.sqlite.search import Fts5Index
from backends.sql.dialects.sqlite.types import COLUMN_TYPES
from backends.sql.upserts import upsert_on_conflict
from core.errors import ConfigurationError
from core.storage import Capabilities, Driver

_EXAMPLE_URL = "sqlite:///./stockroom.db"


def _check_url(url: URL) -> None:
    if (url.database or ":memory:") == ":memory:":
        raise ConfigurationError(
            "DATABASE_URL names an SQLite database in memory, which would be gone with its connection. "
            f"Name a file: {_EXAMPLE_URL}"
        )


SQLITE = Dialect(
    name="sqlite",
    title="SQLite",
    schemes=("sqlite",),
    drivers=(Driver("aiosqlite", "aiosqlite", "aiosqlite"),),
    driver_adapters={"aiosqlite": AiosqliteAdapter()},
    example_url=_EXAMPLE_URL,
    capabilities=Capabilities(
        savepoints=True,
        downgrades=True,
        offline_migrations=True,
        reports_size=True,
        embedded=True,
        pooled=True,
        max_writers=1,
        blocking_locks=True,
        id_block=1,
        durable=True,
        shared=True,
        repeatable_reads=True,
        serializable=True,
        concurrent_reads=True,
    ),
    minimum_version=(3, 35),  # RETURNING
    check_url=_check_url,
    connect_args={"async_creator_fn": connect},
    on_connect=(
        "PRAGMA busy_timeout = 5000",  # milliseconds to wait for another process' write
        "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
        "PRAGMA synchronous = FULL",  # an acknowledged write survives a power cut
    ),
    enforce_references="PRAGMA foreign_keys = ON",
    cancel_statement=interrupt,
    begin="BEGIN IMMEDIATE",
    version="SELECT sqlite_version()",
    size=("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",),
    column_types=COLUMN_TYPES,
    id_options={"sqlite_autoincrement": True},  # an id is never used again
    insert=insert_with_reserved_ids,
    upsert=upsert_on_conflict(sqlite.insert),
    has_ordered_locks=True,  # there is one writer
    can_seek_by_two_columns=False,  # by the first alone
    search_index=Fts5Index,
    error_code=error_code,
    error_classes=ERROR_CLASSES,
    connect_errors=CONNECT_ERRORS,
    requirements=(
        (
            "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'",
            1,
            "this Python's SQLite was built without FTS5, which searches need; use a Python whose SQLite has it",
        ),
    ),
    temporary_database=temporary_file,
    lock_migrations=begin_immediate,
    check_migrated=check_references,
    script_header=SCRIPT_HEADER,
    has_transactional_ddl=True,
)
