"""What differs between the databases, as data: one ``Dialect`` each. Repositories never ask which one it is."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from backends.sql.inserts import Insert, reserving
from core.storage import Capabilities, Driver


class Fault(Enum):
    """What a driver's error code means to us."""

    UNIQUE = auto()
    REFERENCE = auto()
    TRANSIENT = auto()
    DISCONNECTED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One database.

    Attributes:
        name: of the backend; also the URL scheme under which SQLAlchemy knows the database.
        title: as people write it.
        schemes: URL schemes it answers to.
        drivers: the preferred first.
        example_url: for messages.
        capabilities: what it declares.
        begin: the statement that starts a unit of work.
        version: the query for the server's version.
        insert: how rows are inserted and their ids learnt.
        locks_unordered: whether an UPDATE of several rows locks them in no particular order.
        code: a driver's error to its stable code: SQLSTATE, errno, or SQLite's extended result code.
        faults: the codes we know.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    drivers: tuple[Driver, ...]
    example_url: str
    capabilities: Capabilities
    begin: str
    version: str
    insert: Insert
    locks_unordered: bool
    code: Callable[[BaseException], int | str | None]
    faults: Mapping[int | str, Fault]


def _sqlite_code(error: BaseException) -> int | None:
    return getattr(error, "sqlite_errorcode", None)


SQLITE = Dialect(
    name="sqlite",
    title="SQLite",
    schemes=("sqlite",),
    drivers=(Driver("aiosqlite", "aiosqlite", "aiosqlite"),),
    example_url="sqlite:///./stockroom.db",
    capabilities=Capabilities(
        transactions=True,
        savepoints=True,
        durable=True,
        shared=True,
        concurrent_writers=False,
        embedded=True,
    ),
    begin="BEGIN IMMEDIATE",
    version="SELECT sqlite_version()",
    insert=reserving,
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
)
