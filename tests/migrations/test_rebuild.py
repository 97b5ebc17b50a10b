"""Alembic's batch mode on SQLite keeps what belongs to a table."""

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Integer, text

from backends.sql.migrations import SqlMigrations
from backends.sql.schema import metadata
from core.text import search_key
from tests.migrations.rows import product, user
from tests.migrations.schema import drift, shape

pytestmark = pytest.mark.only("sqlite")


def rebuild(connection: Connection, table: str) -> None:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table(table) as batch:
        batch.alter_column("version", existing_type=Integer(), nullable=True)
    with operations.batch_alter_table(table) as batch:
        batch.alter_column("version", existing_type=Integer(), nullable=False)
    connection.commit()


def read_triggers(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"))
    return [(row.name, row.sql) for row in rows]


def insert_products(connection: Connection, *numbers: int) -> None:
    products = metadata.tables["products"]
    for number in numbers:
        values = product(number) | {"category_id": None, "search_key": search_key(f"name {number}")}
        connection.execute(products.insert(), values)
    connection.commit()


def next_id(connection: Connection) -> int:
    values = {key: value for key, value in user(42).items() if key != "id"} | {"search_key": ""}
    key = connection.execute(metadata.tables["users"].insert(), values).inserted_primary_key
    assert key is not None
    return int(key[0])


@pytest.mark.parametrize("table", sorted(name for name, table in metadata.tables.items() if "version" in table.c))
async def test_rebuilt_table_is_the_same(history: SqlMigrations, table: str) -> None:
    await history.up()
    before = await history.on_connection(shape)

    triggers = await history.on_connection(read_triggers)
    await history.on_connection(lambda c: rebuild(c, table))
    assert await history.on_connection(shape) == before
    assert await history.on_connection(read_triggers) == triggers
    assert await history.on_connection(drift) == []


async def test_rebuilt_table_is_still_searched(history: SqlMigrations) -> None:
    await history.up()

    def search(connection: Connection) -> list[int]:
        insert_products(connection, 1, 2)
        rebuild(connection, "products")
        insert_products(connection, 3)
        connection.execute(text("UPDATE products SET search_key = 'other' WHERE id = 1"))
        connection.execute(text("DELETE FROM products WHERE id = 2"))
        connection.execute(text("INSERT INTO products_search(products_search, rank) VALUES ('integrity-check', 1)"))
        found = connection.execute(text("""SELECT rowid FROM products_search WHERE products_search MATCH '"nam"'"""))
        return list(found.scalars())

    assert await history.on_connection(search) == [3]


@pytest.mark.parametrize("last", [[], [1]])
async def test_ids_are_not_reused_after_rebuild(history: SqlMigrations, last: list[int]) -> None:
    await history.up()

    def use_ids(connection: Connection) -> int:
        rows = [user(number) | {"search_key": ""} for number in (*last, 41)]
        connection.execute(metadata.tables["users"].insert(), rows)
        connection.execute(text("DELETE FROM users WHERE id = 41"))
        rebuild(connection, "users")
        return next_id(connection)

    assert await history.on_connection(use_ids) == 42
