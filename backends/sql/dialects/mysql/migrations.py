"""Migrating a MySQL or MariaDB database, which commits at each DDL statement."""

from sqlalchemy import Connection, text

from backends.sql.dialects.dialect import MIGRATION_LOCK_TIMEOUT
from core.errors import Unavailable

# Names are known to the whole server and at most 64 characters long. The lock ends with the session.
_LOCK = text("SELECT GET_LOCK(CONCAT('stockroom ', LEFT(SHA2(DATABASE(), 256), 40)), :wait)")


def take_named_lock(connection: Connection) -> None:
    """Begin a transaction in a session that holds a lock of our own."""
    connection.exec_driver_sql("SET SESSION max_error_count = 0")  # MariaDB warns of the name of every primary key
    if connection.scalar(_LOCK, {"wait": MIGRATION_LOCK_TIMEOUT}) != 1:
        raise Unavailable("Another process has been migrating this database for a long time. Try again later.")
    connection.commit()
