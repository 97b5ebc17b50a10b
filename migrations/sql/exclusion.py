"""One migration at a time, however many processes start at once: who comes second waits, then finds nothing to do.

Each database is asked for its lock before the current revision is read, and in a way that also covers the reading: a
snapshot from before the wait would show the old revision.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from core.errors import Unavailable

WAIT = 600
"""Seconds to wait for the migration of another process."""


@contextmanager
def exclusive_transaction(connection: Connection) -> Iterator[None]:
    """A transaction during which nobody else migrates this database. MySQL and MariaDB commit at each DDL all the same.

    Raises:
        Unavailable: the other process took longer than ``WAIT``.
    """
    _BEGIN[connection.dialect.name](connection)
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {WAIT * 1000}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    connection.execution_options(isolation_level="READ COMMITTED")  # each statement sees what was committed by then
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}s'")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(b"stockroom migrations")})


def _begin_mysql(connection: Connection) -> None:
    connection.exec_driver_sql("SET SESSION max_error_count = 0")  # MariaDB warns of the name of every primary key
    # Names are known to the whole server and at most 64 characters long. The lock ends with the session.
    name = "CONCAT('stockroom ', LEFT(SHA2(DATABASE(), 256), 40))"
    if connection.scalar(text(f"SELECT GET_LOCK({name}, :wait)"), {"wait": WAIT}) != 1:
        raise Unavailable("Another process has been migrating this database for a long time. Try again later.")
    connection.commit()


_BEGIN: dict[str, Callable[[Connection], None]] = {
    "sqlite": _begin_sqlite,
    "postgresql": _begin_postgresql,
    "mysql": _begin_mysql,
    "mariadb": _begin_mysql,
}
