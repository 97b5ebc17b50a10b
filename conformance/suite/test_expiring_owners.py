"""Whose an entry is: its holder, whom each request of somebody who has logged in names, and what goes with a user."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeVar

import pytest

from conformance.expiring import AT, HOUR, claimed, entry_of, found, key_of, values
from conformance.interleaving import Pause, Sessions, add_user, meet, on_and_on
from core.entities import EntryKind, User
from core.errors import UnknownReference
from core.services.versioning import change
from core.storage import Storage, Transaction

T = TypeVar("T")
Trips = Callable[[], AbstractContextManager[list[str]]]

KEY = key_of("key")
NOBODY = (9, 2**53 - 1)


async def user_named(storage: Storage, name: str, *, is_active: bool = True) -> User:
    user = await storage.run(lambda tx: add_user(tx, name))
    if is_active:
        return user
    return await storage.run(lambda tx: change(tx.users, user.id, {"is_active": False}))


@pytest.mark.parametrize("is_active", [True, False], ids=["active", "inactive"])
async def test_owner_is_current_user_in_one_round_trip(storage: Storage, trips: Trips, is_active: bool) -> None:
    await user_named(storage, "bob")
    user = await user_named(storage, "ada", is_active=is_active)
    await claimed(storage, entry_of("another", user_id=1), entry_of("key", user_id=user.id))
    with trips() as made:
        assert await storage.expiring.owner(KEY, AT) == user
    assert len(made) == 1, made
    assert await storage.run(lambda tx: tx.expiring.owner(KEY, AT)) == user
    changed = await storage.run(lambda tx: change(tx.users, user.id, {"is_active": not is_active, "bio": "New."}))
    assert await storage.expiring.owner(KEY, AT) == changed == await storage.users.get(user.id)


async def test_missing_or_unowned_entry_has_no_owner(storage: Storage, trips: Trips) -> None:
    user = await user_named(storage, "ada")
    nobodys, expired = entry_of("nobody's"), entry_of("expired", user_id=user.id, expires_at=AT)
    await claimed(storage, nobodys, expired)
    for name in ("nobody's", "expired", "absent"):
        with trips() as made:
            assert await storage.expiring.owner(key_of(name), AT) is None
        assert len(made) == 1, made


async def test_owner_is_visible_within_unit_of_work(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        user = await add_user(tx, "ada")
        await tx.expiring.insert_or_lock(entry_of("key", user_id=user.id), AT)
        assert await tx.expiring.owner(KEY, AT) == user
        await tx.expiring.delete(KEY)
        assert await tx.expiring.owner(KEY, AT) is None

    await storage.run(work)


async def _switched(storage: Storage, user: User) -> User:
    return await storage.run(lambda tx: change(tx.users, user.id, {"is_active": not user.is_active}))


async def test_delete_is_visible_to_other_storage_at_once(sessions: Sessions) -> None:
    first, second = sessions
    user = await user_named(first, "ada")
    for _ in range(10):
        await claimed(first, entry_of("key", user_id=user.id))
        assert await second.expiring.owner(KEY, AT) == user
        user = await _switched(first, user)
        assert await second.expiring.owner(KEY, AT) == user
        await first.run(lambda tx: tx.expiring.delete(KEY))
        assert await second.expiring.owner(KEY, AT) is None
        first, second = second, first


@pytest.mark.parametrize("expired", [False, True], ids=["of a free key", "of an expired entry"])
async def test_insert_for_unknown_user_stores_nothing(storage: Storage, expired: bool) -> None:
    if expired:
        await claimed(storage, entry_of("key", "Expired.", expires_at=AT))
    for user_id in NOBODY:
        with pytest.raises(UnknownReference) as refused:
            await claimed(storage, entry_of("before"), entry_of("key", user_id=user_id))
        assert [error.field for error in refused.value.errors] == ["user_id"]
    assert await values(storage, "before", "key") == [None, None]
    assert await storage.run(lambda tx: tx.expiring.delete_expired(AT + HOUR)) == int(expired)


@pytest.mark.parametrize("kind", EntryKind)
async def test_delete_for_user_deletes_one_kind(storage: Storage, kind: EntryKind) -> None:
    ada, bob = [(await user_named(storage, name)).id for name in ("ada", "bob")]
    others = [entry_of(f"ada's {other}", kind=other, user_id=ada) for other in EntryKind if other is not kind]
    others += [entry_of("bob's", kind=kind, user_id=bob), entry_of("nobody's", kind=kind)]
    tickets = [entry_of(name, name, kind=kind, user_id=ada) for name in ("one", "two", "three")]
    await claimed(storage, *others, *tickets)

    async def delete(keep: str | None = None) -> int:
        return await storage.run(lambda tx: tx.expiring.delete_for_user(ada, kind, keep=keep))

    assert await delete(keep=key_of("two")) == 2
    assert await found(storage, "one", "two", "three") == [None, tickets[1], None]
    await claimed(storage, tickets[0])
    assert await delete(keep=key_of("bob's")) == 2
    assert await delete() == 0
    await claimed(storage, tickets[2])
    assert await delete() == 1
    assert [await storage.expiring.get(entry.key, AT) for entry in others] == others


Delete = Callable[[Transaction, int], Awaitable[object]]


async def _delete(tx: Transaction, user_id: int) -> None:
    await tx.users.delete(user_id)


async def _delete_inactive(tx: Transaction, user_id: int) -> None:
    assert await tx.users.delete_inactive() == 1


deletes = pytest.mark.parametrize("delete", [_delete, _delete_inactive], ids=["delete", "delete_inactive"])


@deletes
async def test_entries_are_deleted_with_user(storage: Storage, delete: Delete) -> None:
    user, other = await user_named(storage, "ada", is_active=False), await user_named(storage, "bob")
    gone = [entry_of(f"ada's {kind}", kind=kind, user_id=user.id) for kind in EntryKind]
    gone += [entry_of("ada's expired", user_id=user.id, expires_at=AT)]
    kept = [entry_of("bob's", user_id=other.id), entry_of("nobody's")]
    await claimed(storage, *gone, *kept)
    await storage.run(lambda tx: delete(tx, user.id))
    assert await found(storage, *(f"ada's {kind}" for kind in EntryKind)) == [None] * len(EntryKind)
    assert await found(storage, "bob's", "nobody's") == kept
    assert await storage.expiring.owner(gone[0].key, AT) is None
    assert await storage.run(lambda tx: tx.expiring.delete_expired(AT + HOUR)) == len(kept)


@deletes
async def test_new_entry_is_deleted_with_user_in_same_unit(storage: Storage, delete: Delete) -> None:
    user = await user_named(storage, "ada", is_active=False)
    await claimed(storage, entry_of("locked", user_id=user.id))
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        locked = await tx.expiring.lock(key_of("locked"), AT)
        assert locked is not None
        await tx.expiring.save(replace(locked, value="Saved."))
        await tx.expiring.insert_or_lock(entry_of("key", user_id=user.id), AT)
        await delete(tx, user.id)

    await storage.run(work)
    assert await values(storage, "locked", "key") == [None, None]
    assert runs == 1, "nobody else was there"


@deletes
@pytest.mark.parametrize("deleted_first", [True, False])
@pytest.mark.parametrize("expired", [False, True], ids=["of a free key", "of an expired entry"])
async def test_concurrent_user_delete_leaves_no_entry(
    sessions: Sessions, delete: Delete, deleted_first: bool, expired: bool
) -> None:
    user = await user_named(sessions.first, "ada", is_active=False)
    if expired:
        await claimed(sessions.first, entry_of("key", "Expired.", expires_at=AT))

    async def remove(tx: Transaction, pause: Pause) -> None:
        await delete(tx, user.id)
        await pause()

    async def claim(tx: Transaction, pause: Pause) -> None:
        assert await tx.expiring.insert_or_lock(entry_of("key", user_id=user.id), AT) is None
        await pause()

    first, second = _in_order(remove, claim, deleted_first)
    ends = await meet(sessions, first, lambda tx: second(tx, on_and_on))
    removing, claiming = _in_order(ends[0], ends[1], deleted_first)
    assert removing is None
    if claiming is not None:
        assert isinstance(claiming, UnknownReference)
        assert [error.field for error in claiming.errors] == ["user_id"]
    for storage in sessions:
        assert await found(storage, "key") == [None]
    left = await sessions.second.run(lambda tx: tx.expiring.delete_expired(AT + HOUR))
    assert left == int(expired and claiming is not None)


def _in_order(one: T, other: T, straight: bool) -> tuple[T, T]:
    return (one, other) if straight else (other, one)
