"""What the shop must know about MySQL, most of which holds for MariaDB too."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.dialects import mysql

from backends.sql.dialects.dialect import SERVER_CAPABILITIES, ColumnTypes, Dialect, ErrorClass
from backends.sql.dialects.mysql.drivers import AsyncmyAdapter, MySQLAdapter
from backends.sql.dialects.mysql.inserts import insert_with_lastrowid, upsert_on_duplicate_key
from backends.sql.dialects.mysql.migrations import take_named_lock
from backends.sql.dialects.mysql.parameters import NO_TLS, READ_ONLY, read_parameters
from backends.sql.temporary import created_by
from core.storage import Driver

_IS_MARIADB = "SELECT VERSION() LIKE '%MariaDB%'"
_WRITE_MARIADB = "the server is MariaDB; write mariadb:// in place of mysql://"
UTF8 = (
    "SELECT @@character_set_database",
    "utf8mb4",
    "the database's character set must be utf8mb4; run ALTER DATABASE ... CHARACTER SET utf8mb4",
)

SIZE = (
    "ANALYZE NO_WRITE_TO_BINLOG TABLE {tables}",  # otherwise done in the background, some 10 s late
    """
    SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()
    """,
)

_CHARSET = "utf8mb4"


def column_types(collation: str) -> ColumnTypes:
    """The types, where ``collation`` compares by code point, with trailing spaces significant."""
    return ColumnTypes(
        text=lambda length: mysql.VARCHAR(length, charset=_CHARSET, collation=collation),
        long_text=mysql.MEDIUMTEXT(charset=_CHARSET, collation=collation),
        time=mysql.DATETIME(fsp=3),
        time_to_driver=_without_zone,
        time_from_driver=_in_utc,
    )


def _without_zone(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return datetime.combine(utc, utc.time())


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else datetime.combine(value, value.time(), UTC)  # ``replace`` takes six times as long


TABLE_LOCK_TIMEOUT = "SET SESSION lock_wait_timeout = 5"  # not of migrations, whose changes wait for readers
GALERA_READS = "SET SESSION wsrep_sync_wait = 1"  # what another node has acknowledged is seen here; Galera only

_CLIENT = "client"
"""Errors that a driver finds by itself: of its connection, or of what it reads there."""

_ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    "40": ErrorClass.TRANSIENT,  # SQLSTATE: the transaction was rolled back
    "08": ErrorClass.DISCONNECTED,
    "25006": ErrorClass.NOT_WRITABLE,
    _CLIENT: ErrorClass.DISCONNECTED,
    "OperationalError": ErrorClass.UNAVAILABLE,  # what the server's state is to blame for, by PEP 249
    "InternalError": ErrorClass.UNAVAILABLE,
    1062: ErrorClass.UNIQUE,
    1586: ErrorClass.UNIQUE,
    1216: ErrorClass.REFERENCE,
    1217: ErrorClass.REFERENCE,
    1451: ErrorClass.REFERENCE,
    1452: ErrorClass.REFERENCE,
    1213: ErrorClass.TRANSIENT,
    1615: ErrorClass.TRANSIENT,  # a prepared statement was overtaken by a change of its table
    1020: ErrorClass.TRANSIENT,  # MariaDB: the record has changed since the snapshot
    3101: ErrorClass.TRANSIENT,  # Group Replication: a conflict with a transaction of another member
    1053: ErrorClass.DISCONNECTED,
    1927: ErrorClass.DISCONNECTED,
    4031: ErrorClass.DISCONNECTED,
    1047: ErrorClass.NOT_WRITABLE,  # Galera: the node is not part of the cluster
    1290: ErrorClass.NOT_WRITABLE,  # read_only
    1792: ErrorClass.NOT_WRITABLE,  # transaction_read_only
    1836: ErrorClass.NOT_WRITABLE,  # innodb_read_only
    1040: ErrorClass.UNAVAILABLE,
    1044: ErrorClass.DENIED,
    1142: ErrorClass.DENIED,
    1143: ErrorClass.DENIED,
    1227: ErrorClass.DENIED,
    1205: ErrorClass.TRANSIENT,  # also Galera: the node has not caught up in time (wsrep_sync_wait)
    2003: ErrorClass.UNAVAILABLE,
    "22": ErrorClass.DEFECT,  # a value that does not fit
    1364: ErrorClass.DEFECT,
    3819: ErrorClass.DEFECT,  # a check constraint
    4025: ErrorClass.DEFECT,  # on MariaDB
}

_GRANT = "grant it those that docs/connecting.md lists"

_CONNECT_ERRORS: Mapping[int | str, str] = {
    1045: "the user name or the password is wrong",
    1698: "the user name or the password is wrong",  # MariaDB, of some users that it does not know
    1130: "the server does not let this user in from here; create it for this host",
    3118: "the user's account is locked",
    1049: "the database does not exist; create it first",
    1044: f"the database does not exist, or the user has no rights on it; create it first, and {_GRANT}",
    1142: f"the user lacks the rights; {_GRANT}",
    1227: f"the user lacks the rights; {_GRANT}",
    1040: "the server has no connections left; lower POOL_SIZE or raise its max_connections",
    NO_TLS: "the server offers no TLS, which the URL demands; switch it on there, or set ssl_mode=DISABLED",
    READ_ONLY: "the server takes no writes; name the primary, or all hosts as in db1:3306,db2:3306",
}


def error_codes(error: BaseException) -> tuple[int | str, ...]:
    """Number, SQLSTATE (which aiomysql does not report), its class, and the category of PEP 249."""
    number = error.args[0] if error.args else None
    if not isinstance(number, int):
        return ()
    state = getattr(error, "sqlstate", None)
    client = (_CLIENT,) if number // 1000 == 2 else ()
    return (number, *((state, state[:2]) if state else ()), *client, type(error).__name__)


MYSQL = Dialect(
    name="mysql",
    title="MySQL",
    schemes=("mysql",),
    drivers=(
        Driver("asyncmy", "asyncmy", "stockroom[mysql]"),
        Driver("aiomysql", "aiomysql", "aiomysql"),
    ),
    driver_adapters={"asyncmy": AsyncmyAdapter(), "aiomysql": MySQLAdapter()},
    example_url="mysql://user:password@localhost:3306/stockroom",
    capabilities=SERVER_CAPABILITIES,
    minimum_version=(8, 0, 17),  # the collation utf8mb4_0900_bin
    read_parameters=read_parameters,
    connect_args={"charset": "utf8mb4"},
    driver_args={"asyncmy": {"stmt_cache_size": 64}},  # a server allows some 16 000 for all its connections
    on_connect=(
        "SET SESSION TRANSACTION ISOLATION LEVEL {isolation_level}",  # a locked read sees the latest, without gap locks
        "SET SESSION innodb_lock_wait_timeout = 5",
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
    ),
    statement_timeout="SET SESSION max_execution_time = {milliseconds}",  # of queries; a write is not ended
    session_options=(
        TABLE_LOCK_TIMEOUT,
        "SET SESSION wait_timeout = {seconds}",  # it has no limit of its own for a transaction
        GALERA_READS,
    ),
    unknown_option=1193,
    has_idle_limit=True,
    begin="START TRANSACTION",
    version="SELECT VERSION()",
    size=("SET SESSION information_schema_stats_expiry = 0", *SIZE),  # kept for a day by default
    column_types=column_types("utf8mb4_0900_bin"),
    table_options={"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"},
    insert=insert_with_lastrowid,
    upsert=upsert_on_duplicate_key,
    # It reads an index from its beginning where rows are compared, but sees two ranges in this.
    cursor_condition="({column} {sign} {value} OR ({column} = {value} AND {id} {sign} {last_id}))",
    error_codes=error_codes,
    error_classes=_ERROR_CLASSES,
    connect_errors={**_CONNECT_ERRORS, 1193: _WRITE_MARIADB},  # it does not know our statement_timeout
    connection_limit="SELECT @@max_connections",
    requirements=((_IS_MARIADB, 0, _WRITE_MARIADB), UTF8),
    temporary_database=created_by("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    lock_migrations=take_named_lock,
    has_transactional_ddl=False,
)
