"""Migrating a MySQL or MariaDB database."""

from typing import Any

from sqlalchemy import Connection, PrimaryKeyConstraint, text
from sqlalchemy.ext.compiler import compiles

from backends.sql.dialects.dialect import MIGRATION_LOCK_TIMEOUT
from core.errors import Unavailable

# Names are known to the whole server and at most 64 characters long. The lock ends with the session.
_LOCK = text("SELECT GET_LOCK(CONCAT('stockroom ', LEFT(SHA2(DATABASE(), 256), 40)), :wait)")


@compiles(PrimaryKeyConstraint, "mysql", "mariadb")
def _compile_without_name(constraint: PrimaryKeyConstraint, compiler: Any, **options: Any) -> str:
    """Every primary key is named PRIMARY. MariaDB warns of any other name, and the driver logs each warning."""
    compiled: str = compiler.visit_primary_key_constraint(constraint, **options)
    return compiled[compiled.find("PRIMARY KEY") :] if compiled else compiled


def take_named_lock(connection: Connection) -> None:
    """Begin a transaction in a session that holds a lock of our own."""
    if connection.scalar(_LOCK, {"wait": MIGRATION_LOCK_TIMEOUT}) != 1:
        raise Unavailable("Another process has been migrating this database for a long time. Try again later.")
    connection.commit()
