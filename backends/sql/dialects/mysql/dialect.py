"""What the shop must know about MySQL, most of which holds for MariaDB too."""

from backends.sql.dialects.dialect import Dialect
from backends.sql.dialects.mysql.drivers import MySQLAdapter
from backends.sql.dialects.mysql.errors import CONNECT_ERRORS, ERROR_CLASSES, error_number
from backends.sql.dialects.mysql.inserts import insert_with_lastrowid
from backends.sql.dialects.mysql.migrations import take_named_lock
from backends.sql.dialects.mysql.types import column_types
from backends.sql.dialects.mysql.upserts import upsert_on_duplicate_key
from backends.sql.temporary import created_by
from core.storage import Capabilities, Driver

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

_ADAPTER = MySQLAdapter()

MYSQL = Dialect(
    name="mysql",
    title="MySQL",
    schemes=("mysql",),
    drivers=(
        Driver("asyncmy", "asyncmy", "stockroom[mysql]"),
        Driver("aiomysql", "aiomysql", "aiomysql"),
    ),
    driver_adapters={"asyncmy": _ADAPTER, "aiomysql": _ADAPTER},
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
    minimum_version=(8, 0, 17),  # the collation utf8mb4_0900_bin
    connect_args={"charset": "utf8mb4"},
    driver_args={"asyncmy": {"stmt_cache_size": 64}},  # a server allows some 16 000 for all its connections
    on_connect=(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",  # a locked read sees the latest, without gap locks
        "SET SESSION innodb_lock_wait_timeout = 5",
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
    ),
    statement_timeout="SET SESSION max_execution_time = {milliseconds}",  # of queries; a write is not ended
    begin="START TRANSACTION",
    version="SELECT VERSION()",
    size=("SET SESSION information_schema_stats_expiry = 0", *SIZE),  # kept for a day by default
    column_types=column_types("utf8mb4_0900_bin"),
    table_options={"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"},
    insert=insert_with_lastrowid,
    upsert=upsert_on_duplicate_key,
    has_ordered_locks=True,  # an UPDATE by primary keys goes through them in order
    # It reads an index from its beginning where rows are compared, but sees two ranges in this.
    cursor_condition="({column} {sign} {value} OR ({column} = {value} AND {id} {sign} {last_id}))",
    error_code=error_number,
    error_classes=ERROR_CLASSES,
    connect_errors={**CONNECT_ERRORS, 1193: _WRITE_MARIADB},  # it does not know our statement_timeout
    connection_limit="SELECT @@max_connections",
    requirements=((_IS_MARIADB, 0, _WRITE_MARIADB), UTF8),
    temporary_database=created_by("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    lock_migrations=take_named_lock,
    has_transactional_ddl=False,
)
