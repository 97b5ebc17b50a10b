"""What the shop must know about PostgreSQL."""

from sqlalchemy import String, Text
from sqlalchemy.dialects import postgresql

from backends.sql.dialects.dialect import ColumnTypes, Dialect
from backends.sql.dialects.postgresql.drivers import AsyncpgAdapter
from backends.sql.dialects.postgresql.errors import CONNECT_ERRORS, ERROR_CLASSES, sqlstate
from backends.sql.dialects.postgresql.inserts import insert_with_copy
from backends.sql.dialects.postgresql.migrations import take_advisory_lock
from backends.sql.dialects.postgresql.search import PgTrgmIndex
from backends.sql.temporary import created_by
from backends.sql.upserts import upsert_on_conflict
from core.storage import Capabilities, Driver

_COLLATION = "C"

POSTGRESQL = Dialect(
    name="postgresql",
    title="PostgreSQL",
    schemes=("postgresql", "postgres"),
    drivers=(Driver("asyncpg", "asyncpg", "stockroom[postgresql]"),),
    driver_adapters={"asyncpg": AsyncpgAdapter()},
    example_url="postgresql://user:password@localhost:5432/stockroom",
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
    minimum_version=(12,),
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
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",
    version="SHOW server_version",
    size=("SELECT pg_database_size(current_database())",),
    column_types=ColumnTypes(
        text=lambda length: String(length, _COLLATION),
        long_text=Text(collation=_COLLATION),
        time=postgresql.TIMESTAMP(timezone=True, precision=3),
    ),
    insert=insert_with_copy,
    upsert=upsert_on_conflict(postgresql.insert),
    has_ordered_locks=False,
    search_index=PgTrgmIndex,
    error_code=sqlstate,
    error_classes=ERROR_CLASSES,
    connect_errors=CONNECT_ERRORS,
    connection_limit="SHOW max_connections",
    requirements=(
        ("SHOW server_encoding", "UTF8", "the database's encoding must be UTF8; create it WITH ENCODING 'UTF8'"),
    ),
    temporary_database=created_by("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"),
    lock_migrations=take_advisory_lock,
    has_transactional_ddl=True,
)
