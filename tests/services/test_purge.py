"""Deleting expired entries, in batches that each are one unit of work."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.services.expiring import entry_key, purge_expired
from core.storage import Storage, Transaction
from tests.services.contended import ContendedStorage
from tests.services.factory import Factory
from tests.services.session_client import SessionClient

Tick = Callable[[timedelta], datetime]
HOUR, MILLISECOND = timedelta(hours=1), timedelta(milliseconds=1)


async def store(storage: Storage, number: int, lifetime: timedelta) -> list[str]:
    """Store entries that expire after ``lifetime``; their keys."""
    at = clock.now()
    keys = [entry_key(EntryKind.ATTEMPT_COUNTER, f"{lifetime} {n}") for n in range(number)]

    async def work(tx: Transaction) -> None:
        for key in keys:
            entry = ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, value="1", expires_at=at + lifetime)
            await tx.expiring.insert_or_lock(entry, at)

    await storage.run(work)
    return keys


async def stored(storage: Storage, keys: list[str]) -> int:
    """How many of the entries are stored, expired or not."""
    long_ago = clock.now() - 100 * HOUR
    return sum([await storage.expiring.get(key, long_ago) is not None for key in keys])


async def test_purge_deletes_what_has_expired(storage: Storage, tick: Tick) -> None:
    earlier, now, later = [await store(storage, 2, HOUR + step * MILLISECOND) for step in (-1, 0, 1)]
    tick(HOUR)
    assert await purge_expired(storage) == 4
    assert [await stored(storage, keys) for keys in (earlier, now, later)] == [0, 0, 2]
    assert await purge_expired(storage) == 0


@pytest.mark.parametrize("number", [999, 1000, 1001, 2000, 2500])
async def test_purge_deletes_in_batches(contended: ContendedStorage, tick: Tick, number: int) -> None:
    expired, alive = await store(contended, number, HOUR), await store(contended, 3, 3 * HOUR)
    tick(2 * HOUR)
    contended.runs = 0
    assert await purge_expired(contended) == number
    assert number / 1000 <= contended.runs <= number // 1000 + 1
    assert (await stored(contended, expired), await stored(contended, alive)) == (0, 3)


async def test_purge_leaves_sessions_that_last(client: SessionClient, factory: Factory, tick: Tick) -> None:
    user = await factory.user()
    pair = await client.log_in()
    tick(timedelta(seconds=1))
    await purge_expired(client.storage)
    assert await client.user_of(pair) == user
    tick(timedelta(days=365))
    assert await purge_expired(client.storage) == 1
