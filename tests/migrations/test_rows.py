"""The migrations of the SQL schema keep all rows."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from backends.sql.migrations import SqlMigrations
from backends.sql.schema import NULL_SORT_TIME, metadata
from core.errors import ConfigurationError
from core.text import search_key
from migrations.sql import initial
from tests.migrations.rows import NOW, OLD, RECORD, insert, post, read_rows, user
from tests.migrations.schema import drift, run_script, shape
from tests.revisions import HEAD, REVISIONS

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")


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
        key = connection.execute(metadata.tables["users"].insert(), values).inserted_primary_key
        assert key is not None
        return key[0]

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


@pytest.mark.only("sqlite")
async def test_sqlite_migration_with_orphans_is_undone(history: SqlMigrations) -> None:
    await history.up("0001")
    await history.on_connection(lambda c: insert(c, {"posts": [post(1) | {"author_id": 77}]}))
    before = await history.on_connection(shape)
    with pytest.raises(RuntimeError, match="1 broken references"):
        await history.up()
    assert await history.current() == "0001"
    assert await history.on_connection(shape) == before


async def test_downgrade_that_forgets_refunds_is_refused(history: SqlMigrations) -> None:
    await history.up()

    def add_refund(connection: Connection) -> None:
        insert(connection, {"users": [user(1) | {"search_key": ""}], "orders": OLD["orders"]}, metadata)
        amounts = {"amount": 5, "refunded_amount": 2, "account_id": None}
        payment = {"id": 1, "order_id": 1, "method": "card", "reference": None, "status": "partially_refunded"}
        insert(connection, {"payments": [RECORD | payment | amounts]}, metadata)

    await history.on_connection(add_refund)
    with pytest.raises(ConfigurationError, match="cannot keep refunds"):
        await history.down("0006")
    assert await history.current() == "0007"
    assert await history.on_connection(drift) == []
