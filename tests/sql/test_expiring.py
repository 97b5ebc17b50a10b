"""Entries that expire, in SQL: migrations of their table, and the upsert, one statement that leaves the row locked."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy import Connection, inspect, text

from backends.sql.migrations import SqlMigrations
from conformance.defaults import settings_for
from core.entities import EntryKind, ExpiringEntry, Registration, User
from core.errors import UnknownReference
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.sql.external_client import ALL, ExternalClient

pytestmark = pytest.mark.only(*ALL)

NOW = datetime(2026, 11, 24, 12, 0, 0, 123_000, UTC)
SOON = NOW + timedelta(milliseconds=1)
KEY = sha256(b"").hexdigest()
MANY = 12

RoundTrips = Callable[[], AbstractContextManager[list[str]]]


def entry(value: str = "v", key: str = KEY, user_id: int | None = None) -> ExpiringEntry:
    return ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, user_id=user_id, value=value, expires_at=SOON)


async def add_user(storage: Storage) -> User:
    draft = Registration(username="u", email="u@x.org", password="Secret123")
    [user] = await storage.run(lambda tx: tx.users.add([draft], ["hash"], NOW))
    return user


async def insert(new: ExpiringEntry, tx: Transaction) -> ExpiringEntry | None:
    return await tx.expiring.insert_or_lock(new, NOW)


async def delete_user(id: int, tx: Transaction) -> None:
    await tx.users.delete(id, NOW)


# The table


async def test_migrations_of_entries_keep_users(blank_url: str, registry: Registry) -> None:
    settings = settings_for(blank_url)
    history = registry.choose(settings).migrations(settings)
    assert isinstance(history, SqlMigrations)
    await history.up()
    for _ in range(2):
        storage = await registry.choose(settings).open(settings)
        user = await add_user(storage)
        assert await storage.run(partial(insert, entry(user_id=user.id))) is None
        await storage.close()
        await history.down("0003")
        assert not await history.on_connection(lambda connection: inspect(connection).has_table("tickets"))
        await history.up()
        storage = await registry.choose(settings).open(settings)
        assert await storage.users.get(user.id) == user
        assert await storage.expiring.get(KEY, NOW) is None
        await storage.run(partial(delete_user, user.id))
        await storage.close()


@pytest.mark.only("mysql", "mariadb")
async def test_interrupted_revision_is_completed(blank_url: str, registry: Registry) -> None:
    settings = settings_for(blank_url)
    history = registry.choose(settings).migrations(settings)
    assert isinstance(history, SqlMigrations)
    await history.up()

    def cut_off(connection: Connection) -> None:
        connection.execute(text("DROP INDEX ix_tickets_expires_at ON tickets"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
        connection.commit()

    await history.on_connection(cut_off)
    await history.up()
    found = await history.on_connection(lambda connection: inspect(connection).get_indexes("tickets"))
    assert {index["name"] for index in found} == {"ix_tickets_expires_at", "ix_tickets_user_id"}


async def test_unknown_kind_violates_check(external: ExternalClient) -> None:
    values = "'a kind of its own', NULL, 'v', '2026-11-24T12:00:00.123'"
    column = "`key`" if external.dialect.name in ("mysql", "mariadb") else "key"
    with pytest.raises(Exception, match="ck_tickets_kind"):
        await external.run(f"INSERT INTO tickets ({column}, kind, user_id, value, expires_at) VALUES ('k', {values})")


# Upserts


async def test_upsert_costs_one_round_trip_or_two(storage: Storage, round_trips: RoundTrips) -> None:
    user = await add_user(storage)
    costs = []

    async def upserting(tx: Transaction, one: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        with round_trips() as made:
            found = await tx.expiring.insert_or_lock(one, at)
        costs.append(len(made))
        return found

    first, second = entry("first", user_id=user.id), replace(entry("second"), expires_at=SOON + timedelta(days=1))
    assert await storage.run(lambda tx: upserting(tx, first, NOW)) is None
    assert await storage.run(lambda tx: upserting(tx, second, NOW)) == first
    assert await storage.run(lambda tx: upserting(tx, first, NOW)) == first, "even where it would change nothing"
    assert await storage.run(lambda tx: upserting(tx, second, SOON)) is None, "it has expired"
    assert await storage.run(lambda tx: upserting(tx, first, SOON)) == second
    assert costs == [1, 2, 2, 1, 2]
    for ask, found in ((storage.expiring.get, second), (storage.expiring.owner, None)):
        with round_trips() as made:
            assert await ask(KEY, SOON) == found
        assert len(made) == 1


async def test_unknown_user_is_refused_on_replace_too(storage: Storage) -> None:
    orphan = entry(user_id=77)
    with pytest.raises(UnknownReference) as refused:
        await storage.run(lambda tx: tx.expiring.insert_or_lock(orphan, NOW))
    assert [error.field for error in refused.value.errors] == ["user_id"]
    await storage.run(lambda tx: tx.expiring.insert_or_lock(entry(), NOW))
    with pytest.raises(UnknownReference):
        await storage.run(lambda tx: tx.expiring.insert_or_lock(orphan, SOON))
    assert await storage.expiring.get(KEY, NOW) == entry()


async def test_concurrent_counts_are_all_kept(storage: Storage) -> None:
    """An upsert that finds a valid entry locks the row like one that writes it, so no unit of work is retried."""
    runs = 0

    async def counting(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        found = await tx.expiring.insert_or_lock(entry("1"), NOW)
        if found is not None:
            await tx.expiring.save(replace(found, value=str(int(found.value) + 1)))

    await storage.run(counting)
    await asyncio.gather(*(storage.run(counting) for _ in range(MANY)))
    assert (await storage.expiring.get(KEY, NOW)) == entry(str(MANY + 1))
    assert runs == MANY + 1
