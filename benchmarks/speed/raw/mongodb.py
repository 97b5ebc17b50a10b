"""MongoDB on Motor: documents as the shop stores them, transactions with majority commits, ids in blocks."""

# ruff: noqa: A001 - ids are called id

import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bson.int64 import Int64
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from benchmarks.speed.raw import models
from benchmarks.speed.raw.models import OrderIn, Position, ProductIn, RequestError
from benchmarks.speed.raw.shop import make_app

FIELDS = dict.fromkeys(["_id", *models.PRODUCT_COLUMNS[1:]], 1)
STOCK = {"price": 1, "stock_quantity": 1, "is_active": 1}
NEWEST = [("created_at", -1), ("_id", -1)]
SNAPSHOT = {"read_concern": ReadConcern("snapshot"), "write_concern": WriteConcern("majority")}
BLOCK = 64


class MongoDB:
    """The hand-written queries on one pool."""

    def __init__(self, client: Any, database: Any) -> None:
        self._client, self._database = client, database
        self._order_ids: deque[int] = deque()

    async def get_product(self, id: int) -> dict[str, Any] | None:
        """By primary key."""
        found = await self._database.products.find_one({"_id": id}, FIELDS)
        return None if found is None else _product(found)

    async def list_products(self, after: Position | None, limit: int) -> list[dict[str, Any]]:
        """By a condition that uses the index."""
        after_cursor: dict[str, Any] = {}
        if after:
            at, id = after
            tied = {"created_at": at, "_id": {"$lt": id}}
            after_cursor = {"created_at": {"$lte": at}, "$or": [tied, {"created_at": {"$lt": at}}]}
        found = self._database.products.find(after_cursor, FIELDS, sort=NEWEST, limit=limit, batch_size=limit)
        return [_product(document) for document in await found.to_list(None)]

    async def _ids(self, collection: str, count: int) -> range:
        counter = await self._database.counters.find_one_and_update(
            {"_id": collection}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return range(counter["last"] - count + 1, counter["last"] + 1)

    async def place_order(self, order: OrderIn) -> dict[str, Any]:
        """One transaction, each collection once, run again on a conflict."""
        if not self._order_ids:
            self._order_ids.extend(await self._ids("orders", BLOCK))
        id = self._order_ids.popleft()
        async with await self._client.start_session() as session:
            return await session.with_transaction(  # type: ignore[no-any-return]
                lambda session: self._place(session, id, order), **SNAPSHOT
            )

    async def _place(self, session: Any, id: int, order: OrderIn) -> dict[str, Any]:
        at, pieces = models.now(), models.pieces_by_product(order)
        found = self._database.products.find({"_id": {"$in": list(pieces)}}, STOCK, session=session)
        lines = models.price_lines(order, pieces, {row["_id"]: row for row in await found.to_list(None)})
        total = sum(line["total_price"] for line in lines)
        number = models.order_number(at)
        taken = await self._database.products.bulk_write(
            [
                UpdateOne(
                    {"_id": key, "stock_quantity": {"$gte": quantity}},
                    {"$inc": {"stock_quantity": -quantity, "version": 1}, "$max": {"updated_at": at}},
                )
                for key, quantity in pieces.items()
            ],
            session=session,
        )
        if taken.matched_count != len(pieces):
            raise RequestError(400, "Out of stock.")
        await self._database.orders.insert_one(_order(id, number, order, total, lines, at), session=session)
        # Updated, so that a concurrent deletion conflicts.
        held = await self._database.users.update_one({"_id": order.user_id}, {"$inc": {"holds": 1}}, session=session)
        if not held.matched_count:
            raise RequestError(400, "There is no such user.")
        return models.order_json(id, number, order, total, lines, at)

    async def add_products(self, products: list[ProductIn]) -> list[dict[str, Any]]:
        """Ids first, then ``insert_many`` in a transaction that also updates the referenced categories."""
        at, ids = models.now(), await self._ids("products", len(products))
        rows = [{"_id": id, **models.new_product_row(product, at)} for id, product in zip(ids, products, strict=True)]
        categories = {product.category_id for product in products} - {None}
        async with await self._client.start_session() as session, session.start_transaction(**SNAPSHOT):
            documents = [{**row, "price": Int64(row["price"])} for row in rows]
            try:
                await self._database.products.insert_many(documents, session=session)
            except BulkWriteError:
                raise RequestError(409, "A slug or an SKU is taken.") from None
            if categories:
                hold = {"$inc": {"holds": 1}}
                held = await self._database.categories.update_many(
                    {"_id": {"$in": list(categories)}}, hold, session=session
                )
                if held.matched_count != len(categories):
                    raise RequestError(400, "There is no such category.")
        return [_product(row) for row in rows]

    async def prune(self, products: int) -> None:
        await self._database.orders.delete_many({})
        await self._database.products.delete_many({"_id": {"$gt": products}})


def _order(  # noqa: PLR0913, PLR0917 - the parts of an order
    id: int, number: str, order: OrderIn, total: int, lines: list[dict[str, Any]], at: datetime
) -> dict[str, Any]:
    return {
        "_id": id,
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "order_number": number,
        "status": "pending",
        "total_amount": Int64(total),
        "user_id": order.user_id,
        "shipping_address": order.shipping_address,
        "items": [
            {**line, "unit_price": Int64(line["unit_price"]), "total_price": Int64(line["total_price"])}
            for line in lines
        ],
    }


def _product(document: dict[str, Any]) -> dict[str, Any]:
    document["id"] = document["_id"]
    return models.product_json(document)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[MongoDB]:
    """With a pool of the same size as Stockroom's."""
    client: Any = AsyncIOMotorClient(url, tz_aware=True, tzinfo=UTC, maxPoolSize=10)
    try:
        yield MongoDB(client, client[urlsplit(url).path.strip("/")])
    finally:
        client.close()


def app() -> FastAPI:
    """The application, for uvicorn."""
    return make_app(lambda: open_database(os.environ["DATABASE_URL"]))
