"""Orders, each with its items in one document, and their payments."""

from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.driver import Document, Int64
from backends.mongo.mapper import MONEY, Codec, DocumentMapper, enum_codec
from backends.mongo.pagination import build_equality_filter, fetch_page
from backends.mongo.repositories.products import PRODUCTS
from backends.mongo.repositories.users import USERS
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
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
from core.storage.repositories import NewOrder, OrderReader, OrderRepository, PaymentRepository


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


_CODECS = {"status": enum_codec(OrderStatus), "total_amount": MONEY}
_SUMMARY_MAPPER = DocumentMapper(
    OrderSummary, _CODECS, unique_sorts={"order_number"}, filter_indexes={"status", "user_id"}
)

ORDERS = EntityMapping(
    "order",
    "orders",
    DocumentMapper(Order, {**_CODECS, "items": Codec(load=_load_items, store=_store_items)}),
    references={"user_id": "users"},
)

PAYMENTS = EntityMapping(
    "payment", "payments", DocumentMapper(Payment, {"amount": MONEY}), references={"order_id": "orders"}
)


class MongoOrderReader(MongoReader[Order], OrderReader):
    """Orders."""

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
        equal = build_equality_filter(status=filter.status and filter.status.value, user_id=filter.user_id)
        return await fetch_page(self._collection, equal, page_request, _SUMMARY_MAPPER)

    @override
    async def totals_by_status(self) -> dict[OrderStatus, tuple[int, int]]:
        sums = {"_id": "$status", "count": {"$sum": 1}, "sum": {"$sum": "$total_amount"}}
        rows = await self._collection.aggregate([{"$sort": {"status": 1}}, {"$group": sums}])
        return {OrderStatus(row["_id"]): (row["count"], row["sum"]) for row in rows}


def _summary_fields(order: OrderSummary) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _SUMMARY_MAPPER.names}


class MongoOrderRepository(MongoRepository[Order], MongoOrderReader, OrderRepository):
    """Orders in a unit of work."""

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        values = {
            "order_number": order.order_number,
            "status": OrderStatus.PENDING,
            "total_amount": order.total_amount,
            "user_id": order.user_id,
            "shipping_address": order.shipping_address,
            "items": order.items,
        }
        [stored] = await self._create([values], at)
        self._unit.require_unchanged("products", [item.product_id for item in order.items])
        return stored

    @override
    async def save(self, entity: OrderSummary) -> None:
        await self._update(Order(**_summary_fields(entity), items=(await self._get_before(entity)).items))


class MongoPaymentRepository(MongoRepository[Payment], PaymentRepository):
    """Payments in a unit of work."""

    @override
    async def add(self, order_id: int, draft: PaymentDraft, at: datetime) -> Payment:
        [payment] = await self._create([shallow_asdict(draft) | {"order_id": order_id, "status": "completed"}], at)
        return payment
