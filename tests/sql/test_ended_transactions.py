"""Transactions that the server ends: a unit of work never goes on outside its transaction."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from backends.sql.unit_of_work import SqlTransaction
from core.clock import now
from core.entities import TagDraft
from core.errors import Conflict, StockroomError, Unavailable
from core.storage import PageRequest, Storage, Transaction
from core.storage.pages import SortOrder
from core.storage.sorts import TAGS
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL
from tests.sql.seeds import add_products, add_tags
from tests.sql.test_conflicts import Crossing, stocks, take_one

pytestmark = pytest.mark.only(*ALL)

NAMES = ["One", "Two", "Three"]


async def add_tag(tx: Transaction, name: str) -> None:
    await tx.tags.add([TagDraft(name=name, slug=name.lower())], now())


async def tag_names(storage: Storage) -> set[str]:
    page = await storage.tags.page(PageRequest(SortOrder.parse("id", TAGS), size=100))
    return {tag.name for tag in page.items}


async def end_transaction(tx: Transaction) -> None:
    """Undo the transaction without the executor's knowledge, as a server does whose error a driver swallows."""
    assert isinstance(tx, SqlTransaction)
    await tx._executor._adapter.execute_raw(tx._executor._driver, "ROLLBACK")


async def test_ended_transaction_is_503(storage: Storage) -> None:
    [tag] = await add_tags(storage, "Old")
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await add_tag(tx, "One")
        await end_transaction(tx)
        await tx.tags.lock(tag.id)

    with pytest.raises(Unavailable):
        await storage.run(work)
    assert runs == 1
    assert await tag_names(storage) == {"Old"}
    await storage.run(lambda tx: add_tag(tx, "New"))
    assert await tag_names(storage) == {"Old", "New"}


async def test_nothing_is_sent_after_ended_transaction(storage: Storage) -> None:
    [tag] = await add_tags(storage, "Old")

    async def work(tx: Transaction) -> None:
        await end_transaction(tx)
        for attempt in (lambda: tx.tags.lock(tag.id), lambda: add_tag(tx, "One"), lambda: add_tag(tx, "Two")):
            with pytest.raises(Unavailable):
                await attempt()

    with pytest.raises(Unavailable):
        await storage.run(work)
    assert await tag_names(storage) == {"Old"}


async def test_swallowed_violation_is_not_committed(storage: Storage) -> None:
    """PostgreSQL would answer the COMMIT with a rollback, and no error."""
    await add_tags(storage, "Old")

    async def work(tx: Transaction) -> None:
        await add_tag(tx, "One")
        with pytest.raises(Conflict):
            await add_tag(tx, "Old")

    with pytest.raises(StockroomError):
        await storage.run(work)
    assert await tag_names(storage) == {"Old"}


@pytest.mark.only("mysql", "mariadb")
async def test_refused_prepare_does_not_split_unit(opened: Opened) -> None:
    """On Galera a PREPARE may report that the transaction was undone, which asyncmy swallows."""
    import asyncmy  # noqa: PLC0415 - only where there is such a database

    def refuse(driver: Any) -> Callable[[object], Any]:
        async def prepare(_query: object) -> None:
            await driver.query("ROLLBACK")
            raise asyncmy.errors.OperationalError(1213, "Deadlock found")

        return prepare

    async def work(tx: Transaction) -> None:
        assert isinstance(tx, SqlTransaction)
        tx._executor._driver.prepare = refuse(tx._executor._driver)
        for name in NAMES:
            await add_tag(tx, name)
        raise ArithmeticError

    async with opened(pool_size=1) as storage:
        with pytest.raises(ArithmeticError):
            await storage.run(work)
        assert await tag_names(storage) == set()


@pytest.mark.lacks("max_writers")
async def test_deadlock_in_savepoint_reruns_unit(storage: Storage) -> None:
    """MySQL and MariaDB undo the whole transaction, and with it the savepoint."""
    await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
    crossing = Crossing()

    async def taking(number: int, first: int, second: int) -> None:
        async def work(tx: Transaction) -> None:
            with crossing.run_of(number):
                await take_one(tx, first)
                await crossing.meet(number)
                async with tx.savepoint():
                    await take_one(tx, second)

        await storage.run(work)

    await asyncio.gather(taking(0, 1, 2), taking(1, 2, 1))
    assert sorted(crossing.runs) == [1, 2]
    assert await stocks(storage) == [8, 8]


@pytest.mark.lacks("max_writers")
async def test_swallowed_deadlock_reruns_unit(storage: Storage) -> None:
    await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
    crossing = Crossing()

    async def taking(number: int, first: int, second: int) -> None:
        async def work(tx: Transaction) -> None:
            crossing.runs[number] += 1
            await take_one(tx, first)
            await crossing.meet(number)
            try:
                async with tx.savepoint():
                    await take_one(tx, second)
            except StockroomError:
                crossing.undone.append(StockroomError("swallowed"))

        await storage.run(work)

    await asyncio.gather(taking(0, 1, 2), taking(1, 2, 1))
    assert len(crossing.undone) == 1
    assert await stocks(storage) == [8, 8]
