"""Tickets that two change or delete at once: who holds one has it alone, and what is gone stays so."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from conformance.expiring import AT, HOUR, claimed, entry_of, found, key_of, values
from conformance.interleaving import Pause, Sessions, Undone, add_user, meet, on_and_on
from core.entities import EntryKind, ExpiringEntry
from core.storage import Transaction

KEY = key_of("key")

Counting = Callable[[Transaction], Awaitable[ExpiringEntry | None]]


async def _lock(tx: Transaction) -> ExpiringEntry | None:
    return await tx.expiring.lock(KEY, AT)


async def _claim(tx: Transaction) -> ExpiringEntry | None:
    return await tx.expiring.insert_or_lock(entry_of("key", "1"), AT)


@pytest.mark.parametrize("how", [_lock, _claim], ids=["locked", "claimed"])
@pytest.mark.parametrize("stop", ["before", "after"])
async def test_locked_entry_is_held_exclusively(sessions: Sessions, how: Counting, stop: str) -> None:
    await claimed(sessions.first, entry_of("key", "1"))

    async def count_up(tx: Transaction, pause: Pause) -> str:
        await tx.expiring.get(KEY, AT)
        await (pause() if stop == "before" else on_and_on())
        taken = await how(tx)
        assert taken is not None
        await (pause() if stop == "after" else on_and_on())
        counted = replace(taken, value=str(int(taken.value) + 1))
        await tx.expiring.save(counted)
        return counted.value

    ends = await meet(sessions, count_up, lambda tx: count_up(tx, on_and_on))
    assert sorted(map(str, ends)) == ["2", "3"]
    assert await values(sessions.second, "key") == ["3"]


@pytest.mark.parametrize("undone", [False, True])
async def test_key_is_free_after_committed_delete(sessions: Sessions, undone: bool) -> None:
    old, new = entry_of("key", "Old."), entry_of("key", "New.")
    await claimed(sessions.first, old)

    async def delete(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.delete(KEY)
        await pause()
        if undone:
            raise Undone

    deleting, claiming = await meet(sessions, delete, lambda tx: tx.expiring.insert_or_lock(new, AT))
    assert (deleting is None) is not undone
    if claiming is None:
        assert not undone
        assert await found(sessions.first, "key") == [new]
    else:  # it came before the deletion
        assert claiming == old
        assert await found(sessions.first, "key") == [old if undone else None]


@pytest.mark.parametrize("stop", ["before", "after"])
async def test_renewal_does_not_restore_deleted_entry(sessions: Sessions, stop: str) -> None:
    user = await sessions.first.run(lambda tx: add_user(tx, "ada"))
    await claimed(sessions.first, entry_of("key", user_id=user.id))

    async def renew(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.get(KEY, AT)
        await (pause() if stop == "before" else on_and_on())
        locked = await tx.expiring.lock(KEY, AT)
        await (pause() if stop == "after" else on_and_on())
        if locked is not None:
            await tx.expiring.save(replace(locked, value="Renewed.", expires_at=AT + 2 * HOUR))

    ends = await meet(sessions, renew, lambda tx: tx.expiring.delete_for_user(user.id, EntryKind.SESSION))
    assert ends == [None, 1]
    for storage in sessions:
        assert await found(storage, "key") == [None]


@pytest.mark.parametrize("claimed_first", [True, False])
async def test_purge_keeps_replaced_expired_entry(sessions: Sessions, claimed_first: bool) -> None:
    await claimed(sessions.first, entry_of("key", "Expired.", expires_at=AT))
    new = entry_of("key", "New.")

    async def claim(tx: Transaction, pause: Pause) -> ExpiringEntry | None:
        taken = await tx.expiring.insert_or_lock(new, AT)
        await pause()
        return taken

    async def delete(tx: Transaction, pause: Pause) -> int:
        number = await tx.expiring.delete_expired(AT)
        await pause()
        return number

    first, second = (claim, delete) if claimed_first else (delete, claim)
    ends = await meet(sessions, first, lambda tx: second(tx, on_and_on))
    claiming, deleting = ends if claimed_first else reversed(ends)
    assert claiming is None
    assert deleting in (0, 1), deleting
    assert await found(sessions.second, "key") == [new]
