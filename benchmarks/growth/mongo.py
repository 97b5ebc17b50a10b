"""MongoDB: the documents that ``backends.mongo`` would have stored, in large inserts."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient

from backends.mongo.repositories.accounts import ACCOUNTS, TRANSFERS
from backends.mongo.repositories.categories import CATEGORIES
from backends.mongo.repositories.entities import mapping_of
from backends.mongo.repositories.notifications import NOTIFICATIONS
from backends.mongo.repositories.orders import ORDERS
from backends.mongo.repositories.posts import POSTS, link_tags
from backends.mongo.repositories.products import PRODUCTS
from backends.mongo.repositories.tags import TAGS
from backends.mongo.repositories.users import USERS
from backends.mongo.repository import EntityMapping
from benchmarks.growth.data import HASH, ShopData
from benchmarks.growth.database import batches
from core.entities import PAYMENT

Documents = Callable[[Any], Iterable[dict[str, Any]]]


def _of(mapping: EntityMapping[Any], pick: Callable[[Any], Any] = lambda entity: entity, **more: Any) -> Documents:
    """The document of an entity, none where there is no entity."""

    def documents(given: Any) -> Iterable[dict[str, Any]]:
        entity = pick(given)
        return [] if entity is None else [mapping.to_document(entity) | more]

    return documents


PLAN: Sequence[tuple[Callable[[ShopData], Iterable[Any]], Mapping[str, Documents]]] = (
    (ShopData.users, {"users": _of(USERS, password_hash=HASH)}),
    (ShopData.categories, {"categories": _of(CATEGORIES)}),
    (ShopData.products, {"products": _of(PRODUCTS)}),
    (ShopData.tags, {"tags": _of(TAGS)}),
    (ShopData.posts, {"posts": lambda given: [POSTS.to_document(given[0]) | {"tags": link_tags(given[1])}]}),
    (
        ShopData.sales,
        {
            "orders": _of(ORDERS, lambda sale: sale.order),
            "payments": _of(mapping_of(PAYMENT), lambda sale: sale.payment),
            "notifications": _of(NOTIFICATIONS, lambda sale: sale.notification),
        },
    ),
    (ShopData.accounts, {"accounts": _of(ACCOUNTS)}),
    (ShopData.transfers, {"transfers": lambda transfer: [TRANSFERS.to_document(transfer)]}),
)
"""The documents of each collection, from the rows of the shop."""


class MongoDatabase:
    """The collections of one database."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def fill(self, shop: ShopData) -> None:
        """Also sets the counters to the last id of each collection."""
        last: dict[str, int] = {}
        for source, collections in PLAN:
            for batch in batches(source(shop)):
                for name, documents in collections.items():
                    rows = [document for given in batch for document in documents(given)]
                    if rows:
                        await self._database[name].insert_many(rows, ordered=False)
                        last[name] = rows[-1]["_id"]
        for name, key in last.items():
            await self._database.counters.update_one({"_id": name}, {"$set": {"last": key}}, upsert=True)

    async def prune(self, shop: ShopData) -> None:
        for name, key in shop.last.items():
            await self._database[name].delete_many({"_id": {"$gt": key}})
        for name in ("payments", "notifications"):
            await self._database[name].delete_many({"order_id": {"$gt": shop.size}})


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[MongoDatabase]:
    """A client with acknowledged writes."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, w=1)
    try:
        yield MongoDatabase(client[urlsplit(url).path.strip("/")])
    finally:
        await client.close()
