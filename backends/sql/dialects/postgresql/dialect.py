"""What the shop must know about PostgreSQL."""

import zlib
from collections.abc import Mapping

from sqlalchemy import Connection, String, Text, text
from sqlalchemy.dialects import postgresql

from backends.sql.dialects.dialect import MIGRATION_LOCK_TIMEOUT, SERVER_CAPABILITIES, ColumnTypes, Dialect, ErrorClass
from backends.sql.dialects.postgresql.drivers import AsyncpgAdapter
from backends.sql.dialects.postgresql.inserts import insert_with_copy
from backends.sql.dialects.postgresql.parameters import read_parameters
from backends.sql.dialects.postgresql.search import PG_TRGM_DDL, PgTrgmIndex
from backends.sql.temporary import created_by
from backends.sql.upserts import upsert_on_conflict
from core.storage import Driver

_COLLATION = "C"
_MIGRATIONS = zlib.crc32(b"stockroom migrations")

_READ_ONLY = "25006"  # a standby
_POOLER = "the server, such as PgBouncer, takes no settings of a session; set POOL_CLASS=null"

_ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    "23505": ErrorClass.UNIQUE,
    "23503": ErrorClass.REFERENCE,
    "23001": ErrorClass.REFERENCE,
    "08": ErrorClass.DISCONNECTED,
    "40": ErrorClass.TRANSIENT,  # the transaction was rolled back
    "53": ErrorClass.UNAVAILABLE,  # insufficient resources
    "55": ErrorClass.UNAVAILABLE,  # an object is not in the state that is needed
    "57": ErrorClass.UNAVAILABLE,  # an operator, or a limit such as statement_timeout
    "58": ErrorClass.UNAVAILABLE,  # the system under the server
    "72": ErrorClass.TRANSIENT,  # the snapshot is too old
    "F0": ErrorClass.UNAVAILABLE,  # the server's configuration
    "XX": ErrorClass.UNAVAILABLE,  # an internal error, such as a damaged file
    "0A000": ErrorClass.TRANSIENT,  # a prepared statement was overtaken by a change of its table
    "25006": ErrorClass.NOT_WRITABLE,
    "25P03": ErrorClass.DISCONNECTED,  # idle_in_transaction_session_timeout
    "25P04": ErrorClass.DISCONNECTED,  # transaction_timeout
    "26000": ErrorClass.DISCONNECTED,  # the session has lost its prepared statements
    "40003": ErrorClass.UNAVAILABLE,  # it is unknown whether the statement took effect
    "53300": ErrorClass.UNAVAILABLE,  # too many connections
    "42501": ErrorClass.DENIED,
    "55006": ErrorClass.TRANSIENT,  # the object is in use
    "55P03": ErrorClass.TRANSIENT,  # lock_timeout
    "57P01": ErrorClass.DISCONNECTED,
    "57P02": ErrorClass.DISCONNECTED,
    "57P04": ErrorClass.DISCONNECTED,
    "57P05": ErrorClass.DISCONNECTED,  # idle_session_timeout
}

_CONNECT_ERRORS: Mapping[int | str, str] = {
    "28P01": "the user name or the password is wrong",
    "28000": "the server does not let this user in; see its pg_hba.conf",
    "3D000": "the database does not exist; create it first",
    "42501": "the user lacks the rights; grant it those that docs/connecting.md lists",
    "08P01": _POOLER,
    "26000": _POOLER,  # it gave a statement to another session than the one that prepared it
    "42P05": _POOLER,  # or to one that has prepared it for another client
    _READ_ONLY: "the server takes no writes; name the primary, or all hosts as in db1:5432,db2:5432",
    "53300": "the server has no connections left; lower POOL_SIZE or raise its max_connections",
}


def _sqlstates(error: BaseException) -> tuple[str, ...]:
    """The SQLSTATE of a driver's error, and its class."""
    if type(error).__name__ == "TargetServerAttributeNotMatched":  # the driver's own, without a code
        return (_READ_ONLY,)
    state: str | None = getattr(error, "sqlstate", None)
    return (state, state[:2]) if state else ()


_SESSION_OPTIONS = {
    "idle_in_transaction_session_timeout": "{milliseconds}",
    "tcp_keepalives_idle": "{seconds}",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "5",
}


def _take_advisory_lock(connection: Connection) -> None:
    """Begin a transaction that holds a lock of our own until its end."""
    connection.execution_options(isolation_level="READ COMMITTED")  # each statement sees what was committed by then
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_TIMEOUT}s'")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATIONS})


POSTGRESQL = Dialect(
    name="postgresql",
    title="PostgreSQL",
    schemes=("postgresql", "postgres"),
    drivers=(Driver("asyncpg", "asyncpg", "stockroom[postgresql]"),),
    driver_adapters={"asyncpg": AsyncpgAdapter()},
    example_url="postgresql://user:password@localhost:5432/stockroom",
    capabilities=SERVER_CAPABILITIES,
    minimum_version=(12,),
    read_parameters=read_parameters,
    connect_args={
        "server_settings": {
            "application_name": "stockroom",
            "timezone": "UTC",
            "lock_timeout": "5s",
            "jit": "off",  # costs more than it saves on queries of milliseconds
        },
    },
    unpooled_args={
        # A pooler such as PgBouncer gives each transaction another server connection: nothing may be left behind on it.
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": str,  # no name: such a statement is gone with the next one
    },
    session_options=(
        "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION_OPTIONS.items()),
    ),
    unknown_option="42704",
    begin="BEGIN ISOLATION LEVEL {isolation_level}",
    version="SHOW server_version",
    size=("SELECT pg_database_size(current_database())",),
    column_types=ColumnTypes(
        text=lambda length: String(length, _COLLATION),
        long_text=Text(collation=_COLLATION),
        time=postgresql.TIMESTAMP(timezone=True, precision=3),
    ),
    insert=insert_with_copy,
    upsert=upsert_on_conflict(postgresql.insert),
    search_index=PgTrgmIndex,
    search_index_ddl=PG_TRGM_DDL,
    schema_objects="""
    SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    UNION ALL SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = current_schema()::regnamespace AND tgenabled <> 'D' AND NOT tgisinternal
    """,
    error_codes=_sqlstates,
    error_classes=_ERROR_CLASSES,
    connect_errors=_CONNECT_ERRORS,
    has_ids_right="SELECT has_sequence_privilege(pg_get_serial_sequence('{table}', 'id'), 'USAGE')",
    connection_limit="SHOW max_connections",
    requirements=(
        ("SHOW server_encoding", "UTF8", "the database's encoding must be UTF8; create it WITH ENCODING 'UTF8'"),
    ),
    session_requirements=(
        ("SELECT current_setting('lock_timeout') <> '0'", True, _POOLER),  # it may also drop them without a word
    ),
    temporary_database=created_by("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"),
    lock_migrations=_take_advisory_lock,
    has_transactional_ddl=True,
)
