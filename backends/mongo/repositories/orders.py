"""Orders, each with its lines in one document, and their payments."""

from datetime import datetime
from typing import Any

from backends.mongo.aggregate import Aggregate, MongoReader, MongoRepository
from backends.mongo.driver import Document, Int64
from backends.mongo.repositories.products import PRODUCTS
from backends.mongo.repositories.users import USERS
from backends.mongo.shape import MONEY, Codec, Shape, one_of
from backends.mongo.windows import equal, page
from core.entities import (
    Order,
    OrderDetails,
    OrderItem,
    OrderItemDetails,
    OrderStatus,
    OrderSummary,
    Payment,
    PaymentDraft,
)
from core.entities.construct import shallow_asdict
from core.errors import NotFound
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder


def _load_items(stored: list[Document]) -> list[OrderItem]:
    return [OrderItem(**item) for item in stored]


def _store_items(items: list[OrderItem]) -> list[Document]:
    return [
        {
            "product_id": item.product_id,
            "quantity": item.quantity,
            "unit_price": Int64(item.unit_price),
            "total_price": Int64(item.total_price),
        }
        for item in items
    ]


_CODECS = {"status": one_of(OrderStatus), "total_amount": MONEY}
_SUMMARY = Shape(OrderSummary, _CODECS, distinct={"order_number"}, listed={"status", "user_id"})

ORDERS = Aggregate(
    "order",
    "orders",
    Shape(Order, {**_CODECS, "items": Codec(load=_load_items, store=_store_items)}),
    references={"user_id": "users"},
)

PAYMENTS = Aggregate("payment", "payments", Shape(Payment, {"amount": MONEY}), references={"order_id": "orders"})


class MongoOrderReader(MongoReader[Order]):
    """See ``OrderReader``."""

    async def details(self, id: int) -> OrderDetails:
        """See ``OrderReader.details``."""
        order = await self.get(id)
        shape, wanted = PRODUCTS.shape, sorted({item.product_id for item in order.items})
        found = await self._source.collection("products").find({"_id": {"$in": wanted}}, shape.projection)
        products = {product.id: product for product in map(shape.read, found)}
        try:
            user = await MongoReader(USERS, self._source).get(order.user_id)
            items = [
                OrderItemDetails(**shallow_asdict(item), product=products[item.product_id]) for item in order.items
            ]
        except (NotFound, KeyError):
            raise NotFound("order", id) from None  # deleted between one read and the next
        return OrderDetails(**_summary(order), user=user, items=items)

    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        """See ``OrderReader.page``."""
        narrowed = equal(status=filter.status and filter.status.value, user_id=filter.user_id)
        return await page(self._collection, narrowed, page_request, _SUMMARY)

    async def totals_by_status(self) -> dict[OrderStatus, tuple[int, int]]:
        """See ``OrderReader.totals_by_status``."""
        sums = {"_id": "$status", "count": {"$sum": 1}, "sum": {"$sum": "$total_amount"}}
        rows = await self._collection.aggregate([{"$sort": {"status": 1}}, {"$group": sums}])
        return {OrderStatus(row["_id"]): (row["count"], row["sum"]) for row in rows}


def _summary(order: OrderSummary) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _SUMMARY.names}


class MongoOrderRepository(MongoRepository[Order], MongoOrderReader):
    """See ``OrderRepository``."""

    async def add(self, order: NewOrder, at: datetime) -> Order:
        """See ``OrderRepository.add``."""
        values = {
            "order_number": order.order_number,
            "status": OrderStatus.PENDING,
            "total_amount": order.total_amount,
            "user_id": order.user_id,
            "shipping_address": order.shipping_address,
            "items": order.items,
        }
        [stored] = await self._store([values], at)
        self._work.rely("products", [item.product_id for item in order.items])
        return stored

    async def save(self, entity: OrderSummary) -> None:
        """See ``OrderRepository.save``."""
        await self._put(Order(**_summary(entity), items=(await self._before(entity)).items))


class MongoPaymentRepository(MongoRepository[Payment]):
    """See ``PaymentRepository``."""

    async def add(self, order_id: int, draft: PaymentDraft, at: datetime) -> Payment:
        """See ``PaymentRepository.add``."""
        [payment] = await self._store([shallow_asdict(draft) | {"order_id": order_id, "status": "completed"}], at)
        return payment
