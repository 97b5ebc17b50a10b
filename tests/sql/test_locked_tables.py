"""A table that another client has locked: a read is tried again for some seconds, and is then 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from backends.sql import executor
from backends.sql.backend import SqlBackend
from backends.sql.dialects import Dialect
from core.errors import Unavailable
from core.storage.retry import RetryPolicy
from tests.sql.conftest import Opened, before_round_trips
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.seeds import add_products

pytestmark = pytest.mark.only(*SERVERS)

MYSQL_LOCK = ("LOCK TABLES products WRITE, alembic_version WRITE", "UNLOCK TABLES")
LOCKS = {
    "postgresql": ("BEGIN; LOCK TABLE products, alembic_version IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
    "mysql": MYSQL_LOCK,
    "mariadb": MYSQL_LOCK,
}


def with_short_timeout(dialect: Dialect) -> SqlBackend:
    """A backend whose statements wait for a lock only for as long as its server can count."""
    if dialect.name == "postgresql":
        return SqlBackend(replace(dialect, session_options=("SET lock_timeout = '100ms'",)))
    return SqlBackend(replace(dialect, session_options=("SET SESSION lock_wait_timeout = 1",)))


@asynccontextmanager
async def locked(external: ExternalClient) -> AsyncIterator[asyncio.Event]:
    """The tables are locked until the event is set."""
    lock, unlock = LOCKS[external.dialect.name]
    released, held = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with external.connection() as other:
            for statement in lock.split("; "):
                await other.exec_driver_sql(statement)
            held.set()
            await released.wait()
            await other.exec_driver_sql(unlock)

    async with asyncio.TaskGroup() as group:
        group.create_task(hold())
        await held.wait()
        yield released
        released.set()


async def test_read_waits_for_locked_table(opened: Opened, external: ExternalClient) -> None:
    async with opened(with_short_timeout(external.dialect)) as storage:
        await add_products(storage, {})
        sent = asyncio.Semaphore(0)
        async with locked(external) as released:
            with before_round_trips(lambda _: sent.release()):
                reading = asyncio.create_task(storage.products.get(1))
                await sent.acquire()
                await sent.acquire()  # the first one has failed
                released.set()
                assert (await reading).id == 1


@pytest.mark.parametrize("call", ["get", "schema_revision"])
async def test_read_of_locked_table_is_503_in_the_end(
    opened: Opened, external: ExternalClient, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(executor, "_RETRIES_OF_READS", RetryPolicy(attempts=2))
    async with opened(with_short_timeout(external.dialect)) as storage:
        calls = {"get": lambda: storage.products.get(1), "schema_revision": storage.schema_revision}
        async with locked(external):
            with pytest.raises(Unavailable):
                await calls[call]()
