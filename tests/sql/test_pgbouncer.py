"""Behind PgBouncer in transaction mode, with POOL_CLASS=null: nothing may rely on a session."""

import asyncio
from itertools import count

import asyncpg  # type: ignore[import-untyped]
import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.shop import Shop
from core.clock import now
from core.entities import TagDraft
from core.plugins import Registry
from core.settings import Settings
from core.storage import Transaction
from tests.harness.pgbouncer import PgBouncer
from tests.serving import serving
from tests.sql.command import Command
from tests.sql.conftest import POOLER_SIZE
from tests.sql.external_client import ExternalClient

pytestmark = pytest.mark.only("postgresql")

CLIENTS = 6 * POOLER_SIZE


async def test_many_clients_share_few_server_connections(
    pooler: PgBouncer, settings: Settings, database_url: str, registry: Registry, external: ExternalClient
) -> None:
    settings = settings_for(pooler.through(settings.url), pool_class="null")
    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        shop = Shop(client)
        user = await shop.user()
        products = [await shop.product(stock_quantity=CLIENTS * 4) for _ in range(3)]

        async def customer(number: int) -> None:
            for turn in range(4):
                order = await shop.order(user, *products[number % 2 :], notify=turn % 2 == 0)
                assert (await shop.get(f"/orders/{order['id']}"))["total_amount"] == order["total_amount"]
                assert (await shop.get(f"/products/{products[turn % 3]['id']}"))["id"] == products[turn % 3]["id"]
                await shop.get("/products?search=product&page_size=2")

        customers = asyncio.gather(*(customer(number) for number in range(CLIENTS)))
        most = 0
        while not customers.done():
            most = max(most, len(await external.sessions()))
            await asyncio.sleep(0.05)
        await customers
        left = [(await shop.get(f"/products/{product['id']}"))["stock_quantity"] for product in products]
    assert 2 <= most <= POOLER_SIZE
    assert await _prepared(pooler.through(database_url)) == 0
    assert left == [CLIENTS * 2, 0, 0]


@pytest.mark.parametrize("pooler", ["", "lock_timeout, jit, timezone, extra_float_digits"], indirect=True)
def test_default_pool_behind_pooler_is_explained(pooler: PgBouncer, command: Command, database_url: str) -> None:
    for arguments in (["check"], ["serve", "--port=9"], ["migrate", "up"]):
        line = command.refused(pooler.through(database_url), *arguments)
        assert "PgBouncer, takes no settings of a session; set POOL_CLASS=null" in line
    code, said = command.run(pooler.through(database_url), "check", POOL_CLASS="null")
    assert (code, "All is well." in said) == (0, True), said


async def test_migrations_run_through_pooler(pooler: PgBouncer, blank_url: str, registry: Registry) -> None:
    settings = settings_for(pooler.through(blank_url), pool_class="null")
    migrations = registry.choose(settings).migrations(settings)
    await migrations.up()
    assert await migrations.current() == migrations.history()[-1].id
    await migrations.down("base")
    assert await migrations.current() is None


async def test_thousand_rows_are_stored_through_pooler(
    pooler: PgBouncer, settings: Settings, registry: Registry
) -> None:
    settings = settings_for(pooler.through(settings.url), pool_class="null")
    storage = await registry.choose(settings).open(settings)
    numbers = count()

    async def work(tx: Transaction) -> int:
        drafts = [TagDraft(name=f"tag {n}", slug=f"tag-{n}") for n in (next(numbers) for _ in range(1000))]
        return len(await tx.tags.add(drafts, now()))

    try:
        assert await asyncio.gather(*(storage.run(work) for _ in range(5))) == [1000] * 5
    finally:
        await storage.close()


async def _prepared(url: str) -> int:
    """How many statements the sessions of the pooler keep, asked on all of them at once."""

    async def ask() -> int:
        connection = await asyncpg.connect(url, statement_cache_size=0)
        found = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements, pg_sleep(0.3)")
        await connection.close()
        return int(found)

    return sum(await asyncio.gather(*(ask() for _ in range(POOLER_SIZE))))
