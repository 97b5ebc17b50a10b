"""Migrating an SQLite database, and creating one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, Connection

from backends.sql.dialects.dialect import MIGRATION_LOCK_TIMEOUT
from backends.sql.temporary import Execute

SCRIPT_HEADER = "-- Run it with sqlite3 -bail, or it goes on after an error.\nPRAGMA foreign_keys = OFF;\n"


def begin_immediate(connection: Connection) -> None:
    """Begin the one transaction that may write."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {MIGRATION_LOCK_TIMEOUT * 1000}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def check_references(connection: Connection) -> None:
    """Refuse to commit orphans: SQLite does not enforce references while tables are rebuilt."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        raise RuntimeError(f"the migration would leave {len(orphans)} broken references; it has been undone")


@asynccontextmanager
async def temporary_file(url: URL, name: str, _execute: Execute) -> AsyncIterator[URL]:
    """A file in the same folder, which comes into being with its first connection."""
    file = Path(url.database or "").with_name(f"{name}.db")
    try:
        yield url.set(database=str(file))
    finally:
        _remove(file)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
