"""What the shop must know about SQLite."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.dialects import sqlite

from backends.sql.dialects.dialect import ColumnTypes, Dialect, ErrorClass
from backends.sql.dialects.sqlite.drivers import AiosqliteAdapter, connect, interrupt
from backends.sql.dialects.sqlite.files import EXAMPLE_URL, check_url, memory_url, watch_file
from backends.sql.dialects.sqlite.inserts import insert_with_reserved_ids
from backends.sql.dialects.sqlite.migrations import SCRIPT_HEADER, begin_immediate, check_references, temporary_file
from backends.sql.dialects.sqlite.search import FTS5_DDL, Fts5Index
from backends.sql.upserts import upsert_on_conflict
from core import clock
from core.settings import IsolationLevel
from core.storage import Capabilities, Driver


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else clock.to_json(value)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


_COLUMN_TYPES = ColumnTypes(
    primary_key=Integer(),  # the only type that counts up by itself, and 64 bits wide
    time=String(24),
    time_to_driver=_to_text,
    time_from_driver=_from_text,
)

_ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: ErrorClass.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: ErrorClass.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: ErrorClass.REFERENCE,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: ErrorClass.REFERENCE,  # how ON DELETE RESTRICT reports itself
    sqlite3.SQLITE_BUSY: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_LOCKED: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_SCHEMA: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_PROTOCOL: ErrorClass.TRANSIENT,  # too many processes began at the same moment
    sqlite3.SQLITE_READONLY: ErrorClass.NOT_WRITABLE,
    sqlite3.SQLITE_ABORT: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_AUTH: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_FULL: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_INTERRUPT: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOLFS: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOTADB: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_PERM: ErrorClass.UNAVAILABLE,
}

_CONNECT_ERRORS: Mapping[int | str, str] = {
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; its folder must exist and be writable",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_PERM: "access to the file is denied",
}


def _error_codes(error: BaseException) -> tuple[int, ...]:
    """The extended code, and the plain one in its lowest byte."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return () if code is None else (code, code & 0xFF)


SQLITE = Dialect(
    name="sqlite",
    title="SQLite",
    schemes=("sqlite",),
    drivers=(Driver("aiosqlite", "aiosqlite", "aiosqlite"),),
    driver_adapters={"aiosqlite": AiosqliteAdapter()},
    example_url=EXAMPLE_URL,
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
    check_url=check_url,
    memory_url=memory_url,
    watch=watch_file,
    connect_args={"async_creator_fn": connect},
    on_connect=(
        "PRAGMA busy_timeout = 5000",  # milliseconds to wait for another process' write
        "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
        "PRAGMA synchronous = FULL",  # an acknowledged write survives a power cut
    ),
    enforce_references="PRAGMA foreign_keys = ON",
    cancel_statement=interrupt,
    begin="BEGIN IMMEDIATE",
    isolation_levels=(IsolationLevel.SERIALIZABLE,),
    version="SELECT sqlite_version()",
    size=("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",),
    column_types=_COLUMN_TYPES,
    id_options={"sqlite_autoincrement": True},  # an id is never used again
    insert=insert_with_reserved_ids,
    upsert=upsert_on_conflict(sqlite.insert),
    can_seek_by_two_columns=False,  # by the first alone
    search_index=Fts5Index,
    search_index_ddl=FTS5_DDL,
    schema_objects="SELECT name FROM sqlite_master",
    autoincrement_tables="SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'",
    error_codes=_error_codes,
    error_classes=_ERROR_CLASSES,
    connect_errors=_CONNECT_ERRORS,
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
