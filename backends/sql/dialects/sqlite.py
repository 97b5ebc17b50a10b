"""SQLite."""

import sqlite3
from collections.abc import Coroutine
from typing import Any

from sqlalchemy.dialects import sqlite

from backends.sql.claims import guarded
from backends.sql.dialects.dialect import Dialect, Fault
from backends.sql.inserts import reserving
from backends.sql.wires import Aiosqlite
from core.storage import Capabilities, Driver


def _sqlite_code(error: BaseException) -> int | None:
    return getattr(error, "sqlite_errorcode", None)


def _connect(*args: Any, **options: Any) -> Coroutine[Any, Any, Any]:
    import aiosqlite  # noqa: PLC0415 - a backend is listed whether its driver is installed or not

    connection = aiosqlite.connect(*args, **options)
    connection._thread.daemon = True
    return _started(connection)


async def _started(connection: Any) -> Any:
    """Aiosqlite leaves its thread behind when a file cannot be opened, which later talks to a loop that is closed."""
    try:
        return await connection
    except BaseException:
        connection._thread.join()
        raise


async def _interrupt(connection: Any) -> None:
    await connection.interrupt()


SQLITE = Dialect(
    name="sqlite",
    title="SQLite",
    schemes=("sqlite",),
    drivers=(Driver("aiosqlite", "aiosqlite", "aiosqlite"),),
    example_url="sqlite:///./stockroom.db",
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
    connect_args={"async_creator_fn": _connect},
    oldest=(3, 35),  # RETURNING
    on_connect=(
        "PRAGMA busy_timeout = 5000",  # milliseconds to wait for another process' write
        "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
        "PRAGMA synchronous = FULL",  # an acknowledged write survives a power cut
    ),
    enforce_references="PRAGMA foreign_keys = ON",
    interrupt=_interrupt,
    begin="BEGIN IMMEDIATE",
    version="SELECT sqlite_version()",
    size=("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",),
    wire=Aiosqlite(),
    insert=reserving,
    claim=guarded(sqlite.insert),
    locks_unordered=False,  # there is one writer
    code=_sqlite_code,
    faults={
        sqlite3.SQLITE_CONSTRAINT_UNIQUE: Fault.UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Fault.UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Fault.REFERENCE,
        sqlite3.SQLITE_CONSTRAINT_TRIGGER: Fault.REFERENCE,  # how ON DELETE RESTRICT reports itself
        sqlite3.SQLITE_BUSY: Fault.TRANSIENT,
        sqlite3.SQLITE_BUSY_SNAPSHOT: Fault.TRANSIENT,
        sqlite3.SQLITE_BUSY_RECOVERY: Fault.TRANSIENT,
        sqlite3.SQLITE_BUSY_TIMEOUT: Fault.TRANSIENT,
        sqlite3.SQLITE_LOCKED: Fault.TRANSIENT,
        sqlite3.SQLITE_CANTOPEN: Fault.UNAVAILABLE,
        sqlite3.SQLITE_FULL: Fault.UNAVAILABLE,
        sqlite3.SQLITE_IOERR: Fault.UNAVAILABLE,
        sqlite3.SQLITE_READONLY: Fault.UNAVAILABLE,
        sqlite3.SQLITE_CORRUPT: Fault.UNAVAILABLE,
        sqlite3.SQLITE_NOTADB: Fault.UNAVAILABLE,
    },
    refusals={
        sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; its folder must exist and be writable",
        sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
        sqlite3.SQLITE_READONLY: "the file cannot be written",
        sqlite3.SQLITE_PERM: "access to the file is denied",
    },
    requirements=(
        (
            "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'",
            1,
            "this Python's SQLite was built without FTS5, which searches need; use a Python whose SQLite has it",
        ),
    ),
)
