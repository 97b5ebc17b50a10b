"""The migrations lead to the declared SQL schema, and back; so do their scripts."""

import sqlite3

import pytest
from sqlalchemy import Connection, inspect, text

from backends.sql.migrations import SqlMigrations
from backends.sql.schema import metadata
from backends.sql.search import is_search_table
from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from tests.harness.server import KINDS
from tests.migrations.schema import drift, run_script, shape
from tests.revisions import HEAD, REVISIONS

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")


async def test_history_is_listed_first_to_last(history: SqlMigrations) -> None:
    assert [revision.id for revision in history.history()] == REVISIONS
    assert all(revision.title for revision in history.history())
    assert await history.current() is None


async def test_autogenerate_finds_no_drift(history: SqlMigrations) -> None:
    await history.up()
    assert await history.on_connection(drift) == []


async def test_revisions_build_the_declared_schema(history: SqlMigrations) -> None:
    await history.up()
    migrated = await history.on_connection(shape)
    await history.down("base")

    def create(connection: Connection) -> None:
        metadata.create_all(connection)
        connection.commit()

    await history.on_connection(create)
    described = {name: table for name, table in migrated.items() if not is_search_table(name)}
    assert described == await history.on_connection(shape)
    assert set(described) == set(metadata.tables)


async def test_base_leaves_nothing(history: SqlMigrations) -> None:
    await history.up()
    await history.down("base")
    assert await history.on_connection(lambda connection: inspect(connection).get_table_names()) == []
    assert await history.current() is None


async def test_script_builds_the_same_schema(history: SqlMigrations) -> None:
    await history.up()
    migrated = await history.on_connection(shape)
    await history.down("base")
    await history.on_connection(lambda connection: run_script(connection, history.script("base:head")))
    assert await history.on_connection(shape) == migrated
    assert await history.current() == HEAD
    await history.on_connection(lambda connection: run_script(connection, history.script("head:base")))
    assert await history.on_connection(shape) == {}
    assert await history.current() is None


async def test_unknown_revision_is_refused(history: SqlMigrations) -> None:
    with pytest.raises(ConfigurationError, match=", ".join(REVISIONS)):
        await history.up("9999")
    with pytest.raises(ConfigurationError, match=", ".join(["base", *REVISIONS, "head"])):
        history.script("base:9999")
    await history.up()

    def set_unknown_revision(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    await history.on_connection(set_unknown_revision)
    with pytest.raises(ConfigurationError, match=r"9999.*This version of Stockroom knows"):
        await history.up()


@pytest.mark.only("postgresql")
async def test_missing_right_to_extension_is_explained(blank_url: str, registry: Registry) -> None:
    def create_role(connection: Connection) -> None:
        database = connection.engine.url.database
        connection.execute(text("DROP ROLE IF EXISTS limited"))
        connection.execute(text("CREATE ROLE limited LOGIN PASSWORD 'limited'"))
        connection.execute(text("GRANT ALL ON SCHEMA public TO limited"))
        connection.execute(text(f'REVOKE CREATE ON DATABASE "{database}" FROM PUBLIC'))
        connection.commit()

    def create_extension(connection: Connection) -> None:
        connection.execute(text("CREATE EXTENSION pg_trgm"))
        connection.commit()

    def drop_role(connection: Connection) -> None:
        connection.execute(text("DROP OWNED BY limited"))
        connection.execute(text("DROP ROLE limited"))
        connection.commit()

    administrator = settings_for(KINDS["postgresql"].as_administrator(blank_url))
    history = registry.choose(administrator).migrations(administrator)
    assert isinstance(history, SqlMigrations)
    await history.on_connection(create_role)
    settings = settings_for(blank_url.replace("://stockroom:stockroom@", "://limited:limited@"))
    limited_migrations = registry.choose(settings).migrations(settings)
    with pytest.raises(ConfigurationError, match=r"administrator run in this database: CREATE EXTENSION pg_trgm"):
        await limited_migrations.up()
    assert await limited_migrations.current() is None
    await history.on_connection(create_extension)
    await limited_migrations.up()
    assert await limited_migrations.current() == HEAD
    await history.on_connection(drop_role)


@pytest.mark.only("sqlite")
def test_sqlite_runs_the_script(history: SqlMigrations) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(history.script("base:head"))
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert {name for name in tables if not is_search_table(name)} == {
        *metadata.tables,
        "alembic_version",
        "sqlite_sequence",
    }
