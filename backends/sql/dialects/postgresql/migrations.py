"""Migrating a PostgreSQL database."""

import zlib

from sqlalchemy import Connection, text

from backends.sql.dialects.dialect import MIGRATION_LOCK_TIMEOUT

_KEY = zlib.crc32(b"stockroom migrations")


def take_advisory_lock(connection: Connection) -> None:
    """Begin a transaction that holds a lock of our own until its end."""
    connection.execution_options(isolation_level="READ COMMITTED")  # each statement sees what was committed by then
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_TIMEOUT}s'")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY})
