"""Tickets: what is kept for a while under a key, such as a session, a stored answer, a count of attempts."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any

import pytest

from conformance.expiring import AT, HOUR, MILLISECOND, claimed, entry_of, found, key_of, values
from conformance.interleaving import Undone, add_tag, add_user, tag_names
from core.entities import EntryKind, ExpiringEntry
from core.storage import Storage, Transaction

Trips = Callable[[], AbstractContextManager[list[str]]]

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
    whose = entry_of("whose", "One.", kind=kind, user_id=user.id)
    nobodys = entry_of("nobody's", "Two.", kind=kind, expires_at=AT + MILLISECOND)
    assert await claimed(storage, whose, nobodys) == [None, None]
    assert await found(storage, "whose", "nobody's") == [whose, nobodys]
    assert await claimed(storage, entry_of("whose"), entry_of("nobody's")) == [whose, nobodys]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_value_is_stored_unchanged(storage: Storage, text: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(entry_of("claimed", text), AT)
        await tx.expiring.insert_or_lock(entry_of("saved", "Something else."), AT)
        await tx.expiring.save(entry_of("saved", text))
        assert await tx.expiring.insert_or_lock(entry_of("claimed"), AT) == entry_of("claimed", text)

    await storage.run(work)
    assert await values(storage, "claimed", "saved") == [text, text]


@pytest.mark.parametrize("text", ["a" * 4 * MIB, "🦊" * MIB], ids=["of one byte each", "of four bytes each"])
async def test_value_has_up_to_4_mib(storage: Storage, text: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(entry_of("saved"), AT)
        await tx.expiring.save(entry_of("saved", text))

    await claimed(storage, entry_of("claimed", text))
    await storage.run(work)
    for entry in [*await found(storage, "claimed", "saved"), *await claimed(storage, entry_of("claimed"))]:
        assert entry is not None
        assert entry.value == text


async def test_keys_are_compared_in_full(storage: Storage) -> None:
    key = key_of("one")
    keys = [key, "0" + key, key[:-1] + "0", key[:-1] + "1", key[::-1], "0" * 64, "0" * 63 + "1", "1" + "0" * 63]
    keys = [each[:64] for each in keys]
    assert len(set(keys)) == len(keys)
    tickets = [replace(entry_of("one", str(number)), key=each) for number, each in enumerate(keys)]
    assert await claimed(storage, *tickets[:-1]) == [None] * (len(keys) - 1)
    assert [await storage.expiring.get(each, AT) for each in keys] == [*tickets[:-1], None]
    assert await claimed(storage, *tickets) == [*tickets[:-1], None]


async def test_missing_key_is_no_error(storage: Storage) -> None:
    assert await found(storage, "nothing") == [None]
    await storage.run(lambda tx: tx.expiring.delete(key_of("nothing")))
    assert await storage.run(lambda tx: tx.expiring.delete_for_user(9, EntryKind.SESSION)) == 0
    assert await storage.run(lambda tx: tx.expiring.delete_expired(AT)) == 0


async def test_insert_of_taken_key_changes_nothing(storage: Storage) -> None:
    first = entry_of("key", "First.")
    await claimed(storage, first)

    async def work(tx: Transaction) -> None:
        await add_tag(tx, "Before")
        second = entry_of("key", "Second.", kind=EntryKind.ATTEMPT_COUNTER, expires_at=AT + 2 * HOUR)
        assert await tx.expiring.insert_or_lock(second, AT) == first
        assert await tx.expiring.insert_or_lock(entry_of("another"), AT) is None
        await add_tag(tx, "After")

    await storage.run(work)
    assert await found(storage, "key", "another") == [first, entry_of("another")]
    assert await tag_names(storage) == ["Before", "After"]


async def test_unit_of_work_sees_its_own_entries(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        key, first, second = key_of("key"), entry_of("key", "1"), entry_of("key", "2")
        assert await tx.expiring.insert_or_lock(first, AT) is None
        assert await tx.expiring.insert_or_lock(second, AT) == first
        await tx.expiring.save(second)
        assert [await tx.expiring.get(key, AT), await tx.expiring.lock(key, AT)] == [second, second]
        await tx.expiring.delete(key)
        assert [await tx.expiring.get(key, AT), await tx.expiring.lock(key, AT)] == [None, None]
        assert await tx.expiring.insert_or_lock(first, AT) is None

    await storage.run(work)
    assert await values(storage, "key") == ["1"]


async def test_save_and_delete_affect_one_entry(storage: Storage) -> None:
    await claimed(storage, *(entry_of(name, name) for name in "abc"))

    async def save(tx: Transaction) -> None:
        locked = await tx.expiring.lock(key_of("a"), AT)
        assert locked == entry_of("a", "a")
        await tx.expiring.save(replace(locked, value="new", expires_at=AT + 2 * HOUR))

    await storage.run(save)
    kept = [entry_of("b", "b"), entry_of("c", "c")]
    assert await found(storage, *"abc") == [entry_of("a", "new", expires_at=AT + 2 * HOUR), *kept]
    await storage.run(lambda tx: tx.expiring.delete(key_of("a")))
    assert await found(storage, *"abc") == [None, *kept]
    await claimed(storage, entry_of("a", "again"))
    assert await values(storage, *"abc") == ["again", "b", "c"]


async def _change_all(tx: Transaction, user_id: int) -> None:
    await tx.expiring.insert_or_lock(entry_of("new"), AT)
    await tx.expiring.insert_or_lock(entry_of("old", "Saved."), AT)
    await tx.expiring.save(entry_of("old", "Saved."))
    await tx.expiring.delete(key_of("gone"))
    await tx.expiring.delete_for_user(user_id, EntryKind.SESSION)
    await tx.expiring.delete_expired(AT)


NAMES = ("old", "gone", "whose", "new")


async def _some(storage: Storage) -> int:
    """An entry for each name but the last, an expired one besides, and whose one of them is."""
    user = await storage.run(lambda tx: add_user(tx, "ada"))
    kept = [entry_of("old"), entry_of("gone"), entry_of("whose", user_id=user.id)]
    await claimed(storage, *kept, entry_of("expired", expires_at=AT))
    return user.id


async def test_entry_changes_roll_back_with_unit_of_work(storage: Storage) -> None:
    user_id = await _some(storage)

    async def work(tx: Transaction) -> None:
        await _change_all(tx, user_id)
        raise Undone

    with pytest.raises(Undone):
        await storage.run(work)
    assert await values(storage, *NAMES) == ["", "", "", None]
    assert await storage.run(lambda tx: tx.expiring.delete_expired(AT)) == 1
    await storage.run(lambda tx: _change_all(tx, user_id))
    assert await values(storage, *NAMES) == ["Saved.", None, None, ""]


async def test_delete_expired_is_limited(storage: Storage) -> None:
    await claimed(storage, *(entry_of(f"expired {number}", expires_at=AT) for number in range(5)), entry_of("kept"))
    assert [await storage.run(lambda tx: tx.expiring.delete_expired(AT, 2)) for _ in range(4)] == [2, 2, 1, 0]
    assert await values(storage, "kept") == [""]


@pytest.mark.needs("savepoints")
async def test_entry_changes_roll_back_with_savepoint(storage: Storage) -> None:
    user_id = await _some(storage)

    async def work(tx: Transaction) -> None:
        await tx.expiring.insert_or_lock(entry_of("mine", "Kept."), AT)
        with suppress(Undone):
            async with tx.savepoint():
                await _change_all(tx, user_id)
                raise Undone
        await tx.expiring.save(entry_of("mine", "Kept on."))

    await storage.run(work)
    assert await values(storage, *NAMES, "mine") == ["", "", "", None, "Kept on."]


Step = Callable[[Transaction], Awaitable[object]]


async def test_round_trips_are_independent_of_entry_count(storage: Storage, trips: Trips) -> None:
    few, many = [await _measured(storage, trips, size) for size in (2, 60)]
    assert {name: len(made) for name, made in few.items()} == {name: len(made) for name, made in many.items()}
    for made in (few, many):
        assert len(made["get"]) == len(made["holder"]) == 1, made


async def _lock_and_save(tx: Transaction, entry: ExpiringEntry) -> None:
    assert await tx.expiring.lock(entry.key, AT) == entry
    await tx.expiring.save(entry)


async def _measured(storage: Storage, trips: Trips, size: int) -> dict[str, list[str]]:
    """The round trips of each step, where a user has as many tickets of each sort."""
    user = await storage.run(lambda tx: add_user(tx, f"user{size}"))

    async def named(word: str, **fields: Any) -> list[ExpiringEntry]:
        tickets = [entry_of(f"{word} {size} {number}", user_id=user.id, **fields) for number in range(size)]
        await claimed(storage, *tickets)
        return tickets

    await named("count", kind=EntryKind.ATTEMPT_COUNTER)
    await named("expired", expires_at=AT - HOUR)
    first, second, *_ = await named("session")
    steps: dict[str, Step] = {
        "claim": lambda tx: tx.expiring.insert_or_lock(entry_of(f"new {size}", user_id=user.id), AT),
        "claim of a taken key": lambda tx: tx.expiring.insert_or_lock(first, AT),
        "claim of an expired one": lambda tx: tx.expiring.insert_or_lock(entry_of(f"expired {size} 0"), AT),
        "lock and save": lambda tx: _lock_and_save(tx, first),
        "delete_expired": lambda tx: tx.expiring.delete_expired(AT),
        "delete": lambda tx: tx.expiring.delete(second.key),
    }
    made = {}
    with trips() as made["get"]:
        assert await storage.expiring.get(first.key, AT) == first
    with trips() as made["holder"]:
        assert await storage.expiring.owner(first.key, AT) == user
    steps["delete_for_user"] = lambda tx: tx.expiring.delete_for_user(user.id, EntryKind.SESSION)
    steps["delete of the user"] = lambda tx: tx.users.delete(user.id)
    for name, step in steps.items():
        with trips() as made[name]:
            await storage.run(step)
    return made
