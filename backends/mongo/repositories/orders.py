"""Orders, each with its items in one document."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Filter
from backends.mongo.pagination import build_filter, fetch_page
from backends.mongo.repositories.entities import mapping_of
from backends.mongo.repositories.products import PRODUCTS
from backends.mongo.repositories.users import USERS
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository, new_version
from core.entities import (
    ORDER,
    PAYMENT,
    Order,
    OrderDetails,
    OrderItemDetails,
    OrderLine,
    OrderStatus,
    OrderSummary,
    Payment,
)
from core.entities.construct import shallow_asdict
from core.entities.orders import number_lines
from core.errors import NotFound
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder, OrderReader, OrderRepository

ORDERS: EntityMapping[Order] = EntityMapping(ORDER)
PAYMENTS: EntityMapping[Payment] = mapping_of(PAYMENT)
SUMMARIES = EntityMapping(ORDER, OrderSummary)


class MongoOrderReader(MongoReader[Order], OrderReader):
    """Orders."""

    @override
    async def _find_one(self, filter: Filter, key: object) -> Order:
        return _number(await super()._find_one(filter, key))

    @override
    async def details(self, id: int) -> OrderDetails:
        order = await self.get(id)
        mapper, product_ids = PRODUCTS.mapper, sorted({item.product_id for item in order.items})
        found = await self._source.collection("products").find({"_id": {"$in": product_ids}}, mapper.projection)
        products = {product.id: product for product in map(mapper.to_entity, found)}
        try:
            user = await MongoReader(USERS, self._source).get(order.user_id)
            items = [
                OrderItemDetails(**shallow_asdict(item), product=products[item.product_id]) for item in order.items
            ]
        except (NotFound, KeyError):
            raise NotFound("order", id) from None  # deleted between one read and the next
        return OrderDetails(**_summary_fields(order), user=user, items=items)

    @override
    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        return await fetch_page(self._collection, build_filter(ORDER, filter), page_request, SUMMARIES.mapper)

    @override
    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        sums = {"_id": "$status", "count": {"$sum": 1}, "sum": {"$sum": "$total_amount"}}
        first = {"$sort": {"status": 1}} if user_id is None else {"$match": {"user_id": user_id}}
        rows = await self._collection.aggregate([first, {"$group": sums}])
        return {OrderStatus(row["_id"]): (row["count"], row["sum"]) for row in rows}


def _number(order: Order) -> Order:
    return replace(order, items=number_lines(order.id, order.items))


def _summary_fields(order: OrderSummary) -> dict[str, Any]:
    return {name: getattr(order, name) for name in SUMMARIES.mapper.names}


class MongoOrderRepository(MongoRepository[Order], MongoOrderReader, OrderRepository):
    """Orders in a unit of work."""

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        [stored] = await self._create([ORDER.new_values(order, at)])
        self._unit.require_unchanged("products", [item.product_id for item in order.items])
        return _number(stored)

    @override
    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        wanted = {"user_id": {"$in": list(user_ids)}, "status": {"$in": [status.value for status in statuses]}}
        orders = [_number(order) for order in await self._find_all(wanted, [("_id", 1)])]
        for order in orders:
            self._unit.lock(ORDERS.collection, order)
        return orders

    @override
    async def clear_addresses(self, user_id: int, at: datetime) -> None:
        having = {"user_id": user_id, "shipping_address": {"$ne": None}}
        await self._collection.update_many(having, {"$set": {"shipping_address": None}, **new_version(at)})
        self._unit.mark_written(ORDERS.collection, [])

    @override
    async def lock_payments(self, order_ids: Collection[int]) -> list[Payment]:
        mapper = PAYMENTS.mapper
        found = await self._source.collection(PAYMENTS.collection).find(
            {"order_id": {"$in": list(order_ids)}}, mapper.projection, order=[("_id", 1)]
        )
        payments = [mapper.to_entity(document) for document in found]
        for payment in payments:
            self._unit.lock(PAYMENTS.collection, payment)
        return payments

    @override
    async def save(self, entity: OrderSummary, lines: Sequence[OrderLine] | None = None) -> None:
        if lines is None:
            items = (await self._get_before(entity)).items
        else:
            items = number_lines(entity.id, lines)
            self._unit.require_unchanged("products", [line.product_id for line in lines])
        await self._update(Order(**_summary_fields(entity), items=items))
