"""MongoDB: the documents that ``backends.mongo`` would have stored, in large inserts."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient

from backends.mongo.repositories.accounts import ACCOUNTS, TRANSFER_MAPPER
from backends.mongo.repositories.categories import CATEGORIES
from backends.mongo.repositories.notifications import NOTIFICATIONS
from backends.mongo.repositories.orders import ORDERS, PAYMENTS
from backends.mongo.repositories.posts import POSTS, link_tags
from backends.mongo.repositories.products import PRODUCTS
from backends.mongo.repositories.tags import TAGS
from backends.mongo.repositories.users import USERS
from backends.mongo.repository import EntityMapping
from benchmarks.growth.data import HASH, Shop
from benchmarks.growth.database import batches

Documents = Callable[[Any], Iterable[dict[str, Any]]]


def _of(mapping: EntityMapping[Any], pick: Callable[[Any], Any] = lambda entity: entity, **more: Any) -> Documents:
    """The document of an entity, none where there is no entity."""

    def documents(given: Any) -> Iterable[dict[str, Any]]:
        entity = pick(given)
        return [] if entity is None else [mapping.to_document(entity) | more]

    return documents


PLAN: Sequence[tuple[Callable[[Shop], Iterable[Any]], Mapping[str, Documents]]] = (
    (Shop.users, {"users": _of(USERS, password_hash=HASH)}),
    (Shop.categories, {"categories": _of(CATEGORIES)}),
    (Shop.products, {"products": _of(PRODUCTS)}),
    (Shop.tags, {"tags": _of(TAGS)}),
    (Shop.posts, {"posts": lambda given: [POSTS.to_document(given[0]) | {"tags": link_tags(given[1])}]}),
    (
        Shop.sales,
        {
            "orders": _of(ORDERS, lambda sale: sale.order),
            "payments": _of(PAYMENTS, lambda sale: sale.payment),
            "notifications": _of(NOTIFICATIONS, lambda sale: sale.notification),
        },
    ),
    (Shop.accounts, {"accounts": _of(ACCOUNTS)}),
    (Shop.transfers, {"transfers": lambda transfer: [TRANSFER_MAPPER.to_document(transfer)]}),
)
"""What becomes documents of which collections."""


class MongoDatabase:
    """See ``Database``."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def fill(self, shop: Shop) -> None:
        """See ``Database.fill``. The counters stand where they would after the last id of each collection."""
        last: dict[str, int] = {}
        for source, collections in PLAN:
            for batch in batches(source(shop)):
                for name, documents in collections.items():
                    made = [document for given in batch for document in documents(given)]
                    if made:
                        await self._database[name].insert_many(made, ordered=False)
                        last[name] = made[-1]["_id"]
        for name, key in last.items():
            await self._database.counters.update_one({"_id": name}, {"$set": {"last": key}}, upsert=True)

    async def prune(self, shop: Shop) -> None:
        """See ``Database.prune``."""
        for name, key in shop.last.items():
            await self._database[name].delete_many({"_id": {"$gt": key}})
        for name in ("payments", "notifications"):
            await self._database[name].delete_many({"order_id": {"$gt": shop.size}})


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MongoDatabase]:
    """See ``Opened``."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, w=1)
    try:
        yield MongoDatabase(client[urlsplit(url).path.strip("/")])
    finally:
        await client.close()
