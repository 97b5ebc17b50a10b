"""The lifetime of an entry: it ends with the millisecond of its expiry, by the time that the caller passes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from conformance.expiring import HOUR, MILLISECOND, NOW, find_entries, find_values, insert_or_lock, key_of, make_entry
from conformance.interleaving import add_user
from core import clock
from core.entities import EntryKind, ExpiringEntry, User
from core.storage import Storage, Transaction

Exists = Callable[[Storage, ExpiringEntry, datetime], Awaitable[bool]]


async def _get(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.expiring.get(entry.key, at) == entry


async def _get_in_unit(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.run(lambda tx: tx.expiring.get(entry.key, at)) == entry


async def _lock(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.run(lambda tx: tx.expiring.lock(entry.key, at)) == entry


async def _insert_or_lock(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    existed = await storage.run(lambda tx: tx.expiring.insert_or_lock(entry, at)) == entry
    await storage.run(lambda tx: tx.expiring.delete(entry.key))
    return existed


async def _owner(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return isinstance(await storage.expiring.owner(entry.key, at), User)


async def _owner_in_unit(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return isinstance(await storage.run(lambda tx: tx.expiring.owner(entry.key, at)), User)


async def _delete_all_expired(storage: Storage, at: datetime) -> int:
    return await storage.run(lambda tx: tx.expiring.delete_expired(at))


async def _delete_expired(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    number = await _delete_all_expired(storage, at)
    existed = entry in await find_entries(storage, "key", at=NOW - 365 * 24 * HOUR)
    assert number == (not existed)
    return existed


TIMES = {
    "long ago": NOW,
    "when a clock is set back": datetime(2026, 10, 25, 1, 30, 0, 1_000, tzinfo=UTC),
    "a whole second": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    "beyond 32 bits of seconds": datetime(2106, 2, 7, 6, 28, 16, 999_000, tzinfo=UTC),
}

AFTER = [timedelta(), MILLISECOND, timedelta(seconds=1), timedelta(days=3650)]


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize(
    "exists",
    [_get, _get_in_unit, _lock, _insert_or_lock, _owner, _owner_in_unit, _delete_expired],
    ids=lambda exists: exists.__name__.removeprefix("_"),
)
async def test_entry_exists_until_its_expiry_millisecond(storage: Storage, exists: Exists, time: datetime) -> None:
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    entry = make_entry("key", "Value.", user_id=user.id, expires_at=time)
    found = []
    for offset in (-HOUR, -timedelta(seconds=1), -MILLISECOND, *AFTER):
        await storage.run(lambda tx: tx.expiring.delete(entry.key))
        assert await insert_or_lock(storage, entry) == [None]
        found.append(await exists(storage, entry, time + offset))
    assert found == [True] * 3 + [False] * len(AFTER)


async def test_insert_replaces_expired_entry(storage: Storage) -> None:
    ada = await storage.run(lambda tx: add_user(tx, "ada"))
    bob = await storage.run(lambda tx: add_user(tx, "bob"))
    entries = [
        make_entry("key", "Ada's.", user_id=ada.id, expires_at=NOW),
        make_entry("key", "Unowned.", kind=EntryKind.ATTEMPT_COUNTER, expires_at=NOW),
        make_entry("key", "Bob's.", kind=EntryKind.IDEMPOTENT_RESPONSE, user_id=bob.id),
    ]
    assert await insert_or_lock(storage, *entries) == [None] * 3
    assert await find_entries(storage, "key") == [entries[-1]]
    assert await storage.expiring.owner(key_of("key"), NOW) == bob
    await storage.run(lambda tx: tx.users.delete(ada.id, clock.now()))
    assert await _delete_all_expired(storage, NOW) == 0
    assert await find_entries(storage, "key") == [entries[-1]]
    assert await storage.run(lambda tx: tx.expiring.delete_for_user(bob.id, EntryKind.IDEMPOTENT_RESPONSE)) == 1


async def test_lifetime_is_the_last_saved(storage: Storage) -> None:
    await insert_or_lock(storage, *(make_entry(name, name) for name in ("longer", "shorter", "same")))

    async def work(tx: Transaction) -> None:
        for name, lifetime in (("longer", 2 * HOUR), ("shorter", MILLISECOND)):
            assert await tx.expiring.lock(key_of(name), NOW) is not None
            await tx.expiring.save(make_entry(name, name, expires_at=NOW + lifetime))

    await storage.run(work)
    assert await find_values(storage, "longer", "shorter", "same") == ["longer", "shorter", "same"]
    later = await find_entries(storage, "longer", "shorter", "same", at=NOW + HOUR - MILLISECOND)
    assert later == [make_entry("longer", "longer", expires_at=NOW + 2 * HOUR), None, make_entry("same", "same")]
    assert await _delete_all_expired(storage, NOW + HOUR) == 2
    assert await find_values(storage, "longer", "shorter", "same") == ["longer", None, None]


async def test_expired_entries_are_deleted_and_counted(storage: Storage) -> None:
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    entries = [
        make_entry(f"{kind} {number} {owner}", kind=kind, user_id=owner, expires_at=NOW + number * MILLISECOND)
        for kind in EntryKind
        for number in range(1, 5)
        for owner in (None, user.id)
    ]
    await insert_or_lock(storage, *entries)
    for number in range(5):
        at = NOW + number * MILLISECOND
        assert await _delete_all_expired(storage, at) == (6 if number else 0)
        left = [await storage.expiring.get(entry.key, NOW) for entry in entries]
        assert left == [entry if entry.expires_at > at else None for entry in entries]
