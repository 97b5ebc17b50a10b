"""Expiring entries: values kept for a time under a key, such as sessions, stored responses, attempt counters."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from conformance.expiring import HOUR, MILLISECOND, NOW, find_entries, find_values, insert_or_lock, key_of, make_entry
from conformance.fixtures import RoundTrips
from conformance.interleaving import Rollback, add_tag, add_user, tag_names
from core import clock
from core.entities import EntryKind, ExpiringEntry, User
from core.storage import Storage, Transaction

MIB = 1024 * 1024

TEXTS = {
    "empty": "",
    "blank": " \t\n",
    "framed by white space": "\n  text\u00a0\r\n",
    "JSON": '{"a": [1, null, "\\"\\\\ \\u0000"]}',
    "quotes and wildcards": "'; DROP TABLE tickets; -- \"`\\ % _ * ? $ . [",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\ufeff",
    "composed and not": "\u00e9 e\u0301 \u212b \ufb01 \ufdfa",
    "upper and lower": "Straße STRASSE İ ı",
    "beyond 16 bits": "🦊👩\u200d👩\u200d👧 \U00020000 \U0010ffff",
    "right to left": "\u202eשלום\u202c مرحبا",
}


@pytest.mark.parametrize("kind", EntryKind)
async def test_entry_is_read_as_inserted(storage: Storage, kind: EntryKind) -> None:
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    owned = make_entry("owned", "One.", kind=kind, user_id=user.id)
    unowned = make_entry("unowned", "Two.", kind=kind, expires_at=NOW + MILLISECOND)
    assert await insert_or_lock(storage, owned, unowned) == [None, None]
    assert await find_entries(storage, "owned", "unowned") == [owned, unowned]
    assert await insert_or_lock(storage, make_entry("owned"), make_entry("unowned")) == [owned, unowned]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_value_is_stored_unchanged(storage: Storage, text: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(make_entry("inserted", text), NOW)
        await tx.expiring.insert_or_lock(make_entry("saved", "Something else."), NOW)
        await tx.expiring.save(make_entry("saved", text))
        assert await tx.expiring.insert_or_lock(make_entry("inserted"), NOW) == make_entry("inserted", text)

    await storage.run(work)
    assert await find_values(storage, "inserted", "saved") == [text, text]


@pytest.mark.parametrize("text", ["a" * 4 * MIB, "🦊" * MIB], ids=["of one byte each", "of four bytes each"])
async def test_value_has_up_to_4_mib(storage: Storage, text: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(make_entry("saved"), NOW)
        await tx.expiring.save(make_entry("saved", text))

    await insert_or_lock(storage, make_entry("inserted", text))
    await storage.run(work)
    for entry in [
        *await find_entries(storage, "inserted", "saved"),
        *await insert_or_lock(storage, make_entry("inserted")),
    ]:
        assert entry is not None
        assert entry.value == text


async def test_keys_are_compared_in_full(storage: Storage) -> None:
    key = key_of("one")
    keys = [key, "0" + key, key[:-1] + "0", key[:-1] + "1", key[::-1], "0" * 64, "0" * 63 + "1", "1" + "0" * 63]
    keys = [key_variant[:64] for key_variant in keys]
    assert len(set(keys)) == len(keys)
    entries = [replace(make_entry("one", str(number)), key=key_variant) for number, key_variant in enumerate(keys)]
    assert await insert_or_lock(storage, *entries[:-1]) == [None] * (len(keys) - 1)
    assert [await storage.expiring.get(key_variant, NOW) for key_variant in keys] == [*entries[:-1], None]
    assert await insert_or_lock(storage, *entries) == [*entries[:-1], None]


async def test_missing_key_is_no_error(storage: Storage) -> None:
    assert await find_entries(storage, "nothing") == [None]
    await storage.run(lambda tx: tx.expiring.delete(key_of("nothing")))
    assert await storage.run(lambda tx: tx.expiring.delete_for_user(9, EntryKind.SESSION)) == 0
    assert await storage.run(lambda tx: tx.expiring.delete_expired(NOW)) == 0


async def test_insert_of_taken_key_changes_nothing(storage: Storage) -> None:
    first = make_entry("key", "First.")
    await insert_or_lock(storage, first)

    async def work(tx: Transaction) -> None:
        await add_tag(tx, "Before")
        second = make_entry("key", "Second.", kind=EntryKind.ATTEMPT_COUNTER, expires_at=NOW + 2 * HOUR)
        assert await tx.expiring.insert_or_lock(second, NOW) == first
        assert await tx.expiring.insert_or_lock(make_entry("another"), NOW) is None
        await add_tag(tx, "After")

    await storage.run(work)
    assert await find_entries(storage, "key", "another") == [first, make_entry("another")]
    assert await tag_names(storage) == ["Before", "After"]


async def test_unit_of_work_sees_its_own_entries(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        key, first, second = key_of("key"), make_entry("key", "1"), make_entry("key", "2")
        assert await tx.expiring.insert_or_lock(first, NOW) is None
        assert await tx.expiring.insert_or_lock(second, NOW) == first
        await tx.expiring.save(second)
        assert [await tx.expiring.get(key, NOW), await tx.expiring.lock(key, NOW)] == [second, second]
        await tx.expiring.delete(key)
        assert [await tx.expiring.get(key, NOW), await tx.expiring.lock(key, NOW)] == [None, None]
        assert await tx.expiring.insert_or_lock(first, NOW) is None

    await storage.run(work)
    assert await find_values(storage, "key") == ["1"]


async def test_save_and_delete_affect_one_entry(storage: Storage) -> None:
    await insert_or_lock(storage, *(make_entry(name, name) for name in "abc"))

    async def save(tx: Transaction) -> None:
        locked = await tx.expiring.lock(key_of("a"), NOW)
        assert locked == make_entry("a", "a")
        await tx.expiring.save(replace(locked, value="new", expires_at=NOW + 2 * HOUR))

    await storage.run(save)
    kept = [make_entry("b", "b"), make_entry("c", "c")]
    assert await find_entries(storage, *"abc") == [make_entry("a", "new", expires_at=NOW + 2 * HOUR), *kept]
    await storage.run(lambda tx: tx.expiring.delete(key_of("a")))
    assert await find_entries(storage, *"abc") == [None, *kept]
    await insert_or_lock(storage, make_entry("a", "again"))
    assert await find_values(storage, *"abc") == ["again", "b", "c"]


async def _change_all(tx: Transaction, user_id: int) -> None:
    await tx.expiring.insert_or_lock(make_entry("new"), NOW)
    await tx.expiring.insert_or_lock(make_entry("old", "Saved."), NOW)
    await tx.expiring.save(make_entry("old", "Saved."))
    await tx.expiring.delete(key_of("gone"))
    await tx.expiring.delete_for_user(user_id, EntryKind.SESSION)
    await tx.expiring.delete_expired(NOW)


NAMES = ("old", "gone", "owned", "new")


async def _insert_some(storage: Storage) -> int:
    """Insert an entry for each name but the last, and an expired one; the id of the user that owns one of them."""
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    kept = [make_entry("old"), make_entry("gone"), make_entry("owned", user_id=user.id)]
    await insert_or_lock(storage, *kept, make_entry("expired", expires_at=NOW))
    return user.id


async def test_entry_changes_roll_back_with_unit_of_work(storage: Storage) -> None:
    user_id = await _insert_some(storage)

    async def work(tx: Transaction) -> None:
        await _change_all(tx, user_id)
        raise Rollback

    with pytest.raises(Rollback):
        await storage.run(work)
    assert await find_values(storage, *NAMES) == ["", "", "", None]
    assert await storage.run(lambda tx: tx.expiring.delete_expired(NOW)) == 1
    await storage.run(lambda tx: _change_all(tx, user_id))
    assert await find_values(storage, *NAMES) == ["Saved.", None, None, ""]


async def test_delete_expired_is_limited(storage: Storage) -> None:
    await insert_or_lock(
        storage, *(make_entry(f"expired {number}", expires_at=NOW) for number in range(5)), make_entry("kept")
    )
    assert [await storage.run(lambda tx: tx.expiring.delete_expired(NOW, 2)) for _ in range(4)] == [2, 2, 1, 0]
    assert await find_values(storage, "kept") == [""]


@pytest.mark.needs("savepoints")
async def test_entry_changes_roll_back_with_savepoint(storage: Storage) -> None:
    user_id = await _insert_some(storage)

    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(make_entry("mine", "Kept."), NOW)
        with suppress(Rollback):
            async with tx.savepoint():
                await _change_all(tx, user_id)
                raise Rollback
        await tx.expiring.save(make_entry("mine", "Kept on."))

    await storage.run(work)
    assert await find_values(storage, *NAMES, "mine") == ["", "", "", None, "Kept on."]


Step = Callable[[Transaction], Awaitable[object]]


async def test_round_trips_are_independent_of_entry_count(storage: Storage, round_trips: RoundTrips) -> None:
    few, many = [await _measure(storage, round_trips, size) for size in (2, 60)]
    assert {name: len(made) for name, made in few.items()} == {name: len(made) for name, made in many.items()}
    for made in (few, many):
        assert len(made["get"]) == len(made["owner"]) == 1, made


async def _lock_and_save(tx: Transaction, entry: ExpiringEntry) -> None:
    assert await tx.expiring.lock(entry.key, NOW) == entry
    await tx.expiring.save(entry)


async def _measure(storage: Storage, round_trips: RoundTrips, size: int) -> dict[str, list[str]]:
    """The round trips of each step, where a user has ``size`` entries of each kind."""
    user = await storage.run(lambda tx: add_user(tx, f"user{size}"))

    async def insert(word: str, **fields: Any) -> list[ExpiringEntry]:
        entries = [make_entry(f"{word} {size} {number}", user_id=user.id, **fields) for number in range(size)]
        await insert_or_lock(storage, *entries)
        return entries

    await insert("count", kind=EntryKind.ATTEMPT_COUNTER)
    await insert("expired", expires_at=NOW - HOUR)
    first, second, *_ = await insert("session")
    made: dict[str, list[str]] = {}
    with round_trips() as made["get"]:
        assert await storage.expiring.get(first.key, NOW) == first
    with round_trips() as made["owner"]:
        assert await storage.expiring.owner(first.key, NOW) == user
    for name, step in _steps(user, size, first, second).items():
        with round_trips() as made[name]:
            await storage.run(step)
    return made


def _steps(user: User, size: int, first: ExpiringEntry, second: ExpiringEntry) -> dict[str, Step]:
    """Changes of entries, in an order in which each finds what it changes."""
    return {
        "insert": lambda tx: tx.expiring.insert_or_lock(make_entry(f"new {size}", user_id=user.id), NOW),
        "insert of a taken key": lambda tx: tx.expiring.insert_or_lock(first, NOW),
        "insert of an expired key": lambda tx: tx.expiring.insert_or_lock(make_entry(f"expired {size} 0"), NOW),
        "lock and save": lambda tx: _lock_and_save(tx, first),
        "delete_expired": lambda tx: tx.expiring.delete_expired(NOW),
        "delete": lambda tx: tx.expiring.delete(second.key),
        "delete_for_user": lambda tx: tx.expiring.delete_for_user(user.id, EntryKind.SESSION),
        "delete of the user": lambda tx: tx.users.delete(user.id, clock.now()),
    }
