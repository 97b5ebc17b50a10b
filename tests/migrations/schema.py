"""The schema of an SQL database, described and compared."""

from operator import itemgetter
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from backends.sql.autogenerate import OPTIONS
from backends.sql.schema import metadata


def shape(connection: Connection) -> dict[str, Any]:
    """The schema as the database reports it, in a comparable form."""
    inspector = inspect(connection)
    inspector.clear_cache()
    return {name: _shape(inspector, name) for name in inspector.get_table_names() if name != "alembic_version"}


def _shape(inspector: Any, table: str) -> dict[str, Any]:
    parts = {
        "checks": inspector.get_check_constraints(table),
        "references": inspector.get_foreign_keys(table),
        "indexes": inspector.get_indexes(table),
        "uniques": inspector.get_unique_constraints(table),
    }
    columns = inspector.get_columns(table)
    described = sorted(({**column, "type": repr(column["type"])} for column in columns), key=itemgetter("name"))
    ordered = {name: sorted(part, key=lambda one: one["name"]) for name, part in parts.items()}
    return {**ordered, "columns": described, "key": inspector.get_pk_constraint(table)}


def drift(connection: Connection) -> list[Any]:
    """What a new revision would change."""
    context = MigrationContext.configure(connection, opts=OPTIONS)
    return list(compare_metadata(context, metadata))


def run_script(connection: Connection, script: str) -> None:
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, "\n".join(lines).split(";\n"))):
        if statement not in ("BEGIN", "COMMIT", "COMMIT;"):  # the connection's own
            connection.exec_driver_sql(statement.removesuffix(";"))
    connection.commit()
