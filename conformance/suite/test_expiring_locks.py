"""Concurrent changes and deletions of entries: a lock is exclusive, and a deleted entry stays deleted."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from conformance.expiring import HOUR, NOW, find_entries, find_values, insert_or_lock, key_of, make_entry
from conformance.interleaving import Pause, Rollback, StoragePair, add_user, no_pause, run_overlapping
from core.entities import EntryKind, ExpiringEntry
from core.storage import Transaction

KEY = key_of("key")

Lock = Callable[[Transaction], Awaitable[ExpiringEntry | None]]


async def _lock(tx: Transaction) -> ExpiringEntry | None:
    return await tx.expiring.lock(KEY, NOW)


async def _insert_or_lock(tx: Transaction) -> ExpiringEntry | None:
    return await tx.expiring.insert_or_lock(make_entry("key", "1"), NOW)


@pytest.mark.parametrize("lock", [_lock, _insert_or_lock], ids=["lock", "insert_or_lock"])
@pytest.mark.parametrize("pause_at", ["before", "after"])
async def test_locked_entry_is_held_exclusively(storages: StoragePair, lock: Lock, pause_at: str) -> None:
    await insert_or_lock(storages.first, make_entry("key", "1"))

    async def count_up(tx: Transaction, pause: Pause) -> str:
        await tx.expiring.get(KEY, NOW)
        await (pause() if pause_at == "before" else no_pause())
        taken = await lock(tx)
        assert taken is not None
        await (pause() if pause_at == "after" else no_pause())
        changed = replace(taken, value=str(int(taken.value) + 1))
        await tx.expiring.save(changed)
        return changed.value

    results = await run_overlapping(storages, count_up, lambda tx: count_up(tx, no_pause))
    assert sorted(map(str, results)) == ["2", "3"]
    assert await find_values(storages.second, "key") == ["3"]


@pytest.mark.parametrize("rolled_back", [False, True])
async def test_key_is_free_after_committed_delete(storages: StoragePair, rolled_back: bool) -> None:
    old, new = make_entry("key", "Old."), make_entry("key", "New.")
    await insert_or_lock(storages.first, old)

    async def delete(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.delete(KEY)
        await pause()
        if rolled_back:
            raise Rollback

    deleted, inserted = await run_overlapping(storages, delete, lambda tx: tx.expiring.insert_or_lock(new, NOW))
    assert (deleted is None) is not rolled_back
    if inserted is None:
        assert not rolled_back
        assert await find_entries(storages.first, "key") == [new]
    else:  # it came before the deletion
        assert inserted == old
        assert await find_entries(storages.first, "key") == [old if rolled_back else None]


@pytest.mark.parametrize("pause_at", ["before", "after"])
async def test_renewal_does_not_restore_deleted_entry(storages: StoragePair, pause_at: str) -> None:
    user = await storages.first.run(lambda tx: add_user(tx, "ada"))
    await insert_or_lock(storages.first, make_entry("key", user_id=user.id))

    async def renew(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.get(KEY, NOW)
        await (pause() if pause_at == "before" else no_pause())
        locked = await tx.expiring.lock(KEY, NOW)
        await (pause() if pause_at == "after" else no_pause())
        if locked is not None:
            await tx.expiring.save(replace(locked, value="Renewed.", expires_at=NOW + 2 * HOUR))

    results = await run_overlapping(storages, renew, lambda tx: tx.expiring.delete_for_user(user.id, EntryKind.SESSION))
    assert results == [None, 1]
    for storage in storages:
        assert await find_entries(storage, "key") == [None]


@pytest.mark.parametrize("insert_first", [True, False])
async def test_purge_keeps_replaced_expired_entry(storages: StoragePair, insert_first: bool) -> None:
    await insert_or_lock(storages.first, make_entry("key", "Expired.", expires_at=NOW))
    new = make_entry("key", "New.")

    async def insert(tx: Transaction, pause: Pause) -> ExpiringEntry | None:
        taken = await tx.expiring.insert_or_lock(new, NOW)
        await pause()
        return taken

    async def delete(tx: Transaction, pause: Pause) -> int:
        count = await tx.expiring.delete_expired(NOW)
        await pause()
        return count

    first, second = (insert, delete) if insert_first else (delete, insert)
    results = await run_overlapping(storages, first, lambda tx: second(tx, no_pause))
    inserted, deleted = results if insert_first else reversed(results)
    assert inserted is None
    assert deleted in (0, 1), deleted
    assert await find_entries(storages.second, "key") == [new]
