"""When an entry is there no more: from the millisecond in which it expires, by the time that the caller says it is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from conformance.expiring import AT, HOUR, MILLISECOND, claimed, entry_of, found, key_of, values
from conformance.interleaving import add_user
from core.entities import EntryKind, ExpiringEntry, User
from core.storage import Storage, Transaction

IsThere = Callable[[Storage, ExpiringEntry, datetime], Awaitable[bool]]


async def _get(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.expiring.get(entry.key, at) == entry


async def _get_in_a_unit(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.run(lambda tx: tx.expiring.get(entry.key, at)) == entry


async def _lock(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return await storage.run(lambda tx: tx.expiring.lock(entry.key, at)) == entry


async def _claim(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    there = await storage.run(lambda tx: tx.expiring.insert_or_lock(entry, at)) == entry
    await storage.run(lambda tx: tx.expiring.delete(entry.key))
    return there


async def _holder(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return isinstance(await storage.expiring.owner(entry.key, at), User)


async def _holder_in_a_unit(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    return isinstance(await storage.run(lambda tx: tx.expiring.owner(entry.key, at)), User)


async def _deleted(storage: Storage, at: datetime) -> int:
    return await storage.run(lambda tx: tx.expiring.delete_expired(at))


async def _delete_expired(storage: Storage, entry: ExpiringEntry, at: datetime) -> bool:
    number = await _deleted(storage, at)
    there = entry in await found(storage, "key", at=AT - 365 * 24 * HOUR)
    assert number == (not there)
    return there


MOMENTS = {
    "long ago": AT,
    "when a clock is set back": datetime(2026, 10, 25, 1, 30, 0, 1_000, tzinfo=UTC),
    "a whole second": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    "beyond 32 bits of seconds": datetime(2106, 2, 7, 6, 28, 16, 999_000, tzinfo=UTC),
}

AFTER = [timedelta(), MILLISECOND, timedelta(seconds=1), timedelta(days=3650)]


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize(
    "is_there",
    [_get, _get_in_a_unit, _lock, _claim, _holder, _holder_in_a_unit, _delete_expired],
    ids=lambda is_there: is_there.__name__.removeprefix("_"),
)
async def test_entry_exists_until_its_expiry_millisecond(storage: Storage, is_there: IsThere, moment: datetime) -> None:
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    entry = entry_of("key", "Value.", user_id=user.id, expires_at=moment)
    seen = []
    for late in (-HOUR, -timedelta(seconds=1), -MILLISECOND, *AFTER):
        await storage.run(lambda tx: tx.expiring.delete(entry.key))
        assert await claimed(storage, entry) == [None]
        seen.append(await is_there(storage, entry, moment + late))
    assert seen == [True] * 3 + [False] * len(AFTER)


async def test_insert_replaces_expired_entry(storage: Storage) -> None:
    ada = await storage.run(lambda tx: add_user(tx, "ada"))
    bob = await storage.run(lambda tx: add_user(tx, "bob"))
    tickets = [
        entry_of("key", "Ada's.", user_id=ada.id, expires_at=AT),
        entry_of("key", "Nobody's.", kind=EntryKind.ATTEMPT_COUNTER, expires_at=AT),
        entry_of("key", "Bob's.", kind=EntryKind.IDEMPOTENT_RESPONSE, user_id=bob.id),
    ]
    assert await claimed(storage, *tickets) == [None] * 3
    assert await found(storage, "key") == [tickets[-1]]
    assert await storage.expiring.owner(key_of("key"), AT) == bob
    await storage.run(lambda tx: tx.users.delete(ada.id))
    assert await _deleted(storage, AT) == 0
    assert await found(storage, "key") == [tickets[-1]]
    assert await storage.run(lambda tx: tx.expiring.delete_for_user(bob.id, EntryKind.IDEMPOTENT_RESPONSE)) == 1


async def test_lifetime_is_the_last_saved(storage: Storage) -> None:
    await claimed(storage, *(entry_of(name, name) for name in ("longer", "shorter", "same")))

    async def work(tx: Transaction) -> None:
        for name, lifetime in (("longer", 2 * HOUR), ("shorter", MILLISECOND)):
            assert await tx.expiring.lock(key_of(name), AT) is not None
            await tx.expiring.save(entry_of(name, name, expires_at=AT + lifetime))

    await storage.run(work)
    assert await values(storage, "longer", "shorter", "same") == ["longer", "shorter", "same"]
    later = await found(storage, "longer", "shorter", "same", at=AT + HOUR - MILLISECOND)
    assert later == [entry_of("longer", "longer", expires_at=AT + 2 * HOUR), None, entry_of("same", "same")]
    assert await _deleted(storage, AT + HOUR) == 2
    assert await values(storage, "longer", "shorter", "same") == ["longer", None, None]


async def test_expired_entries_are_deleted_and_counted(storage: Storage) -> None:
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    tickets = [
        entry_of(f"{kind} {number} {owner}", kind=kind, user_id=owner, expires_at=AT + number * MILLISECOND)
        for kind in EntryKind
        for number in range(1, 5)
        for owner in (None, user.id)
    ]
    await claimed(storage, *tickets)
    for number in range(5):
        at = AT + number * MILLISECOND
        assert await _deleted(storage, at) == (6 if number else 0)
        left = [await storage.expiring.get(entry.key, AT) for entry in tickets]
        assert left == [entry if entry.expires_at > at else None for entry in tickets]
