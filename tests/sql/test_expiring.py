"""Tickets in SQL: their table comes and goes, and a claim is one statement that leaves the row locked."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Connection, inspect, text

from backends.sql.migrations import SqlMigrations
from conformance.defaults import settings_for
from core.entities import EntryKind, ExpiringEntry, Registration, User
from core.errors import UnknownReference
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.sql.neighbour import ALL, Neighbour

pytestmark = pytest.mark.only(*ALL)

NOW = datetime(2026, 11, 24, 12, 0, 0, 123_000, UTC)
SOON = NOW + timedelta(milliseconds=1)
KEY = sha256(b"").hexdigest()
MANY = 12

Trips = Callable[[], AbstractContextManager[list[str]]]


def entry(value: str = "v", key: str = KEY, user_id: int | None = None) -> ExpiringEntry:
    return ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, user_id=user_id, value=value, expires_at=SOON)


async def add_user(storage: Storage) -> User:
    draft = Registration(username="u", email="u@x.org", password="Secret123")
    [user] = await storage.run(lambda tx: tx.users.add([draft], ["hash"], NOW))
    return user


# The table


async def test_the_table_comes_and_goes_and_leaves_users_alone(blank_url: str, registry: Registry) -> None:
    settings = settings_for(blank_url)
    history = registry.choose(settings).migrations(settings)
    assert isinstance(history, SqlMigrations)
    await history.up()
    for _ in range(2):
        storage = await registry.choose(settings).open(settings)
        user = await add_user(storage)
        assert await storage.run(lambda tx, mine=user.id: tx.expiring.insert_or_lock(entry(user_id=mine), NOW)) is None
        await storage.close()
        await history.down("0003")
        assert not await history.on_connection(lambda connection: inspect(connection).has_table("tickets"))
        await history.up()
        storage = await registry.choose(settings).open(settings)
        assert await storage.users.get(user.id) == user
        assert await storage.expiring.get(KEY, NOW) is None
        await storage.run(lambda tx, mine=user.id: tx.users.delete(mine))
        await storage.close()


@pytest.mark.only("mysql", "mariadb")
async def test_a_revision_that_was_cut_off_goes_on(blank_url: str, registry: Registry) -> None:
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


async def test_what_core_would_never_write_is_refused(neighbour: Neighbour) -> None:
    values = "'a kind of its own', NULL, 'v', '2026-11-24T12:00:00.123'"
    column = "`key`" if neighbour.dialect.name in ("mysql", "mariadb") else "key"
    with pytest.raises(Exception, match="ck_tickets_kind"):
        await neighbour.run(f"INSERT INTO tickets ({column}, kind, user_id, value, expires_at) VALUES ('k', {values})")


# Claims


async def test_a_claim_is_one_round_trip_and_a_lost_one_two(storage: Storage, round_trips: Trips) -> None:
    user = await add_user(storage)
    costs = []

    async def claiming(tx: Transaction, one: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        with round_trips() as made:
            found = await tx.expiring.insert_or_lock(one, at)
        costs.append(len(made))
        return found

    first, second = entry("first", user_id=user.id), replace(entry("second"), expires_at=SOON + timedelta(days=1))
    assert await storage.run(lambda tx: claiming(tx, first, NOW)) is None
    assert await storage.run(lambda tx: claiming(tx, second, NOW)) == first
    assert await storage.run(lambda tx: claiming(tx, first, NOW)) == first, "even where it would change nothing"
    assert await storage.run(lambda tx: claiming(tx, second, SOON)) is None, "it has expired"
    assert await storage.run(lambda tx: claiming(tx, first, SOON)) == second
    assert costs == [1, 2, 2, 1, 2]
    for ask, found in ((storage.expiring.get, second), (storage.expiring.owner, None)):
        with round_trips() as made:
            assert await ask(KEY, SOON) == found
        assert len(made) == 1


async def test_an_unknown_user_is_refused_also_in_place_of_an_expired_ticket(storage: Storage) -> None:
    stranger = entry(user_id=77)
    with pytest.raises(UnknownReference) as refused:
        await storage.run(lambda tx: tx.expiring.insert_or_lock(stranger, NOW))
    assert [error.field for error in refused.value.errors] == ["user_id"]
    await storage.run(lambda tx: tx.expiring.insert_or_lock(entry(), NOW))
    with pytest.raises(UnknownReference):
        await storage.run(lambda tx: tx.expiring.insert_or_lock(stranger, SOON))
    assert await storage.expiring.get(KEY, NOW) == entry()


async def test_many_who_count_at_once_lose_no_count(storage: Storage) -> None:
    """A claim that is lost holds the row as its winner would: nobody has to run again for having only looked at it."""
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
