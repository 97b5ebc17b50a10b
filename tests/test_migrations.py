"""The migrations of the SQL schema, on every SQL database."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, inspect, select, text
from sqlalchemy.exc import DBAPIError

from backends.sql.migrations import SqlMigrations, include_name
from backends.sql.schema import NULL_SORT_TIME, metadata
from backends.sql.search import is_search_table
from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from core.text import search_key
from migrations.sql import initial
from tests.harness.server import KINDS
from tests.revisions import HEAD, REVISIONS

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 22, 12, 0, 0, 123000, UTC)
RECORD = {"created_at": NOW, "updated_at": NOW, "version": 1}
MANY = 450  # more rows than two batches of the backfill
HOSTILE = "Straße ﬀ İ 100%_\\ ' \" -- 🎧 שלום e\u0301"

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def history(blank_url: str, registry: Registry) -> SqlMigrations:
    """The migrations of an empty database."""
    settings = settings_for(blank_url)
    migrations = registry.choose(settings).migrations(settings)
    assert isinstance(migrations, SqlMigrations)
    return migrations


def user(number: int) -> dict[str, Any]:
    name = f"user_{number:04}"
    keys = {"username": name, "username_key": name, "email": f"{name}@x.org", "email_key": f"{name}@x.org"}
    full_name = None if number % 3 == 0 else f"{HOSTILE} {number}"
    flags = {"password_hash": "x", "is_active": True, "is_superuser": False}
    return RECORD | keys | flags | {"id": number, "full_name": full_name, "bio": None}


def product(number: int) -> dict[str, Any]:
    text = {"name": f"{HOSTILE} {number}", "description": None if number % 2 else "Ünïcode \U0010fffd"}
    keys = {"slug": f"p-{number}", "sku": f"P-{number}", "category_id": 1 if number % 2 else None}
    return RECORD | text | keys | {"id": number, "price": 9_999_999_999, "stock_quantity": 7, "is_active": True}


def post(number: int) -> dict[str, Any]:
    text = {"title": f"Post {number}", "slug": f"post-{number}", "content": HOSTILE * 2_000}
    publication = (
        {"status": "published", "published_at": NOW} if number % 2 else {"status": "draft", "published_at": None}
    )
    return RECORD | text | publication | {"id": number, "view_count": 0, "author_id": 1}


OLD: dict[str, list[dict[str, Any]]] = {
    "users": [user(number) for number in range(1, MANY)],
    "categories": [RECORD | {"id": 1, "name": "C", "slug": "c", "description": None, "parent_id": None}],
    "products": [product(number) for number in range(1, MANY)],
    "posts": [post(number) for number in range(1, 6)],
    "tags": [RECORD | {"id": 1, "name": "T", "name_key": "t", "slug": "t"}],
    "post_tags": [{"post_id": 1, "tag_id": 1}],
    "orders": [
        RECORD
        | {"id": 1, "order_number": "ORD-1", "status": "pending", "total_amount": 5, "user_id": 1}
        | {"shipping_address": None}
    ],
    "order_items": [
        {"order_id": 1, "position": 0, "product_id": 1, "quantity": 1, "unit_price": 5, "total_price": 5},
    ],
    "accounts": [RECORD | {"id": 1, "user_id": 1, "balance": 3}],
}


def insert(connection: Connection, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    for table, values in rows.items():
        connection.execute(initial.metadata.tables[table].insert(), list(values))
    connection.commit()


def read_rows(connection: Connection, tables: Mapping[str, Table]) -> Rows:
    found = {}
    for name, table in tables.items():
        query = select(table).order_by(*table.primary_key)
        found[name] = [tuple(row) for row in connection.execute(query)]
    return found


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
    context = MigrationContext.configure(connection, opts={"include_name": include_name})
    return list(compare_metadata(context, metadata))


def run_script(connection: Connection, script: str) -> None:
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, "\n".join(lines).split(";\n"))):
        if statement not in ("BEGIN", "COMMIT", "COMMIT;"):  # the connection's own
            connection.exec_driver_sql(statement.removesuffix(";"))
    connection.commit()


async def test_history_is_listed_first_to_last(history: SqlMigrations) -> None:
    assert [revision.id for revision in history.history()] == REVISIONS
    assert all(revision.title for revision in history.history())
    assert await history.current() is None


async def test_up_down_up_keeps_all_rows(history: SqlMigrations) -> None:
    await history.up("0001")
    await history.on_connection(lambda connection: insert(connection, OLD))
    before = await history.on_connection(lambda connection: read_rows(connection, initial.metadata.tables))
    for _ in range(2):
        await history.up()
        assert await history.current() == HEAD
        await history.on_connection(require_keys)
        await history.on_connection(require_times)
        await history.on_connection(require_indexed)
        assert await history.on_connection(lambda c: read_rows(c, initial.metadata.tables)) == before
        await history.down("-1")
        assert await history.current() == REVISIONS[-2]
        await history.down("0001")
        assert await history.on_connection(lambda c: read_rows(c, initial.metadata.tables)) == before


def require_keys(connection: Connection) -> None:
    """Every row, in any batch, has the search key that core computes."""
    searched = {
        "users": ("username", "email", "full_name"),
        "products": ("name", "description"),
        "posts": ("title", "content"),
    }
    for table, fields in searched.items():
        rows = connection.execute(text(f"SELECT search_key, {', '.join(fields)} FROM {table} ORDER BY id")).all()
        assert len(rows) == len(OLD[table])
        assert [row[0] for row in rows] == [search_key(*row[1:]) for row in rows]


def require_times(connection: Connection) -> None:
    """The sort key of a post is its time of publication; unpublished posts come first."""
    posts = metadata.tables["posts"]
    rows = connection.execute(select(posts.c.published_at, posts.c.published_key)).all()
    assert {published for published, _ in rows} == {None, NOW}
    assert all(key == (published or NULL_SORT_TIME) for published, key in rows)


def require_indexed(connection: Connection) -> None:
    """A search index, where there is one, contains the key of every row."""
    for table in ("users", "products", "posts"):
        match connection.dialect.name:
            case "sqlite":
                index = f"{table}_search"
                connection.execute(text(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)"))
                connection.rollback()
                found = connection.scalar(text(f"SELECT count(*) FROM {index} WHERE {index} MATCH :same"), SAME[table])
                assert found == len(OLD[table])
            case "postgresql":
                pairs = f"SELECT t.id FROM {table} t FULL JOIN {table}_search s USING (id, search_key)"
                assert len(connection.execute(text(pairs)).all()) == len(OLD[table])


SAME = {"users": {"same": '"use"'}, "products": {"same": '"str"'}, "posts": {"same": '"pos"'}}
"""A trigram of the key of every row above."""


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


async def test_script_fails_on_rows_then_up_completes(history: SqlMigrations) -> None:
    await history.up("0001")
    await history.on_connection(lambda connection: insert(connection, OLD))
    before = await history.on_connection(lambda connection: read_rows(connection, initial.metadata.tables))
    script = history.script("0001:head")
    assert "run `stockroom migrate up`" in script
    with pytest.raises(DBAPIError):
        await history.on_connection(lambda connection: run_script(connection, script))
    assert await history.current() == "0001"
    assert await history.on_connection(lambda c: read_rows(c, initial.metadata.tables)) == before
    await history.up()
    await history.on_connection(require_keys)
    await history.on_connection(require_indexed)
    assert await history.on_connection(drift) == []


async def test_ids_are_not_reused_after_migration(history: SqlMigrations) -> None:
    await history.up("0001")

    def insert_and_delete(connection: Connection) -> None:
        insert(connection, {"users": [user(1), user(2), user(41)]})
        if connection.dialect.name == "postgresql":  # where an id given by hand does not count
            connection.execute(text("SELECT setval('users_id_seq', 41)"))
        connection.execute(text("DELETE FROM users WHERE id = 41"))
        connection.commit()

    def next_id(connection: Connection) -> Any:
        values = user(42) | {"search_key": ""}
        del values["id"]
        return connection.execute(metadata.tables["users"].insert(), values).inserted_primary_key[0]

    await history.on_connection(insert_and_delete)
    await history.up()
    assert await history.on_connection(next_id) == 42


@pytest.mark.parametrize("start", [None, "0001"])
async def test_concurrent_migrations_take_turns(
    history: SqlMigrations, blank_url: str, start: str | None, tmp_path: Path
) -> None:
    if start:
        await history.up(start)
        await history.on_connection(lambda connection: insert(connection, OLD))
    stockroom = Path(sys.executable).with_name("stockroom")
    processes = [
        await asyncio.create_subprocess_exec(
            stockroom, "migrate", "up", cwd=tmp_path, env=os.environ | {"DATABASE_URL": blank_url}, stdout=-1, stderr=-1
        )
        for _ in range(4)
    ]
    results = [await process.communicate() for process in processes]
    assert results == [(f"{HEAD} (head)\n".encode(), b"")] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert await history.on_connection(drift) == []


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
async def test_sqlite_migration_with_orphans_is_undone(history: SqlMigrations) -> None:
    await history.up("0001")
    await history.on_connection(lambda c: insert(c, {"posts": [post(1) | {"author_id": 77}]}))
    before = await history.on_connection(shape)
    with pytest.raises(RuntimeError, match="1 broken references"):
        await history.up()
    assert await history.current() == "0001"
    assert await history.on_connection(shape) == before


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


def test_alembic_command_works(blank_url: str) -> None:
    for arguments in (["upgrade", "head"], ["check"], ["upgrade", "head", "--sql"], ["downgrade", "base"]):
        done = subprocess.run(
            [Path(sys.executable).with_name("alembic"), *arguments],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": blank_url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
