"""Orders, and what goes with them."""

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import BaseModel

from backends.mongo.documents.fields import Price, Quantity, Recorded, Total, index, unique
from core.entities import OrderStatus


class LineDocument(BaseModel):
    """A line, embedded in its order: written with it once, read with it, never changed."""

    product_id: int
    quantity: Quantity
    unit_price: Price
    total_price: Total


class OrderDocument(Recorded):
    """An order with its lines. The index that ends in the amount covers the sums by status and by user."""

    order_number: str
    status: OrderStatus
    total_amount: Total
    user_id: int
    shipping_address: str | None
    items: Annotated[list[LineDocument], Len(min_length=1)]

    class Settings:
        """See Beanie."""

        name = "orders"
        indexes = (
            unique("order_number"),
            index("created_at", "_id"),
            index("total_amount", "_id"),
            index("user_id", "created_at", "_id"),
            index("status", "created_at", "_id"),
            index("status", "user_id", "total_amount"),
            index("items.product_id"),
        )


class PaymentDocument(Recorded):
    """A payment. Not part of its order: it is kept and looked up for other reasons, and never with a list of orders."""

    order_id: int
    amount: Price
    method: str
    reference: str | None
    status: Literal["completed"]

    class Settings:
        """See Beanie."""

        name = "payments"
        indexes = (index("order_id"),)


class NotificationDocument(Recorded):
    """A notification."""

    user_id: int
    order_id: int | None
    message: str
    is_read: bool

    class Settings:
        """See Beanie."""

        name = "notifications"
        indexes = (
            index("user_id", "created_at", "_id"),
            index("user_id", "_id"),
            index("order_id"),
        )
