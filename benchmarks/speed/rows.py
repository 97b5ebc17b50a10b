"""The rows that exist before the measurement, written through Stockroom's storage."""

from datetime import datetime, timedelta
from functools import partial

import httpx2

from benchmarks.speed.workloads import DESCRIPTION, PAGE, PRODUCTS, USERS, Requests
from conformance.defaults import settings_for
from core import clock
from core.entities import Product, ProductDraft, User, UserDraft
from core.plugins import Registry
from core.storage import Transaction

_BATCH_SIZE = 100


async def add_rows(registry: Registry, url: str) -> tuple[list[int], list[int]]:
    """Add products and users to an empty, migrated database; returns their ids."""
    settings = settings_for(url)
    storage = await registry.choose(settings).open(settings)
    try:
        start, products, users = clock.now() - timedelta(days=1), list[int](), list[int]()
        for first in range(1, PRODUCTS + 1, _BATCH_SIZE):
            drafts = [_product(n) for n in range(first, first + _BATCH_SIZE)]
            at = start + timedelta(seconds=first)
            products += [p.id for p in await storage.run(partial(_add_products, drafts, at))]
        for first in range(1, USERS + 1, _BATCH_SIZE):
            user_drafts = [
                UserDraft(username=f"buyer{n}", email=f"b{n}@shop.test") for n in range(first, first + _BATCH_SIZE)
            ]
            users += [u.id for u in await storage.run(partial(_add_users, user_drafts, start))]
        return products, users
    finally:
        await storage.close()


async def _add_products(drafts: list[ProductDraft], at: datetime, tx: Transaction) -> list[Product]:
    return await tx.products.add(drafts, at)


async def _add_users(user_drafts: list[UserDraft], at: datetime, tx: Transaction) -> list[User]:
    return await tx.users.add(user_drafts, ["none"] * len(user_drafts), at)


def _product(n: int) -> ProductDraft:
    return ProductDraft(
        name=f"Product {n}",
        slug=f"product-{n}",
        description=DESCRIPTION.strip(),
        price=n % 9000 + 100,
        stock_quantity=2_000_000_000,
        sku=f"SKU-{n}",
    )


def make_requests(products: list[int], users: list[int], shop: str) -> Requests:
    """Requests to Stockroom and to the hand-written code; reads the list once for its cursors."""
    queries: list[str] = []
    cursor: str | None = ""
    with httpx2.Client(base_url=shop, timeout=60) as client:
        while cursor is not None:
            query = f"page_size={PAGE}&cursor={cursor}"
            cursor = client.get(f"/products?{query}").raise_for_status().json()["next_cursor"]
            queries.append(query)
    return Requests(products, users, queries[1:-1])


def make_tutorial_requests() -> Requests:
    """Requests to the tutorial, whose ids are consecutive and whose cursor is an id."""
    ids = range(1, PRODUCTS + 1)
    queries = [f"limit={PAGE}&before={key}" for key in range(2 * PAGE, PRODUCTS, PAGE)]
    return Requests(ids, range(1, USERS + 1), queries)
