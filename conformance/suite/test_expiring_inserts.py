"""Concurrent inserts of one key, through two storages: one succeeds, and the others see what it saved."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.expiring import NOW, find_entries, find_values, insert_or_lock, key_of, make_entry
from conformance.interleaving import (
    PausableWork,
    Pause,
    Rollback,
    StoragePair,
    add_user,
    no_pause,
    paused,
    run_overlapping,
    wait_briefly,
    wait_for,
)
from core.entities import ExpiringEntry
from core.storage import Storage, Transaction

KEY = key_of("key")


def insert_and_save(name: str, pause_at: str = "") -> PausableWork:
    """A unit of work that inserts the key, and saves a value if it was free; it returns what the insert returned.

    It pauses as ``pause_at`` says. It reads the key first, and must see what was committed since then.
    """

    async def work(tx: Transaction, pause: Pause) -> ExpiringEntry | None:
        await tx.expiring.get(KEY, NOW)
        await (pause() if pause_at.startswith("before") else no_pause())
        taken = await tx.expiring.insert_or_lock(make_entry("key", f"{name}, inserted"), NOW)
        await (pause() if pause_at.startswith("after") else no_pause())
        if taken is None:
            await tx.expiring.save(make_entry("key", f"{name}, saved"))
        if pause_at.endswith("rolled back"):
            raise Rollback
        return taken

    return work


async def _deleted(storage: Storage) -> None:
    await insert_or_lock(storage, make_entry("key"))
    await storage.run(lambda tx: tx.expiring.delete(KEY))


async def _expired(storage: Storage) -> None:
    await insert_or_lock(storage, make_entry("key", "Expired.", expires_at=NOW))


async def _new(storage: Storage) -> None:
    """Insert nothing."""


Prepare = Callable[[Storage], Awaitable[None]]
initial_states = pytest.mark.parametrize(
    "prepare", [_new, _expired, _deleted], ids=lambda prepare: prepare.__name__.removeprefix("_")
)


@initial_states
@pytest.mark.parametrize("pause_at", ["before", "after"])
async def test_concurrent_inserts_have_one_winner(storages: StoragePair, prepare: Prepare, pause_at: str) -> None:
    await prepare(storages.first)
    second = insert_and_save("second")
    results = await run_overlapping(storages, insert_and_save("first", pause_at), lambda tx: second(tx, no_pause))
    assert None in results, results
    won = results.index(None)
    saved = make_entry("key", f"{('first', 'second')[won]}, saved")
    assert results[1 - won] == saved
    for storage in storages:
        assert await find_entries(storage, "key") == [saved]


@initial_states
async def test_rolled_back_insert_frees_key_for_waiter(storages: StoragePair, prepare: Prepare) -> None:
    await prepare(storages.first)
    second = insert_and_save("second")
    results = await run_overlapping(
        storages, insert_and_save("first", "after, rolled back"), lambda tx: second(tx, no_pause)
    )
    assert isinstance(results[0], Rollback)
    assert results[1] is None
    assert await find_values(storages.first, "key") == ["second, saved"]


async def test_uncommitted_insert_is_invisible(storages: StoragePair) -> None:
    user = await storages.first.run(lambda tx: add_user(tx, "ada"))

    async def insert(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.insert_or_lock(make_entry("key", user_id=user.id), NOW)
        await pause()
        raise Rollback

    async with paused(storages.first, insert) as inserting:
        readers = [storage.expiring for storage in storages]
        seen = asyncio.gather(*(get(KEY, NOW) for reader in readers for get in (reader.get, reader.owner)))
        await wait_briefly(seen)
        with pytest.raises(Rollback):
            await inserting.finish()
    assert await wait_for(seen) == [None] * 4


async def test_inserts_in_opposite_order_do_not_deadlock(storages: StoragePair) -> None:
    async def insert(tx: Transaction, pause: Pause, *names: str) -> dict[str, ExpiringEntry | None]:
        value = "".join(names)
        taken = {names[0]: await tx.expiring.insert_or_lock(make_entry(names[0], value), NOW)}
        await pause()
        return taken | {names[1]: await tx.expiring.insert_or_lock(make_entry(names[1], value), NOW)}

    results = await run_overlapping(
        storages, lambda tx, pause: insert(tx, pause, *"ab"), lambda tx: insert(tx, no_pause, *"ba")
    )
    assert {"a": None, "b": None} in results, results
    won = results.index({"a": None, "b": None})
    assert results[1 - won] == {name: make_entry(name, ("ab", "ba")[won]) for name in "ab"}


MANY = 24


async def run_many(storages: StoragePair, work: Callable[[Transaction, int], Awaitable[Any]]) -> list[Any]:
    """The results of concurrent units of work, which alternate between the storages; each gets its number."""

    def run(number: int) -> Awaitable[Any]:
        return storages[number % 2].run(lambda tx: work(tx, number))

    return list(await asyncio.gather(*map(run, range(MANY))))


@initial_states
async def test_concurrent_increments_lose_no_count(storages: StoragePair, prepare: Prepare) -> None:
    await prepare(storages.first)

    async def count_up(tx: Transaction, _: int) -> int:
        taken = await tx.expiring.insert_or_lock(make_entry("key", "1"), NOW)
        if taken is None:
            return 1
        await tx.expiring.save(replace(taken, value=str(int(taken.value) + 1)))
        return int(taken.value) + 1

    assert sorted(await run_many(storages, count_up)) == [*range(1, MANY + 1)]
    assert await find_values(storages.second, "key") == [str(MANY)]


async def test_deleted_key_is_free_again(storages: StoragePair) -> None:
    async def insert_and_delete(tx: Transaction, number: int) -> ExpiringEntry | None:
        taken = await tx.expiring.insert_or_lock(make_entry("key", str(number)), NOW)
        await tx.expiring.delete(KEY)
        return taken

    assert await run_many(storages, insert_and_delete) == [None] * MANY
    assert await find_entries(storages.second, "key") == [None]


async def test_inserts_of_distinct_keys_all_succeed(storages: StoragePair) -> None:
    user = await storages.first.run(lambda tx: add_user(tx, "ada"))
    entries = [make_entry(f"key {number}", str(number), user_id=user.id) for number in range(MANY)]
    taken = await run_many(storages, lambda tx, number: tx.expiring.insert_or_lock(entries[number], NOW))
    assert taken == [None] * MANY
    assert await find_entries(storages.second, *(f"key {number}" for number in range(MANY))) == entries
