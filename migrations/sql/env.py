"""Run by Alembic for every command, ours and its own."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection

from backends.sql.autogenerate import OPTIONS, arrange
from backends.sql.dialects import Dialect
from backends.sql.migrations import SqlMigrations
from core.errors import ConfigurationError, StockroomError
from core.plugins import discover
from core.settings import load


def prepare_revision(_migrations: MigrationContext, _revision: Any, scripts: list[MigrationScript]) -> None:
    """Name new revisions 0003, 0004, …, unless ``--rev-id`` names them; arrange what they do."""
    for operations in (*scripts[0].upgrade_ops_list, *scripts[0].downgrade_ops_list):
        arrange(operations)
    if not getattr(context.config.cmd_opts, "rev_id", None):
        known = [script.revision for script in context.script.walk_revisions()]
        numbers = [int(revision) for revision in known if re.fullmatch("[0-9]{4}", revision)]
        scripts[0].rev_id = f"{max(numbers, default=0) + 1:04d}"


def options(dialect: Dialect) -> dict[str, Any]:
    """Alembic's options, online and offline alike."""
    return {
        **OPTIONS,
        "process_revision_directives": prepare_revision,
        "transactional_ddl": dialect.has_transactional_ddl,
    }


def run_offline(dialect: Dialect) -> None:
    """Write the statements to the output instead of running them."""
    context.configure(
        dialect_name=dialect.name, literal_binds=True, dialect_opts={"paramstyle": "named"}, **options(dialect)
    )
    if dialect.script_header:
        context.get_context().impl.static_output(dialect.script_header)
    with context.begin_transaction():
        context.run_migrations()


def run_online(connection: Connection, dialect: Dialect) -> None:
    """Run them, one process at a time: one that had to wait finds nothing left to do."""
    with exclusive_transaction(connection, dialect):
        context.configure(connection=connection, **options(dialect))
        context.run_migrations()
        if not context.get_context().get_current_heads():
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")  # Alembic would leave it, empty
        dialect.check_migrated(connection)


@contextmanager
def exclusive_transaction(connection: Connection, dialect: Dialect) -> Iterator[None]:
    """A transaction during which no other process migrates this database.

    Raises:
        Unavailable: another process took too long.
    """
    dialect.lock_migrations(connection)
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def migrations_of_settings() -> SqlMigrations:
    """For the ``alembic`` command: of the database that the settings name."""
    settings = load()
    migrations = discover().choose(settings).migrations(settings)
    if not isinstance(migrations, SqlMigrations):
        raise ConfigurationError("DATABASE_URL does not name an SQL database. Use: stockroom migrate")
    return migrations


def run(migrations: SqlMigrations) -> None:
    """Do what the command asks for, on the connection that was given, or else on one of its own."""
    given: Connection | None = context.config.attributes.get("connection")
    if context.is_offline_mode():
        run_offline(migrations.dialect)
    elif given is not None:
        run_online(given, migrations.dialect)
    else:
        asyncio.run(migrations.on_connection(lambda connection: run_online(connection, migrations.dialect)))


def run_command() -> None:
    """Serve the ``alembic`` command, which prints its own errors in one line, and others with a traceback."""
    try:
        run(migrations_of_settings())
    except StockroomError as error:
        raise CommandError(" ".join(error.detail.split())) from error


if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

if "migrations" in context.config.attributes:
    run(context.config.attributes["migrations"])
else:
    run_command()
