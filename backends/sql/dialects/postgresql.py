"""PostgreSQL."""

from sqlalchemy.dialects import postgresql

from backends.sql.claims import guarded
from backends.sql.dialects.dialect import Dialect, Fault
from backends.sql.inserts import copying
from backends.sql.wires import Asyncpg
from core.storage import Capabilities, Driver


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None)


POSTGRESQL = Dialect(
    name="postgresql",
    title="PostgreSQL",
    schemes=("postgresql", "postgres"),
    drivers=(Driver("asyncpg", "asyncpg", "stockroom[postgresql]"),),
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
    oldest=(12,),
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
    wire=Asyncpg(),
    insert=copying,
    claim=guarded(postgresql.insert),
    locks_unordered=True,
    code=_sqlstate,
    faults={
        "23505": Fault.UNIQUE,
        "23503": Fault.REFERENCE,
        "23001": Fault.REFERENCE,
        "40001": Fault.TRANSIENT,
        "40P01": Fault.TRANSIENT,
        "55P03": Fault.TRANSIENT,  # lock_timeout
        "08000": Fault.DISCONNECTED,
        "08003": Fault.DISCONNECTED,
        "08006": Fault.DISCONNECTED,
        "57P01": Fault.DISCONNECTED,
        "57P02": Fault.DISCONNECTED,
        "57014": Fault.UNAVAILABLE,  # the statement was ended: statement_timeout, or an operator
        "57P03": Fault.UNAVAILABLE,
        "53100": Fault.UNAVAILABLE,
        "53200": Fault.UNAVAILABLE,
        "53300": Fault.UNAVAILABLE,
        "25006": Fault.UNAVAILABLE,  # a read-only standby
    },
    refusals={
        "28P01": "the user name or the password is wrong",
        "28000": "the server does not let this user in; see its pg_hba.conf",
        "3D000": "the database does not exist; create it first",
        "42501": "the user lacks the rights; grant it CREATE and USAGE on the schema",
        "53300": "the server has no connections left; lower POOL_SIZE or raise its max_connections",
    },
    connection_limit="SHOW max_connections",
    requirements=(
        ("SHOW server_encoding", "UTF8", "the database's encoding must be UTF8; create it WITH ENCODING 'UTF8'"),
    ),
    create_database="CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
)
