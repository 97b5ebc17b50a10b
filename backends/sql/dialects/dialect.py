"""The form that a database's differences take."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from backends.sql.claims import Claim
from backends.sql.inserts import Insert
from backends.sql.wires import Wire
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
        oldest: the oldest version that has all we need.
        connect_args: what the driver is told when it connects.
        unpooled_args: the same under ``POOL_CLASS=null``, where a pooler of the operator's may stand in between.
        driver_args: what some of its drivers are told besides, by their names, where connections are kept.
        on_connect: statements that each new connection runs first.
        enforce_references: a further such statement, where references are not enforced without.
        statement_limit: a further such statement, by which the server ends what nobody waits for any more; with
            ``{seconds}`` or ``{milliseconds}``, whole numbers.
        interrupt: how a driver's connection is told to do so, where neither driver nor server does of itself.
        begin: the statement that starts a unit of work.
        version: the query for the server's version.
        size: the query for the bytes that the database takes, behind what must be said before it, of all ``{tables}``.
        wire: how its drivers are spoken to.
        insert: how rows are inserted and their ids learnt.
        claim: how the key of a ticket is claimed.
        locks_unordered: whether an UPDATE of several rows locks them in no particular order.
        code: a driver's error to its stable code: SQLSTATE, errno, or SQLite's extended result code.
        faults: the codes we know.
        refusals: codes of a connection or migration that is refused, and what is wrong then.
        connection_limit: the query for how many connections the server takes, if it has a limit.
        requirements: queries for what must be so, the value that must come, and the remedy.
        create_database: the statement that makes a database of a ``{name}`` that meets these requirements.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    drivers: tuple[Driver, ...]
    example_url: str
    capabilities: Capabilities
    oldest: tuple[int, ...]
    connect_args: Mapping[str, object] = field(default_factory=dict)
    unpooled_args: Mapping[str, object] | None = None
    driver_args: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    on_connect: tuple[str, ...] = ()
    enforce_references: str = ""
    statement_limit: str = ""
    interrupt: Callable[[Any], Awaitable[None]] | None = None
    begin: str
    version: str
    size: tuple[str, ...]
    wire: Wire
    insert: Insert
    claim: Claim
    locks_unordered: bool
    code: Callable[[BaseException], int | str | None]
    faults: Mapping[int | str, Fault]
    refusals: Mapping[int | str, str] = field(default_factory=dict)
    connection_limit: str = ""
    requirements: tuple[tuple[str, object, str], ...] = ()
    create_database: str = ""
