"""The owners of entries: the user of a session, which each request with a token reads, and deletion with the user."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from conformance.expiring import HOUR, NOW, find_entries, find_values, insert_or_lock, key_of, make_entry
from conformance.fixtures import RoundTrips
from conformance.interleaving import Pause, StoragePair, add_user, no_pause, run_overlapping
from core import clock
from core.entities import EntryKind, User
from core.errors import UnknownReference
from core.services.versioning import change
from core.storage import Storage, Transaction

T = TypeVar("T")

KEY = key_of("key")
UNKNOWN_USERS = (9, 2**53 - 1)


async def create_user(storage: Storage, name: str, *, is_active: bool = True) -> User:
    user = await storage.run(lambda tx: add_user(tx, name))
    if is_active:
        return user
    return await storage.run(lambda tx: change(tx.users, user.id, {"is_active": False}))


@pytest.mark.parametrize("is_active", [True, False], ids=["active", "inactive"])
async def test_owner_is_current_user_in_one_round_trip(
    storage: Storage, round_trips: RoundTrips, is_active: bool
) -> None:
    await create_user(storage, "bob")
    user = await create_user(storage, "ada", is_active=is_active)
    await insert_or_lock(storage, make_entry("another", user_id=1), make_entry("key", user_id=user.id))
    with round_trips() as made:
        assert await storage.expiring.owner(KEY, NOW) == user
    assert len(made) == 1, made
    assert await storage.run(lambda tx: tx.expiring.owner(KEY, NOW)) == user
    changed = await storage.run(lambda tx: change(tx.users, user.id, {"is_active": not is_active, "bio": "New."}))
    assert await storage.expiring.owner(KEY, NOW) == changed == await storage.users.get(user.id)


async def test_missing_or_unowned_entry_has_no_owner(storage: Storage, round_trips: RoundTrips) -> None:
    user = await create_user(storage, "ada")
    unowned, expired = make_entry("unowned"), make_entry("expired", user_id=user.id, expires_at=NOW)
    await insert_or_lock(storage, unowned, expired)
    for name in ("unowned", "expired", "absent"):
        with round_trips() as made:
            assert await storage.expiring.owner(key_of(name), NOW) is None
        assert len(made) == 1, made


async def test_owner_is_visible_within_unit_of_work(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        user = await add_user(tx, "ada")
        await tx.expiring.insert_or_lock(make_entry("key", user_id=user.id), NOW)
        assert await tx.expiring.owner(KEY, NOW) == user
        await tx.expiring.delete(KEY)
        assert await tx.expiring.owner(KEY, NOW) is None

    await storage.run(work)


async def _toggle_active(storage: Storage, user: User) -> User:
    return await storage.run(lambda tx: change(tx.users, user.id, {"is_active": not user.is_active}))


async def test_delete_is_visible_to_other_storage_at_once(storages: StoragePair) -> None:
    first, second = storages
    user = await create_user(first, "ada")
    for _ in range(10):
        await insert_or_lock(first, make_entry("key", user_id=user.id))
        assert await second.expiring.owner(KEY, NOW) == user
        user = await _toggle_active(first, user)
        assert await second.expiring.owner(KEY, NOW) == user
        await first.run(lambda tx: tx.expiring.delete(KEY))
        assert await second.expiring.owner(KEY, NOW) is None
        first, second = second, first


@pytest.mark.parametrize("expired", [False, True], ids=["of a free key", "of an expired entry"])
async def test_insert_for_unknown_user_stores_nothing(storage: Storage, expired: bool) -> None:
    if expired:
        await insert_or_lock(storage, make_entry("key", "Expired.", expires_at=NOW))
    for user_id in UNKNOWN_USERS:
        with pytest.raises(UnknownReference) as raised:
            await insert_or_lock(storage, make_entry("before"), make_entry("key", user_id=user_id))
        assert [error.field for error in raised.value.errors] == ["user_id"]
    assert await find_values(storage, "before", "key") == [None, None]
    assert await storage.run(lambda tx: tx.expiring.delete_expired(NOW + HOUR)) == int(expired)


@pytest.mark.parametrize("kind", EntryKind)
async def test_delete_for_user_deletes_one_kind(storage: Storage, kind: EntryKind) -> None:
    ada, bob = [(await create_user(storage, name)).id for name in ("ada", "bob")]
    others = [make_entry(f"ada's {other}", kind=other, user_id=ada) for other in EntryKind if other is not kind]
    others += [make_entry("bob's", kind=kind, user_id=bob), make_entry("unowned", kind=kind)]
    entries = [make_entry(name, name, kind=kind, user_id=ada) for name in ("one", "two", "three")]
    await insert_or_lock(storage, *others, *entries)

    async def delete(keep: str | None = None) -> int:
        return await storage.run(lambda tx: tx.expiring.delete_for_user(ada, kind, keep=keep))

    assert await delete(keep=key_of("two")) == 2
    assert await find_entries(storage, "one", "two", "three") == [None, entries[1], None]
    await insert_or_lock(storage, entries[0])
    assert await delete(keep=key_of("bob's")) == 2
    assert await delete() == 0
    await insert_or_lock(storage, entries[2])
    assert await delete() == 1
    assert [await storage.expiring.get(entry.key, NOW) for entry in others] == others


Delete = Callable[[Transaction, int], Awaitable[object]]


async def _delete(tx: Transaction, user_id: int) -> None:
    await tx.users.delete(user_id, clock.now())


async def _delete_many(tx: Transaction, user_id: int) -> None:
    assert [user.id for user in await tx.users.lock_inactive(0, 10)] == [user_id]
    await tx.users.delete_many([user_id], clock.now())


deletes = pytest.mark.parametrize("delete", [_delete, _delete_many], ids=["delete", "delete_many"])


@deletes
async def test_entries_are_deleted_with_user(storage: Storage, delete: Delete) -> None:
    user, other = await create_user(storage, "ada", is_active=False), await create_user(storage, "bob")
    gone = [make_entry(f"ada's {kind}", kind=kind, user_id=user.id) for kind in EntryKind]
    gone += [make_entry("ada's expired", user_id=user.id, expires_at=NOW)]
    kept = [make_entry("bob's", user_id=other.id), make_entry("unowned")]
    await insert_or_lock(storage, *gone, *kept)
    await storage.run(lambda tx: delete(tx, user.id))
    assert await find_entries(storage, *(f"ada's {kind}" for kind in EntryKind)) == [None] * len(EntryKind)
    assert await find_entries(storage, "bob's", "unowned") == kept
    assert await storage.expiring.owner(gone[0].key, NOW) is None
    assert await storage.run(lambda tx: tx.expiring.delete_expired(NOW + HOUR)) == len(kept)


@deletes
async def test_new_entry_is_deleted_with_user_in_same_unit(storage: Storage, delete: Delete) -> None:
    user = await create_user(storage, "ada", is_active=False)
    await insert_or_lock(storage, make_entry("locked", user_id=user.id))
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        locked = await tx.expiring.lock(key_of("locked"), NOW)
        assert locked is not None
        await tx.expiring.save(replace(locked, value="Saved."))
        await tx.expiring.insert_or_lock(make_entry("key", user_id=user.id), NOW)
        await delete(tx, user.id)

    await storage.run(work)
    assert await find_values(storage, "locked", "key") == [None, None]
    assert runs == 1, "there was no conflict"


@deletes
@pytest.mark.parametrize("deleted_first", [True, False])
@pytest.mark.parametrize("expired", [False, True], ids=["of a free key", "of an expired entry"])
async def test_concurrent_user_delete_leaves_no_entry(
    storages: StoragePair, delete: Delete, deleted_first: bool, expired: bool
) -> None:
    user = await create_user(storages.first, "ada", is_active=False)
    if expired:
        await insert_or_lock(storages.first, make_entry("key", "Expired.", expires_at=NOW))

    async def remove(tx: Transaction, pause: Pause) -> None:
        await delete(tx, user.id)
        await pause()

    async def insert(tx: Transaction, pause: Pause) -> None:
        assert await tx.expiring.insert_or_lock(make_entry("key", user_id=user.id), NOW) is None
        await pause()

    first, second = _in_order(remove, insert, deleted_first)
    results = await run_overlapping(storages, first, lambda tx: second(tx, no_pause))
    removed, inserted = _in_order(results[0], results[1], deleted_first)
    assert removed is None
    if inserted is not None:
        assert isinstance(inserted, UnknownReference)
        assert [error.field for error in inserted.errors] == ["user_id"]
    for storage in storages:
        assert await find_entries(storage, "key") == [None]
    left = await storages.second.run(lambda tx: tx.expiring.delete_expired(NOW + HOUR))
    assert left == int(expired and inserted is not None)


def _in_order(one: T, other: T, straight: bool) -> tuple[T, T]:
    return (one, other) if straight else (other, one)
