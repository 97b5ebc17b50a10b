"""Money, times, integers, names and numbers of parameters at the limits where SQL databases begin to differ."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, insert, inspect, update

from backends.sql import schema
from backends.sql.engine import serving_engine
from conformance.shop import Shop
from core.clock import now
from core.entities import ORDER, PRODUCT, CategoryDraft, TagDraft
from core.entities.fields import MAX_ID, MAX_QUANTITY
from core.errors import NotFound, RetriesExhausted
from core.money import MAX_PRICE, MAX_TOTAL
from core.services import catalogue, orders
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, SERVERS, ExternalClient
from tests.sql.seeds import add_categories, add_products, add_users

pytestmark = pytest.mark.only(*ALL)

LONGEST_NAME = 63  # PostgreSQL cuts off what is beyond, in silence
MANY = 9_101  # totals at their limit add up to more than 2**53, where a float begins to lose units
MOMENTS = [
    datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, 0, 123_000, tzinfo=UTC),  # an hour that a clock in Berlin skips
    datetime(2026, 10, 25, 0, 30, 0, 999_000, tzinfo=UTC),  # and one that it repeats
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),  # beyond 32 bits
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
]
SET_ZONE = {"postgresql": "SET TIME ZONE '{}'", "mysql": "SET time_zone = '{}'", "mariadb": "SET time_zone = '{}'"}
AS_TEXT = {
    "sqlite": "SELECT created_at FROM tags ORDER BY id",
    "postgresql": "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') FROM tags ORDER BY id",
    "mysql": "SELECT CAST(created_at AS CHAR) FROM tags ORDER BY id",
    "mariadb": "SELECT CAST(created_at AS CHAR) FROM tags ORDER BY id",
}


# Money


async def test_money_sums_exceed_float_precision(storage: Storage, external: ExternalClient) -> None:
    [user] = await add_users(storage, "rich")
    row = {"status": "pending", "total_amount": MAX_TOTAL, "user_id": user.id, "shipping_address": None}
    record = {"created_at": now(), "updated_at": now(), "version": 1}
    rows = [row | record | {"order_number": f"ORD-{number}"} for number in range(MANY)]
    async with external.connection() as connection:
        await connection.exec_driver_sql("BEGIN")
        await connection.execute(insert(schema.table_of(ORDER)), rows)
        await connection.exec_driver_sql("COMMIT")
    summary = await orders.summary(storage)
    assert summary.total_revenue == MANY * MAX_TOTAL > 2**53
    [spender] = await storage.users.top_spenders(10)
    assert (spender.order_count, spender.total_spent) == (MANY, MANY * MAX_TOTAL)


async def test_averages_are_rounded_half_to_even(storage: Storage) -> None:
    prices = {"up": [1, 2], "down": [2, 3], "odd": [1, 1, 2], "high": [MAX_PRICE, MAX_PRICE, MAX_PRICE - 1], "one": [7]}
    averages = {"up": 2, "down": 2, "odd": 1, "high": MAX_PRICE, "one": 7}
    categories = {category.name: category.id for category in await add_categories(storage, *prices)}
    priced = [(name, price) for name, given in prices.items() for price in given]
    await add_products(storage, *({"price": price, "category_id": categories[name]} for name, price in priced))
    stats = await catalogue.category_stats(storage)
    assert {one.category: one.avg_price for one in stats} == averages
    assert all(isinstance(one.avg_price, int) for one in stats)


# Times


@pytest.mark.parametrize("pool_class", ["queue", "null"])
@pytest.mark.parametrize("zone", ["-11:00", "+05:45", "+13:00"])
async def test_times_are_utc_in_any_session_zone(
    opened: Opened, external: ExternalClient, monkeypatch: pytest.MonkeyPatch, *, zone: str, pool_class: str
) -> None:
    set_zone = SET_ZONE.get(external.dialect.name)

    def engine_in_zone(*given: Any) -> Any:
        engine = serving_engine(*given)
        if set_zone:
            event.listen(engine.sync_engine, "connect", lambda c, _: _execute(c, set_zone.format(zone)))
        return engine

    drafts = [TagDraft(name=f"n {n}", slug=f"s-{n}") for n in range(len(MOMENTS))]
    async with opened(pool_class=pool_class) as plain:
        monkeypatch.setattr("backends.sql.backend.serving_engine", engine_in_zone)
        async with opened(pool_class=pool_class) as shifted:
            for number, (writer, draft) in enumerate(
                zip([plain, shifted, plain, shifted, shifted], drafts, strict=True)
            ):
                await writer.run(lambda tx, d=draft, n=number: tx.tags.add([d], MOMENTS[n]))  # type: ignore[misc]
            for reader in (plain, shifted):
                assert [(await reader.tags.get(n + 1)).created_at for n in range(len(MOMENTS))] == MOMENTS
    stored = [row[0] for row in await external.rows(AS_TEXT[external.dialect.name])]
    written = [moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:23] for moment in MOMENTS]
    assert [text.replace("T", " ").replace("Z", "") for text in stored] == written


def _execute(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()


@pytest.mark.only(*SERVERS)
async def test_times_are_utc_in_any_server_zone(opened: Opened, settings: Settings, external: ExternalClient) -> None:
    name = settings.url.rpartition("/")[2]
    if external.dialect.name == "postgresql":
        await external.run(f"ALTER DATABASE \"{name}\" SET timezone = 'Pacific/Kiritimati'")
    # MySQL and MariaDB know a zone of the whole server only; the harness starts them in Kathmandu's.
    for pool_class in ("queue", "null"):
        async with opened(pool_class=pool_class) as storage:
            draft = TagDraft(name=pool_class, slug=pool_class)
            [tag] = await storage.run(lambda tx, d=draft: tx.tags.add([d], MOMENTS[1]))  # type: ignore[misc]
            assert (await storage.tags.get(tag.id)).created_at == MOMENTS[1]
    stored = {row[0] for row in await external.rows(AS_TEXT[external.dialect.name])}
    assert stored == {"2026-03-29 02:30:00.123"}


# Integers


async def test_integers_are_kept_at_their_bounds(storage: Storage, external: ExternalClient) -> None:
    [product] = await add_products(storage, {"stock_quantity": MAX_QUANTITY, "price": MAX_PRICE})
    stored = await storage.products.get(product.id)
    assert (stored.stock_quantity, stored.price) == (MAX_QUANTITY, MAX_PRICE)
    async with external.connection() as connection:
        await connection.execute(update(schema.table_of(PRODUCT)).values(id=MAX_ID))
    assert (await storage.products.get(MAX_ID)).name == product.name
    with pytest.raises(NotFound):
        await storage.products.get(1)


async def test_oversized_integers_are_refused_by_api(client: httpx2.AsyncClient) -> None:
    shop = Shop(client)
    product = await shop.product(stock_quantity=MAX_QUANTITY)
    answer = await client.post(f"/products/{product['id']}/stock", json={"quantity_change": 1})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (400, "stock-limit")
    for number in (MAX_ID + 1, 2**63, 2**64, 10**30):
        assert (await client.get(f"/products/{number}")).status_code in (404, 422)
        assert (await client.get(f"/products?category_id={number}")).status_code == 422
        body = shop.draft() | {"stock_quantity": number}
        assert (await client.post("/products", json=body)).status_code == 422
    assert (await client.get(f"/products/{MAX_ID}")).status_code == 404
    assert (await client.get(f"/products?page={MAX_ID}&page_size=100")).status_code in (200, 422)


async def test_adjust_stock_keeps_bounds(storage: Storage) -> None:
    full, empty = await add_products(storage, {"stock_quantity": MAX_QUANTITY}, {"stock_quantity": 0})
    for changes in ({full.id: 1, empty.id: 1}, {full.id: -1, empty.id: -1}):
        runs = 0

        async def work(tx: Transaction, changes: dict[int, int] = changes) -> None:
            nonlocal runs
            runs += 1
            await tx.products.adjust_stock(changes, now())

        with pytest.raises(RetriesExhausted):
            await storage.run(work)
        assert runs > 1
    assert (await storage.products.get(full.id)).stock_quantity == MAX_QUANTITY
    assert (await storage.products.get(empty.id)).stock_quantity == 0


# Names


def test_schema_names_fit_every_database() -> None:
    tables = list(schema.metadata.tables.values())
    parts = [part for table in tables for part in (*table.columns, *table.constraints, *table.indexes)]
    names = [str(named.name) for named in [*tables, *parts]]
    assert [name for name in names if len(name) > LONGEST_NAME] == []
    assert "None" not in names


async def test_schema_names_are_stored_uncut(storage: Storage, external: ExternalClient) -> None:
    async with external.connection() as connection:
        found = await connection.run_sync(lambda sync: _names(inspect(sync)))
    ours = {table.name for table in schema.metadata.tables.values()}
    ours |= {str(index.name) for table in schema.metadata.tables.values() for index in table.indexes}
    ours |= {
        str(constraint.name)
        for table in schema.metadata.tables.values()
        for constraint in table.constraints
        if not str(constraint.name).startswith("pk_")  # every primary key of MySQL is called PRIMARY
    }
    assert ours <= found


def _names(inspector: Any) -> set[str]:
    names = set(inspector.get_table_names())
    for table in list(names):
        for listing in ("get_indexes", "get_unique_constraints", "get_foreign_keys", "get_check_constraints"):
            names |= {item["name"] for item in getattr(inspector, listing)(table)}
    return names


# Parameters


async def test_thousands_of_rows_are_inserted_and_locked(storage: Storage) -> None:
    count = 3500  # with twelve columns each, far beyond the 32 767 parameters that PostgreSQL takes
    products = await add_products(storage, *({"stock_quantity": 5} for _ in range(count)))
    assert [product.id for product in products] == list(range(1, count + 1))

    async def work(tx: Transaction) -> int:
        locked = await tx.products.lock_many([product.id for product in products])
        await tx.products.adjust_stock(dict.fromkeys(list(locked)[:1000], -1), now())
        return len(locked)

    assert await storage.run(work) == count
    assert [(await storage.products.get(key)).stock_quantity for key in (1, 1000, 1001)] == [4, 4, 5]


async def test_bulk_of_thousand_reports_every_duplicate(client: httpx2.AsyncClient) -> None:
    shop = Shop(client)
    drafts = [shop.draft() for _ in range(1000)]
    assert len(await shop.post("/products/bulk", drafts)) == 1000
    fresh = [shop.draft() for _ in range(1000)]
    for index in (0, 500, 999):
        fresh[index]["sku"] = drafts[index]["sku"]
    answer = await client.post("/products/bulk", json=fresh)
    assert answer.status_code == 409
    assert [error["field"] for error in answer.json()["errors"]] == ["0.sku", "500.sku", "999.sku"]


async def test_existing_slugs_of_thousands_of_bases(storage: Storage) -> None:
    async def work(tx: Transaction) -> set[str]:
        drafts = [CategoryDraft(name=f"{n}", slug=f"base-{n}") for n in range(1000)]
        await tx.categories.add(drafts, now())
        return await tx.categories.existing_slugs([f"base-{n}" for n in range(2000)])

    assert len(await storage.run(work)) == 1000


async def test_long_texts_in_bulk_fit_server_packets(storage: Storage) -> None:
    text = "🧿'\\" * 3333  # four bytes each, or two when escaped: 60 MB in all, where MariaDB takes 16 at once
    products = await add_products(storage, *({"description": text} for _ in range(500)))
    assert [product.id for product in products] == list(range(1, 501))
    assert (await storage.products.get(500)).slug == products[-1].slug == "p-499"
    assert (await storage.products.get(500)).description == text
