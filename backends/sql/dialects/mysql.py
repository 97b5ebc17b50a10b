"""MySQL and MariaDB: one protocol, two servers."""

from dataclasses import replace

from sqlalchemy.exc import InvalidRequestError

from backends.sql.claims import telling
from backends.sql.dialects.dialect import Dialect, Fault
from backends.sql.inserts import consecutive
from backends.sql.wires import MySQLDriver
from core.storage import Capabilities, Driver


def _errno(error: BaseException) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _errno_or_mismatch(error: BaseException) -> int | str | None:
    # SQLAlchemy looks for itself whether the server is MariaDB.
    return _MISMATCH if isinstance(error, InvalidRequestError) else _errno(error)


_MISMATCH = "not MariaDB"
_IS_MARIADB = "SELECT VERSION() LIKE '%MariaDB%'"
_WRITE_MARIADB = "the server is MariaDB; write mariadb:// in place of mysql://"
_WRITE_MYSQL = "the server is MySQL; write mysql:// in place of mariadb://"
_UTF8 = (
    "SELECT @@character_set_database",
    "utf8mb4",
    "the database's character set must be utf8mb4; run ALTER DATABASE ... CHARACTER SET utf8mb4",
)

_COUNT_PAGES = "ANALYZE NO_WRITE_TO_BINLOG TABLE {tables}"  # otherwise done in the background, some 10 s late
_SIZE = """
    SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()
"""

MYSQL = Dialect(
    name="mysql",
    title="MySQL",
    schemes=("mysql",),
    drivers=(
        Driver("asyncmy", "asyncmy", "stockroom[mysql]"),
        Driver("aiomysql", "aiomysql", "aiomysql"),
    ),
    example_url="mysql://user:password@localhost:3306/stockroom",
    capabilities=Capabilities(
        savepoints=True,
        downgrades=True,
        offline_migrations=True,
        reports_size=True,
        embedded=False,
        pooled=True,
        max_writers=None,
        blocking_locks=True,
        id_block=1,
        durable=True,
        shared=True,
        repeatable_reads=False,
        serializable=False,
        concurrent_reads=True,
    ),
    oldest=(8, 0, 17),  # the collation utf8mb4_0900_bin
    connect_args={"charset": "utf8mb4"},
    driver_args={"asyncmy": {"stmt_cache_size": 64}},  # a server allows some 16 000 for all its connections
    on_connect=(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",  # a locked read sees the latest, without gap locks
        "SET SESSION innodb_lock_wait_timeout = 5",
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
    ),
    statement_limit="SET SESSION max_execution_time = {milliseconds}",  # of queries; a write is not ended
    begin="START TRANSACTION",
    version="SELECT VERSION()",
    size=("SET SESSION information_schema_stats_expiry = 0", _COUNT_PAGES, _SIZE),  # kept for a day by default
    wire=MySQLDriver(),
    insert=consecutive,
    claim=telling,
    locks_unordered=False,  # an UPDATE by primary keys goes through them in order
    code=_errno,
    faults={
        1062: Fault.UNIQUE,
        1586: Fault.UNIQUE,
        1216: Fault.REFERENCE,
        1217: Fault.REFERENCE,
        1451: Fault.REFERENCE,
        1452: Fault.REFERENCE,
        1205: Fault.TRANSIENT,
        1213: Fault.TRANSIENT,
        1615: Fault.TRANSIENT,  # a prepared statement was overtaken by a change of its table
        1020: Fault.TRANSIENT,  # MariaDB: the record has changed since the snapshot
        1053: Fault.DISCONNECTED,
        1927: Fault.DISCONNECTED,
        2006: Fault.DISCONNECTED,
        2013: Fault.DISCONNECTED,
        2055: Fault.DISCONNECTED,
        4031: Fault.DISCONNECTED,
        1040: Fault.UNAVAILABLE,
        1047: Fault.UNAVAILABLE,  # Galera: the node is not part of the cluster
        1114: Fault.UNAVAILABLE,
        1290: Fault.UNAVAILABLE,
        1461: Fault.UNAVAILABLE,  # max_prepared_stmt_count
        1317: Fault.UNAVAILABLE,  # the statement was ended by an operator
        1836: Fault.UNAVAILABLE,
        1969: Fault.UNAVAILABLE,  # MariaDB: max_statement_time
        2003: Fault.UNAVAILABLE,
        3024: Fault.UNAVAILABLE,  # max_execution_time
    },
    refusals={
        1045: "the user name or the password is wrong",
        1698: "the user name or the password is wrong",  # MariaDB, of some users that it does not know
        1130: "the server does not let this user in from here; create it for this host",
        3118: "the user's account is locked",
        1049: "the database does not exist; create it first",
        1044: "the user has no rights on the database; grant it ALL on it",
        1142: "the user lacks the rights; grant it ALL on the database",
        1193: _WRITE_MARIADB,  # it does not know our statement_limit
        1227: "the user lacks the rights; grant it ALL on the database",
        1040: "the server has no connections left; lower POOL_SIZE or raise its max_connections",
        2003: "nobody answers at that host and port",
    },
    connection_limit="SELECT @@max_connections",
    create_database="CREATE DATABASE {name} CHARACTER SET utf8mb4",
    requirements=((_IS_MARIADB, 0, _WRITE_MARIADB), _UTF8),
)

MARIADB = replace(
    MYSQL,
    name="mariadb",
    title="MariaDB",
    schemes=("mariadb",),
    example_url="mariadb://user:password@localhost:3306/stockroom",
    oldest=(10, 6),
    size=(_COUNT_PAGES, _SIZE),
    statement_limit="SET SESSION max_statement_time = {seconds}",
    code=_errno_or_mismatch,
    refusals={**MYSQL.refusals, _MISMATCH: _WRITE_MYSQL, 1193: _WRITE_MYSQL},
    requirements=(_UTF8,),
)
