"""Revisions that Alembic writes run as they are, and lead to the declared schema."""

from pathlib import Path

import pytest
from alembic.operations import ops
from sqlalchemy import Column, Connection, Integer, text

from backends.sql.autogenerate import arrange
from backends.sql.dialects import DIALECTS
from backends.sql.migrations import SqlMigrations
from tests.migrations.alembic_copy import AlembicCopy
from tests.migrations.schema import drift, shape

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")

DAMAGES = {
    "sqlite": {
        "DROP TRIGGER users_search_update": "search index users is missing",
        "DROP INDEX ix_products_price_id": "index ix_products_price_id is missing",
    },
    "postgresql": {
        "DROP TRIGGER users_search_update ON users": "search index users is missing",
        "ALTER TABLE posts DISABLE TRIGGER posts_search_insert": "search index posts is missing",
        "ALTER TABLE accounts DROP CONSTRAINT ck_accounts_balance": "constraint ck_accounts_balance is missing",
        "ALTER TABLE posts ALTER published_key DROP DEFAULT": "default posts.published_key differs",
    },
    "mysql": {
        "ALTER TABLE accounts DROP CHECK ck_accounts_balance": "constraint ck_accounts_balance is missing",
        "ALTER TABLE posts ALTER published_key DROP DEFAULT": "default posts.published_key differs",
    },
    "mariadb": {
        "ALTER TABLE accounts DROP CONSTRAINT ck_accounts_balance": "constraint ck_accounts_balance is missing",
        "ALTER TABLE posts ALTER published_key SET DEFAULT '2000-01-01'": "default posts.published_key differs",
    },
}
"""By database, what is done to a schema, and how the difference is described."""


@pytest.fixture
def alembic(tmp_path: Path, blank_url: str) -> AlembicCopy:
    """The command, for an empty database."""
    return AlembicCopy(tmp_path / "copy", blank_url)


async def test_generated_revision_builds_all_tables(history: SqlMigrations, alembic: AlembicCopy) -> None:
    alembic.run("upgrade", "head")
    migrated = await history.on_connection(shape)
    objects = await history.on_connection(read_objects)
    alembic.run("downgrade", "base")
    for path in alembic.versions.glob("*.py"):
        path.unlink()
    alembic.autogenerate("whole schema")
    alembic.run("upgrade", "head")
    alembic.run("check")
    assert await history.on_connection(drift) == []
    assert await history.on_connection(shape) == migrated
    assert await history.on_connection(read_objects) == objects
    alembic.run("downgrade", "base")
    assert await history.on_connection(shape) == {}


async def test_damaged_schema_is_described_and_repaired(history: SqlMigrations, alembic: AlembicCopy) -> None:
    await history.up()
    assert await history.differences() == []
    expected = await history.on_connection(shape)
    damages = DAMAGES[history.dialect.name]
    await history.on_connection(lambda connection: execute(connection, *damages))
    assert await history.differences() == sorted(damages.values())
    assert "New upgrade operations detected" in alembic.attempt("check").stdout
    alembic.autogenerate("repair")
    alembic.run("upgrade", "head")
    assert await history.differences() == []
    assert await history.on_connection(shape) == expected
    alembic.run("downgrade", "-1")


async def test_additions_to_the_schema_are_no_differences(history: SqlMigrations) -> None:
    await history.up()
    await history.on_connection(lambda c: execute(c, "CREATE INDEX ix_mine ON products (stock_quantity)"))
    await history.on_connection(lambda c: execute(c, "CREATE TABLE mine (id INTEGER)"))
    assert await history.differences() == []


@pytest.mark.only("sqlite")
async def test_lost_autoincrement_is_described_and_repaired(history: SqlMigrations, alembic: AlembicCopy) -> None:
    await history.up()
    objects = await history.on_connection(read_objects)
    await history.on_connection(lose_autoincrement)
    assert await history.differences() == ["autoincrement tags is missing"]
    alembic.autogenerate("repair")
    alembic.run("upgrade", "head")
    assert await history.differences() == []
    assert await history.on_connection(read_objects) == objects


@pytest.mark.only("sqlite")
def test_operations_are_arranged_for_mysql() -> None:
    drop, replace, create = ops.DropIndexOp("a", "t"), ops.DropIndexOp("b", "t"), ops.CreateIndexOp("c", "t", ["x"])
    again, reference = ops.CreateIndexOp("b", "t", ["y"]), ops.DropConstraintOp("r", "t", type_="foreignkey")
    column = ops.AddColumnOp("t", Column("x", Integer()))
    changes = ops.ModifyTableOps("t", [column, drop, replace, create, again, reference])
    operations = ops.UpgradeOps([changes, ops.ModifyTableOps("u", [ops.DropIndexOp("d", "u")]), ops.DropTableOp("u")])
    arrange(operations)
    assert changes.ops == [column, reference, create, drop, replace, again]
    assert [type(operation) for operation in operations.ops] == [ops.ModifyTableOps, ops.DropTableOp]


def execute(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))
    connection.commit()


def read_objects(connection: Connection) -> set[str]:
    """The names of tables and triggers, and those of tables whose ids are never used again."""
    dialect = DIALECTS[connection.dialect.name]
    found: set[str] = set()
    for query in filter(None, (dialect.schema_objects, dialect.autoincrement_tables)):
        found |= {f"{len(query)} {name}" for name in connection.exec_driver_sql(query).scalars()}
    return found


def lose_autoincrement(connection: Connection) -> None:
    create = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'tags'"))
    indexes = connection.execute(text("SELECT sql FROM sqlite_master WHERE tbl_name = 'tags' AND type = 'index'"))
    restored = [sql for sql in indexes.scalars() if sql]
    execute(connection, "DROP TABLE tags", str(create).replace("AUTOINCREMENT", ""), *restored)
