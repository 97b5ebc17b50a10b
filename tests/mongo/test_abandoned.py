"""Transactions whose client is gone: they are ended, and free what they have locked."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from time import monotonic
from typing import Any

import pytest

from backends.mongo.abandoned import IDLE_SECONDS
from conformance.defaults import settings_for
from conformance.processes.process import Process
from core.errors import NotFound, Unavailable
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.mongo.deployment import failpoint, open_client
from tests.mongo.units import CountedUnit

pytestmark = pytest.mark.only("mongodb")

MAX_GAP_SECONDS = 12
HOLDER = Path(__file__).with_name("lock_holder.py")


@pytest.fixture
async def storage(faulty: Storage) -> Storage:
    """The storage of one process, with a category."""
    await faulty.run(CountedUnit("locked"))
    return faulty


@pytest.fixture
async def other_storage(storage: Storage, faulty_url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That of another process."""
    settings = settings_for(faulty_url)
    other = await registry.choose(settings).open(settings)
    yield other
    await other.close()


async def change(tx: Transaction) -> None:
    """A write to the category."""
    [first] = await tx.categories.all()
    await tx.categories.save(replace(first, version=first.version + 1))


async def change_and_fail(tx: Transaction) -> None:
    """The same, undone because of a rule of the shop."""
    await change(tx)
    raise NotFound("product", 7)


async def change_and_insert(tx: Transaction) -> None:
    """The same, and an insert."""
    await change(tx)
    await CountedUnit("second")(tx)


async def open_transactions(url: str) -> list[Any]:
    """The transactions that wait for a command."""
    idle = {"$currentOp": {"allUsers": True, "idleSessions": True}}
    async with open_client(url) as client:
        return await client.admin.aggregate([idle, {"$match": {"type": "idleSession"}}]).to_list(None)


async def assert_changes_within(storage: Storage, seconds: float) -> None:
    """A client that tries again after each 503 succeeds in time."""
    started = monotonic()
    while True:
        try:
            return await storage.run(change)
        except Unavailable:
            assert monotonic() - started < seconds
        finally:
            assert monotonic() - started < seconds


async def test_killed_process_frees_its_locks(
    storage: Storage, other_storage: Storage, faulty_url: str, tmp_path: Path
) -> None:
    holder = Process([sys.executable, HOLDER, faulty_url], tmp_path, stop_signal=SIGKILL)

    async def has_locked() -> None:
        assert "locked" in holder.tail()

    await holder.wait_until(has_locked, 30)
    holder.stop()
    assert await open_transactions(faulty_url)
    await asyncio.gather(*(assert_changes_within(each, MAX_GAP_SECONDS) for each in (storage, other_storage)))
    assert await open_transactions(faulty_url) == []


async def test_running_unit_is_not_ended(storage: Storage, other_storage: Storage) -> None:
    runs, has_locked = 0, asyncio.Event()

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await change(tx)
        has_locked.set()
        await asyncio.sleep(IDLE_SECONDS / 2)

    running = asyncio.create_task(storage.run(work))
    await has_locked.wait()
    await assert_changes_within(other_storage, MAX_GAP_SECONDS)
    await running
    assert runs == 1


async def test_cut_in_unit_leaves_no_transaction(storage: Storage, faulty_url: str) -> None:
    fault = {"failCommands": ["insert", "abortTransaction"], "closeConnection": True}
    async with failpoint(faulty_url, "insert", {"times": 3}, **fault):
        await storage.run(change_and_insert)
    assert await open_transactions(faulty_url) == []


async def test_cut_in_abort_leaves_no_transaction(storage: Storage, other_storage: Storage, faulty_url: str) -> None:
    async with failpoint(faulty_url, "abortTransaction", {"times": 2}, closeConnection=True):
        with pytest.raises(NotFound):
            await storage.run(change_and_fail)
    await assert_changes_within(other_storage, IDLE_SECONDS / 2)
    assert await open_transactions(faulty_url) == []


async def test_idle_transactions_are_not_listed_by_many(storage: Storage, faulty_url: str) -> None:
    async with failpoint(faulty_url, "aggregate", {"times": 1}, errorCode=13):
        engine = storage._engine  # type: ignore[attr-defined]
        engine.end_idle_transactions()
        engine.end_idle_transactions()
        await engine._abandoned._listing
    await storage.run(change)
