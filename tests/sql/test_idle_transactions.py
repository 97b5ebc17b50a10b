"""A client that vanishes within a transaction: the server ends it soon, and what comes back late runs again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.storage import Storage, Transaction
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, SERVERS, ExternalClient
from tests.sql.seeds import add_products
from tests.sql.test_conflicts import stocks, take_one

pytestmark = pytest.mark.only(*ALL)

READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


async def wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await is_so():  # noqa: ASYNC110 - of a server, which has no event for us
            await asyncio.sleep(0.05)


@pytest.mark.only(*SERVERS)
async def test_idle_transaction_is_ended_and_run_again(opened: Opened, external: ExternalClient) -> None:
    async with opened(idle_transaction_timeout=1, pool_size=1) as storage:
        await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
        runs = 0

        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            await take_one(tx, 1)
            if runs == 1:
                sessions = await external.sessions()
                await wait_until(lambda: ended(sessions))
                await external.run("UPDATE products SET stock_quantity = 5 WHERE id = 1")  # no lock is left
            await take_one(tx, 2)

        async def ended(sessions: set[int]) -> bool:
            return not sessions & await external.sessions()

        await storage.run(work)
        assert runs == 2
        assert await stocks(storage) == [4, 9]


@pytest.mark.only(*SERVERS)
async def test_idle_connection_is_not_lost(opened: Opened, external: ExternalClient) -> None:
    """The server may end it too, which is no reason to distrust all the others."""
    async with opened(idle_transaction_timeout=1, pool_size=1) as storage:
        await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
        await asyncio.sleep(1.5)  # what a server counts by its own clock
        await storage.run(lambda tx: take_one(tx, 1))
        assert await stocks(storage) == [9, 10]
    assert external.dialect.name in SERVERS


async def test_connection_that_became_read_only_is_replaced(opened: Opened, external: ExternalClient) -> None:
    async with opened(pool_size=1) as storage:
        await add_products(storage, {"stock_quantity": 10}, {"stock_quantity": 10})
        await become_read_only(storage, external.dialect.name)
        await storage.run(lambda tx: take_one(tx, 1))
        assert await stocks(storage) == [9, 10]


async def become_read_only(storage: Storage, dialect: str) -> None:
    """The one connection of the pool, as after the server behind it was demoted."""
    async with storage._pool.acquire() as pooled:  # type: ignore[attr-defined]
        await pooled.connection.exec_driver_sql(READ_ONLY[dialect])
