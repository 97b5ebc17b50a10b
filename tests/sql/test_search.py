"""Searches about the size where the order of the list takes the place of the index, and writes by other clients."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.sql.schema import metadata
from backends.sql.search import MAX_SORTED_HITS
from core.storage import PageRequest, ProductFilter, SortOrder, Storage, sorts
from core.storage.pages import SortKind
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, ExternalClient

pytestmark = pytest.mark.only(*ALL)

START = datetime(2026, 1, 1, tzinfo=UTC)
BY_PRICE = SortOrder("price", SortKind.INTEGER, descending=False)
SIZE = 100


def rows(ids: range, text: str) -> list[dict[str, Any]]:
    """Products that hold ``text``, many at one price and at one time."""
    return [
        {"id": number, "version": 1, "is_active": True, "price": 1 + number % 7, "stock_quantity": 1}
        | {"created_at": (at := START + timedelta(seconds=number // 50)), "updated_at": at}
        | {"name": f"{number}", "slug": f"p{number}", "sku": f"S{number}", "search_key": f"{number} {text}"}
        for number in ids
    ]


async def insert(external: ExternalClient, products: list[dict[str, Any]]) -> None:
    async with external.connection() as connection:
        await connection.exec_driver_sql(external.dialect.begin.format(isolation_level="READ COMMITTED"))
        await connection.execute(metadata.tables["products"].insert(), products)
        await connection.exec_driver_sql("COMMIT")


async def walked(storage: Storage, term: str, sort: SortOrder) -> list[int]:
    """The ids of a whole search, by cursor."""
    found: list[int] = []
    after = None
    while True:
        page = await storage.products.page(ProductFilter(search=term), PageRequest(sort, SIZE, page=None, after=after))
        found += [product.id for product in page.items]
        if not page.has_more:
            return found
        after = (getattr(page.items[-1], sort.field), page.items[-1].id)


async def test_walk_is_complete_at_max_sorted_hits(opened: Opened, external: ExternalClient) -> None:
    few = rows(range(1, MAX_SORTED_HITS), "needle")
    await insert(external, few + rows(range(10_000, 10_000 + MAX_SORTED_HITS), "straw"))
    async with opened() as storage:
        for more in range(3):
            newest = [row["id"] for row in sorted(few, key=lambda row: (row["created_at"], row["id"]), reverse=True)]
            cheapest = [row["id"] for row in sorted(few, key=lambda row: (row["price"], row["id"]))]
            assert await walked(storage, "needle", sorts.NEWEST_FIRST) == newest
            assert await walked(storage, "needle", BY_PRICE) == cheapest
            numbered = await storage.products.page(ProductFilter(search="needle"), PageRequest(BY_PRICE, SIZE, page=19))
            assert [product.id for product in numbered.items] == cheapest[1800:1900]
            assert numbered.total == len(few) == MAX_SORTED_HITS - 1 + more
            added = rows(range(20_000 + more, 20_001 + more), "needle")
            await insert(external, added)
            few += added


async def test_trigrams_alone_are_no_match(opened: Opened, external: ExternalClient) -> None:
    texts = ["abcd", "abc bcd", "bcd abc", "ab cd", "abcabc", "cabdabc", "dcba"]
    for number, text in enumerate(texts, 1):
        await insert(external, rows(range(number, number + 1), text))
    async with opened() as storage:
        for term in ("abcd", "abc", "bcd", "cabc", "abcab", "c a", "d a", "ab c"):
            held = [number for number, text in enumerate(texts, 1) if term in text]
            page = await storage.products.page(ProductFilter(search=term), PageRequest(sorts.NEWEST_FIRST, SIZE))
            assert sorted(product.id for product in page.items) == held, term
            assert page.total == len(held), term


async def test_index_follows_external_writes(opened: Opened, external: ExternalClient) -> None:
    await insert(external, rows(range(1, 6), "needle"))
    await external.run(
        "UPDATE products SET search_key = 'straw' WHERE id = 1",
        "UPDATE products SET search_key = 'straw', stock_quantity = 2 WHERE id = 2",
        "UPDATE products SET search_key = 'needle' WHERE id = 2",
        "UPDATE products SET stock_quantity = stock_quantity + 1",
        "UPDATE products SET id = 7 WHERE id = 5",
        "DELETE FROM products WHERE id IN (3, 4)",
    )
    await insert(external, rows(range(3, 4), "straw"))
    async with opened() as storage:
        assert sorted(await walked(storage, "needle", BY_PRICE)) == [2, 7]
        assert sorted(await walked(storage, "straw", BY_PRICE)) == [1, 3]
    if external.dialect.name == "sqlite":
        await external.run("INSERT INTO products_search(products_search, rank) VALUES ('integrity-check', 1)")
