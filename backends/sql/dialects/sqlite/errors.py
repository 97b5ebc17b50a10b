"""SQLite's extended result codes."""

import sqlite3
from collections.abc import Mapping

from backends.sql.dialects.dialect import ErrorClass

ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: ErrorClass.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: ErrorClass.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: ErrorClass.REFERENCE,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: ErrorClass.REFERENCE,  # how ON DELETE RESTRICT reports itself
    sqlite3.SQLITE_BUSY: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_BUSY_SNAPSHOT: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_BUSY_RECOVERY: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_BUSY_TIMEOUT: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_LOCKED: ErrorClass.TRANSIENT,
    sqlite3.SQLITE_CANTOPEN: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_FULL: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_READONLY: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOTADB: ErrorClass.UNAVAILABLE,
}

CONNECT_ERRORS: Mapping[int | str, str] = {
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; its folder must exist and be writable",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_PERM: "access to the file is denied",
}


def error_code(error: BaseException) -> int | None:
    """The extended code or, of the many that mean that the file is of no use, the plain one in its lowest byte."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None and ERROR_CLASSES.get(code & 0xFF) is ErrorClass.UNAVAILABLE:
        return code & 0xFF
    return code
