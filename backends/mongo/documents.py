"""The stored documents: one Beanie document per collection, with the constraints of each field.

The validators of a database are derived from these classes (``validators``) and compared with them (``detect_drift``).
``docs/mongodb.md`` says what else Beanie is used for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len
from beanie import Document
from pydantic import BaseModel

from core.entities import EntryKind, OrderStatus, PostStatus
from core.entities.fields import MAX_QUANTITY
from core.money import MAX_PRICE, MAX_TOTAL


@dataclass(frozen=True, slots=True)
class Bson:
    """The BSON type of a field, where its Python type leaves a choice."""

    type: str


Price = Annotated[int, Bson("long"), Ge(1), Le(MAX_PRICE)]
Total = Annotated[int, Bson("long"), Ge(0), Le(MAX_TOTAL)]
Stock = Annotated[int, Ge(0), Le(MAX_QUANTITY)]
Quantity = Annotated[int, Ge(1), Le(MAX_QUANTITY)]


class BaseDocument(Document):
    """A stored document, with an integer id."""

    id: int  # type: ignore[assignment]


class VersionedDocument(BaseDocument):
    """A document that changes.

    Attributes:
        holds: number of writes that only locked the document; its stored name is part of the schema.
    """

    created_at: datetime
    updated_at: datetime
    version: Annotated[int, Ge(1)]
    holds: int = 0


class UserDocument(VersionedDocument):
    """A user. Only ``credentials`` reads ``password_hash``."""

    username: str
    username_key: str
    email: str
    email_key: str
    full_name: str | None
    bio: str | None
    is_active: bool
    is_superuser: bool
    password_hash: str
    search_key: str

    class Settings:
        """Beanie's settings."""

        name = "users"


class TagLink(BaseModel):
    """A tag within a post: its name for reading, and the name's folded key for filtering."""

    id: int
    name: str
    key: str


class PostDocument(VersionedDocument):
    """A post."""

    title: str
    slug: str
    content: str
    status: PostStatus
    author_id: int
    view_count: Annotated[int, Ge(0)]
    published_at: datetime | None
    tags: list[TagLink]
    search_key: str

    class Settings:
        """Beanie's settings."""

        name = "posts"


class TagDocument(VersionedDocument):
    """A tag."""

    name: str
    name_key: str
    slug: str

    class Settings:
        """Beanie's settings."""

        name = "tags"


class CategoryDocument(VersionedDocument):
    """A category."""

    name: str
    slug: str
    description: str | None
    parent_id: int | None

    class Settings:
        """Beanie's settings."""

        name = "categories"


class ProductDocument(VersionedDocument):
    """A product."""

    name: str
    slug: str
    description: str | None
    price: Price
    stock_quantity: Stock
    sku: str
    is_active: bool
    category_id: int | None
    search_key: str

    class Settings:
        """Beanie's settings."""

        name = "products"


class OrderItemDocument(BaseModel):
    """An item within its order: written and read with it, never changed."""

    product_id: int
    quantity: Quantity
    unit_price: Price
    total_price: Total


class OrderDocument(VersionedDocument):
    """An order with its items."""

    order_number: str
    status: OrderStatus
    total_amount: Total
    user_id: int
    shipping_address: str | None
    items: Annotated[list[OrderItemDocument], Len(min_length=1)]

    class Settings:
        """Beanie's settings."""

        name = "orders"


class PaymentDocument(VersionedDocument):
    """A payment. Not embedded in its order, because it is read without it, and never with a list of orders."""

    order_id: int
    amount: Price
    method: str
    reference: str | None
    status: Literal["completed"]

    class Settings:
        """Beanie's settings."""

        name = "payments"


class AccountDocument(VersionedDocument):
    """An account."""

    user_id: int
    balance: Total

    class Settings:
        """Beanie's settings."""

        name = "accounts"


class TransferDocument(BaseDocument):
    """A transfer."""

    from_account_id: int
    to_account_id: int
    amount: Price
    status: Literal["completed"]
    created_at: datetime

    class Settings:
        """Beanie's settings."""

        name = "transfers"


class NotificationDocument(VersionedDocument):
    """A notification."""

    user_id: int
    order_id: int | None
    message: str
    is_read: bool

    class Settings:
        """Beanie's settings."""

        name = "notifications"


class ExpiringEntryDocument(BaseDocument):
    """An expiring entry, whose key is its id."""

    id: str  # type: ignore[assignment]
    kind: EntryKind
    user_id: int | None
    value: str
    expires_at: datetime
    holds: int = 0

    class Settings:
        """Beanie's settings."""

        name = "tickets"


class CounterDocument(BaseDocument):
    """The last id reserved for a collection, whose name is the counter's id."""

    id: str  # type: ignore[assignment]
    last: int

    class Settings:
        """Beanie's settings."""

        name = "counters"


DOCUMENTS: list[type[BaseDocument]] = [
    UserDocument,
    PostDocument,
    TagDocument,
    CategoryDocument,
    ProductDocument,
    OrderDocument,
    PaymentDocument,
    AccountDocument,
    TransferDocument,
    NotificationDocument,
    ExpiringEntryDocument,
    CounterDocument,
]
