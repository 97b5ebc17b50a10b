"""Who gets a key that several want at once, through two sessions: one, and the others see what it made of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.expiring import AT, claimed, entry_of, found, key_of, values
from conformance.interleaving import Pause, Sessions, Undone, Work, add_user, held, meet, on_and_on, overlap, within
from core.entities import ExpiringEntry
from core.storage import Storage, Transaction

KEY = key_of("key")


def claiming(who: str, stop: str = "") -> Work:
    """A unit of work that claims the key, and saves a value if it got it; it comes to what ``claim`` came to.

    It stops where ``stop`` says. That it has read before must not keep it from seeing what was committed since.
    """

    async def work(tx: Transaction, pause: Pause) -> ExpiringEntry | None:
        await tx.expiring.get(KEY, AT)
        await (pause() if stop.startswith("before") else on_and_on())
        taken = await tx.expiring.insert_or_lock(entry_of("key", f"{who}, claimed"), AT)
        await (pause() if stop.startswith("after") else on_and_on())
        if taken is None:
            await tx.expiring.save(entry_of("key", f"{who}, saved"))
        if stop.endswith("undone"):
            raise Undone
        return taken

    return work


async def _given_back(storage: Storage) -> None:
    await claimed(storage, entry_of("key"))
    await storage.run(lambda tx: tx.expiring.delete(KEY))


async def _expired(storage: Storage) -> None:
    await claimed(storage, entry_of("key", "Expired.", expires_at=AT))


async def _new(storage: Storage) -> None:
    """Nothing is there."""


Before = Callable[[Storage], Awaitable[None]]
befores = pytest.mark.parametrize(
    "before", [_new, _expired, _given_back], ids=lambda before: before.__name__.removeprefix("_")
)


@befores
@pytest.mark.parametrize("stop", ["before", "after"])
async def test_concurrent_inserts_have_one_winner(sessions: Sessions, before: Before, stop: str) -> None:
    await before(sessions.first)
    second = claiming("second")
    ends = await meet(sessions, claiming("first", stop), lambda tx: second(tx, on_and_on))
    assert None in ends, ends
    won = ends.index(None)
    saved = entry_of("key", f"{('first', 'second')[won]}, saved")
    assert ends[1 - won] == saved
    for storage in sessions:
        assert await found(storage, "key") == [saved]


@befores
async def test_rolled_back_insert_frees_key_for_waiter(sessions: Sessions, before: Before) -> None:
    await before(sessions.first)
    second = claiming("second")
    ends = await meet(sessions, claiming("first", "after, undone"), lambda tx: second(tx, on_and_on))
    assert isinstance(ends[0], Undone)
    assert ends[1] is None
    assert await values(sessions.first, "key") == ["second, saved"]


async def test_uncommitted_insert_is_invisible(sessions: Sessions) -> None:
    user = await sessions.first.run(lambda tx: add_user(tx, "ada"))

    async def claim(tx: Transaction, pause: Pause) -> None:
        await tx.expiring.insert_or_lock(entry_of("key", user_id=user.id), AT)
        await pause()
        raise Undone

    async with held(sessions.first, claim) as claiming:
        readers = [storage.expiring for storage in sessions]
        seen = asyncio.gather(*(get(KEY, AT) for reader in readers for get in (reader.get, reader.owner)))
        await overlap(seen)
        with pytest.raises(Undone):
            await claiming.end()
    assert await within(seen) == [None] * 4


async def test_inserts_in_opposite_order_do_not_deadlock(sessions: Sessions) -> None:
    async def claim(tx: Transaction, pause: Pause, *names: str) -> dict[str, ExpiringEntry | None]:
        mine = "".join(names)
        taken = {names[0]: await tx.expiring.insert_or_lock(entry_of(names[0], mine), AT)}
        await pause()
        return taken | {names[1]: await tx.expiring.insert_or_lock(entry_of(names[1], mine), AT)}

    ends = await meet(sessions, lambda tx, pause: claim(tx, pause, *"ab"), lambda tx: claim(tx, on_and_on, *"ba"))
    assert {"a": None, "b": None} in ends, ends
    won = ends.index({"a": None, "b": None})
    assert ends[1 - won] == {name: entry_of(name, ("ab", "ba")[won]) for name in "ab"}


MANY = 24


async def crowd(sessions: Sessions, work: Callable[[Transaction, int], Awaitable[Any]]) -> list[Any]:
    """What many units of work at once come to, which take turns on the sessions; each is told its number."""

    def run(number: int) -> Awaitable[Any]:
        return sessions[number % 2].run(lambda tx: work(tx, number))

    return list(await asyncio.gather(*map(run, range(MANY))))


@befores
async def test_concurrent_increments_lose_no_count(sessions: Sessions, before: Before) -> None:
    await before(sessions.first)

    async def count_up(tx: Transaction, _: int) -> int:
        taken = await tx.expiring.insert_or_lock(entry_of("key", "1"), AT)
        if taken is None:
            return 1
        await tx.expiring.save(replace(taken, value=str(int(taken.value) + 1)))
        return int(taken.value) + 1

    assert sorted(await crowd(sessions, count_up)) == [*range(1, MANY + 1)]
    assert await values(sessions.second, "key") == [str(MANY)]


async def test_deleted_key_is_free_again(sessions: Sessions) -> None:
    async def claim_and_give_back(tx: Transaction, number: int) -> ExpiringEntry | None:
        taken = await tx.expiring.insert_or_lock(entry_of("key", str(number)), AT)
        await tx.expiring.delete(KEY)
        return taken

    assert await crowd(sessions, claim_and_give_back) == [None] * MANY
    assert await found(sessions.second, "key") == [None]


async def test_inserts_of_distinct_keys_all_succeed(sessions: Sessions) -> None:
    user = await sessions.first.run(lambda tx: add_user(tx, "ada"))
    tickets = [entry_of(f"key {number}", str(number), user_id=user.id) for number in range(MANY)]
    taken = await crowd(sessions, lambda tx, number: tx.expiring.insert_or_lock(tickets[number], AT))
    assert taken == [None] * MANY
    assert await found(sessions.second, *(f"key {number}" for number in range(MANY))) == tickets
