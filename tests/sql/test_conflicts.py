"""Transactions that conflict on real databases: the unit of work is retried, and all succeed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from backends.sql.backend import SqlBackend
from backends.sql.dialects import Dialect
from core.entities import Product
from core.errors import RetriesExhausted, TransientConflict
from core.storage import Storage, Transaction
from tests.sql.conftest import Opened, before_round_trips
from tests.sql.external_client import ALL, SERVERS, ExternalClient
from tests.sql.seeds import add_products

pytestmark = pytest.mark.only(*ALL)

SERIALIZABLE: dict[str, dict[str, Any]] = {
    "postgresql": {"begin": "BEGIN ISOLATION LEVEL SERIALIZABLE"},
    "mysql": {"on_connect": ("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",)},
    "mariadb": {"on_connect": ("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",)},
}
SNAPSHOT = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION innodb_snapshot_isolation = ON",
)


class Crossing:
    """Two units of work that meet in the middle of their first run.

    Attributes:
        runs: how often each has begun.
        undone: the errors that ended a run.
    """

    def __init__(self) -> None:
        self.runs = [0, 0]
        self.undone: list[BaseException] = []
        self._both = asyncio.Barrier(2)

    async def meet(self, number: int) -> None:
        """Wait for the other, once."""
        if self.runs[number] == 1:
            await self._both.wait()

    @contextmanager
    def run_of(self, number: int) -> Iterator[None]:
        """Count a run, and keep what ends it."""
        self.runs[number] += 1
        try:
            yield
        except BaseException as error:
            self.undone.append(error)
            raise


async def take_one(tx: Transaction, id: int) -> Product:
    product = await tx.products.lock(id)
    after = replace(product, stock_quantity=product.stock_quantity - 1, version=product.version + 1)
    await tx.products.save(after)
    return after


async def stocks(storage: Storage) -> list[int]:
    return [(await storage.products.get(key)).stock_quantity for key in (1, 2)]


def changed(dialect: Dialect, **fields: Any) -> SqlBackend:
    return SqlBackend(replace(dialect, **fields))


# Two transactions that cross


@pytest.mark.lacks("max_writers")
async def test_deadlock_is_retried(storage: Storage) -> None:
    await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
    crossing = Crossing()

    def taking(number: int, first: int, second: int) -> Coroutine[Any, Any, None]:
        async def work(tx: Transaction) -> None:
            with crossing.run_of(number):
                await take_one(tx, first)
                await crossing.meet(number)
                await take_one(tx, second)

        return storage.run(work)

    await asyncio.gather(taking(0, 1, 2), taking(1, 2, 1))
    assert sorted(crossing.runs) == [1, 2]
    assert [type(error) for error in crossing.undone] == [TransientConflict]
    assert await stocks(storage) == [8, 8]


@pytest.mark.only(*SERVERS)
async def test_serialization_failure_is_retried(opened: Opened, external: ExternalClient) -> None:
    """Write skew: each empties the stock of which the other one has read. One after the other, only one would."""
    dialect = external.dialect
    async with opened(changed(dialect, **SERIALIZABLE[dialect.name])) as storage:
        await add_products(storage, {"stock_quantity": 1}, {"stock_quantity": 1})
        crossing = Crossing()

        def emptying(number: int, mine: int) -> Coroutine[Any, Any, bool]:
            async def work(tx: Transaction) -> bool:
                with crossing.run_of(number):
                    left = [(await tx.products.get(key)).stock_quantity for key in (1, 2)]
                    await crossing.meet(number)
                    if sum(left) == 2:
                        await take_one(tx, mine)
                    return sum(left) == 2

            return storage.run(work)

        took = await asyncio.gather(emptying(0, 1), emptying(1, 2))
        assert sorted(took) == [False, True]
        assert max(crossing.runs) >= 2
        assert sorted(await stocks(storage)) == [0, 1]


@pytest.mark.only("mariadb")
async def test_snapshot_conflict_is_retried(opened: Opened, external: ExternalClient) -> None:
    async with opened(changed(external.dialect, on_connect=SNAPSHOT)) as storage:
        await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
        crossing = Crossing()

        async def late(tx: Transaction) -> None:
            with crossing.run_of(0):
                await tx.products.get(2)  # from here on it sees the past
                if crossing.runs[0] == 1:
                    await storage.run(lambda other: take_one(other, 1))
                await take_one(tx, 1)

        await storage.run(late)
        assert crossing.runs[0] == 2
        assert [type(error) for error in crossing.undone] == [TransientConflict]
        assert await stocks(storage) == [8, 10]


@pytest.mark.lacks("max_writers")
async def test_lost_update_is_detected_by_version(storage: Storage) -> None:
    await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
    crossing = Crossing()

    def taking(number: int) -> Coroutine[Any, Any, None]:
        async def work(tx: Transaction) -> None:
            with crossing.run_of(number):
                product = await tx.products.get(1)
                await crossing.meet(number)
                left = product.stock_quantity - 1
                await tx.products.save(replace(product, stock_quantity=left, version=product.version + 1))

        return storage.run(work)

    await asyncio.gather(taking(0), taking(1))
    assert sorted(crossing.runs) == [1, 2]
    assert (await stocks(storage))[0] == 8


# Locks that are held for longer than a lock timeout

SHORT_LOCK_TIMEOUT: dict[str, Callable[[Dialect], dict[str, Any]]] = {
    "sqlite": lambda dialect: {"on_connect": (*dialect.on_connect, "PRAGMA busy_timeout = 100")},
    "postgresql": lambda dialect: {
        "connect_args": {"server_settings": {"lock_timeout": "100ms", "application_name": "stockroom"}}
    },
    "mysql": lambda dialect: {"on_connect": (*dialect.on_connect, "SET SESSION innodb_lock_wait_timeout = 1")},
    "mariadb": lambda dialect: {"on_connect": (*dialect.on_connect, "SET SESSION innodb_lock_wait_timeout = 1")},
}


async def test_lock_timeout_is_retried(opened: Opened, external: ExternalClient) -> None:
    dialect = external.dialect
    async with opened(changed(dialect, **SHORT_LOCK_TIMEOUT[dialect.name](dialect))) as storage:
        await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
        begun = 0

        def count_runs(statement: str) -> None:
            nonlocal begun
            begun += statement == dialect.begin.format(isolation_level="READ COMMITTED")

        async with external.connection() as other:
            await other.exec_driver_sql(dialect.begin.format(isolation_level="READ COMMITTED"))
            await other.exec_driver_sql("UPDATE products SET stock_quantity = 5 WHERE id = 1")
            with before_round_trips(count_runs):
                taking = asyncio.create_task(storage.run(lambda tx: take_one(tx, 1)))
                while begun < 2:
                    await asyncio.sleep(0.05)
                    assert not taking.done()
            await other.exec_driver_sql("COMMIT")
            await taking
        assert begun >= 2
        assert await stocks(storage) == [4, 10]


@pytest.mark.only("postgresql", "sqlite")  # the others wait for whole seconds, twelve times
async def test_lock_never_released_exhausts_retries(opened: Opened, external: ExternalClient) -> None:
    dialect = external.dialect
    async with opened(changed(dialect, **SHORT_LOCK_TIMEOUT[dialect.name](dialect))) as storage:
        await add_products(storage, {"stock_quantity": 10})
        async with external.connection() as other:
            await other.exec_driver_sql(dialect.begin.format(isolation_level="READ COMMITTED"))
            await other.exec_driver_sql("UPDATE products SET stock_quantity = 5 WHERE id = 1")
            with pytest.raises(RetriesExhausted):
                await storage.run(lambda tx: take_one(tx, 1))
            assert (await storage.products.get(1)).stock_quantity == 10  # readers do not wait
            await other.exec_driver_sql("ROLLBACK")
