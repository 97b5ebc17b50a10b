"""Run by Alembic for every command, ours and its own."""

import asyncio
from collections.abc import Iterable
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from backends.sql.migrations import SqlMigrations, is_described
from backends.sql.schema import metadata
from core.errors import ConfigurationError
from core.plugins import discover
from core.settings import load
from migrations.sql.exclusion import exclusive_transaction


def number(_migrations: MigrationContext, _revision: Any, scripts: list[MigrationScript]) -> None:
    """Name new revisions 0003, 0004, …"""
    heads: Iterable[str] = context.script.get_heads()
    scripts[0].rev_id = f"{max(map(int, heads), default=0) + 1:04d}"


def options(dialect: str) -> dict[str, Any]:
    """What holds online and offline alike. SQLite's DDL is transactional, whatever Alembic thinks of its driver."""
    return {
        "target_metadata": metadata,
        "include_name": is_described,
        "process_revision_directives": number,
        "render_as_batch": True,
        "transactional_ddl": True if dialect == "sqlite" else None,
    }


def run_offline(migrations: SqlMigrations) -> None:
    """Write the statements to the output instead of running them."""
    dialect = migrations.dialect_name
    context.configure(
        dialect_name=dialect, literal_binds=True, dialect_opts={"paramstyle": "named"}, **options(dialect)
    )
    if dialect == "sqlite":
        context.get_context().impl.static_output(
            "-- Run it with sqlite3 -bail, or it goes on after an error.\nPRAGMA foreign_keys = OFF;\n"
        )
    with context.begin_transaction():
        context.run_migrations()


def run_online(connection: Connection) -> None:
    """Run them, unless another process is doing so."""
    with exclusive_transaction(connection):
        context.configure(connection=connection, **options(connection.dialect.name))
        context.run_migrations()
        if not context.get_context().get_current_heads():
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")  # Alembic would leave it, empty
        if connection.dialect.name == "sqlite":
            require_references(connection)


def require_references(connection: Connection) -> None:
    """Refuse to commit orphans: SQLite does not watch over references while tables are rebuilt."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        raise RuntimeError(f"the migration would leave {len(orphans)} broken references; it has been undone")


def migrations_of_settings() -> SqlMigrations:
    """For the ``alembic`` command: of the database that the settings name."""
    settings = load()
    migrations = discover().choose(settings).migrations(settings)
    if not isinstance(migrations, SqlMigrations):
        raise ConfigurationError("DATABASE_URL does not name an SQL database. Use: stockroom migrate")
    return migrations


if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

chosen: SqlMigrations = context.config.attributes.get("migrations") or migrations_of_settings()
given: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    run_offline(chosen)
elif given is not None:
    run_online(given)
else:
    asyncio.run(chosen.on_connection(run_online))
