"""Search keys of users, products and posts.

Adds ``search_key`` and computes it for the rows that exist, in batches. The database could not: case folding and
normalisation of all of Unicode are not in SQL.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from backends.sql.types import long_text
from core.text import search_key
from migrations.sql import initial
from migrations.sql.steps import add_column, drop_column

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEARCHED = {
    "users": ("username", "email", "full_name"),
    "products": ("name", "description"),
    "posts": ("title", "content"),
}
MYSQL = {"mysql", "mariadb"}

BATCH = 200
"""Rows at a time; a post may hold 100 000 characters."""

BY_HAND = """\
-- Search keys cannot be computed in SQL. On a table with rows this fails: run `stockroom migrate up` there.
"""


def upgrade() -> None:
    """Add the column, fill it, and only then require it."""
    for table, fields in SEARCHED.items():
        if op.get_context().as_sql:
            write_down(table)
        else:
            add_column(table, search_column(nullable=True))
            backfill(op.get_bind(), table, fields)
            require(table)


def downgrade() -> None:
    """Drop the column: it holds nothing that is not elsewhere."""
    for table in SEARCHED:
        drop_column(table, "search_key")


def search_column(*, nullable: bool) -> sa.Column[str]:
    """The new column."""
    return sa.Column("search_key", long_text(), nullable=nullable)


def write_down(table: str) -> None:
    """What a script can do: add the column to an empty table, and fail on any other, changing nothing in its rows."""
    op.get_context().impl.static_output(BY_HAND)
    if op.get_context().dialect.name in MYSQL:
        op.add_column(table, search_column(nullable=True))  # one that is required would be filled with ''
        require(table)
    else:
        op.add_column(table, search_column(nullable=False))


def backfill(connection: sa.Connection, table: str, fields: tuple[str, ...]) -> None:
    """Compute the keys of all rows."""
    target = sa.table(table, sa.column("id"), sa.column("search_key"))
    fill = target.update().where(target.c.id == sa.bindparam("row")).values(search_key=sa.bindparam("key"))
    for rows in batches(connection, table, fields):
        connection.execute(fill, [{"row": row.id, "key": search_key(*row[1:])} for row in rows])


def batches(connection: sa.Connection, table: str, fields: tuple[str, ...]) -> Iterator[list[sa.Row[Any]]]:
    """All rows by id, each batch starting behind the last row of the one before."""
    source = sa.table(table, sa.column("id", sa.BigInteger()), *map(sa.column, fields))
    columns = [source.c.id, *(source.c[field] for field in fields)]
    page = sa.select(*columns).where(source.c.id > sa.bindparam("last")).order_by(source.c.id).limit(BATCH)
    last = 0
    while rows := list(connection.execute(page, {"last": last})):
        yield rows
        last = rows[-1].id


def require(name: str) -> None:
    """Forbid null. SQLite does so by building the table anew, from a description: it cannot tell all of its own."""
    before = initial.metadata.tables[name].to_metadata(sa.MetaData())
    before.append_column(search_column(nullable=True))
    dialect = op.get_context().dialect.name
    if dialect == "sqlite":
        keep_sequence(name)
    if dialect in MYSQL:
        op.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")  # else null would become ''
    with op.batch_alter_table(name, copy_from=before) as batch:
        batch.alter_column("search_key", existing_type=long_text(), nullable=False)


def keep_sequence(name: str) -> None:
    """Hand the highest id ever used to the table that Alembic builds, or ids of deleted rows would be used again."""
    sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    highest = sa.select(sa.literal(f"_alembic_tmp_{name}"), sequence.c.seq).where(sequence.c.name == name)
    op.execute(sequence.insert().from_select(["name", "seq"], highest))
