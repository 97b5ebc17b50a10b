"""The tables of the shop: what is unique, what refers to what, what is searched."""

from dataclasses import dataclass, field
from typing import Any

from core.entities import (
    Account,
    Category,
    ExpiringEntry,
    Notification,
    Order,
    Payment,
    Post,
    Product,
    Tag,
    Transfer,
    User,
)
from core.text import fold
from stockroom_memory.table import Kind, OnDelete, Reference, Unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The password hash of the user with the same id; kept apart, so that no reader hands it out but for a log-in."""

    id: int
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTicket:
    """An entry in a table: rows have ids, tickets have keys."""

    id: int
    entry: ExpiringEntry


SLUG = Unique("slug", lambda row: row.slug)

USERS = Kind(
    User,
    "user",
    "users",
    uniques=[Unique("username", lambda user: fold(user.username)), Unique("email", lambda user: fold(user.email))],
    searched=["username", "email", "full_name"],
)
CREDENTIALS = Kind(Credential, "credential", "credentials", references=[Reference("id", "users", OnDelete.CASCADE)])
TAGS = Kind(Tag, "tag", "tags", uniques=[Unique("name", lambda tag: fold(tag.name)), SLUG])
POSTS = Kind(
    Post,
    "post",
    "posts",
    uniques=[SLUG],
    references=[Reference("author_id", "users", OnDelete.CASCADE)],
    searched=["title", "content"],
)
CATEGORIES = Kind(
    Category,
    "category",
    "categories",
    uniques=[Unique("name", lambda category: category.name), SLUG],
    references=[Reference("parent_id", "categories", OnDelete.SET_NULL)],
)
PRODUCTS = Kind(
    Product,
    "product",
    "products",
    uniques=[
        SLUG,
        Unique("sku", lambda product: product.sku),
        Unique("name", lambda product: None if product.category_id is None else (product.name, product.category_id)),
    ],
    references=[Reference("category_id", "categories", OnDelete.SET_NULL)],
    searched=["name", "description"],
)
ORDERS = Kind(
    Order,
    "order",
    "orders",
    uniques=[Unique("order_number", lambda order: order.order_number)],
    references=[
        Reference("user_id", "users", OnDelete.CASCADE),
        Reference(
            "items",
            "products",
            OnDelete.RESTRICT,
            inside=lambda order: {item.product_id for item in order.items},
            told_as="order items",
        ),
    ],
)
PAYMENTS = Kind(Payment, "payment", "payments", references=[Reference("order_id", "orders", OnDelete.CASCADE)])
ACCOUNTS = Kind(Account, "account", "accounts", references=[Reference("user_id", "users", OnDelete.RESTRICT)])
TRANSFERS = Kind(
    Transfer,
    "transfer",
    "transfers",
    references=[
        Reference("from_account_id", "accounts", OnDelete.RESTRICT),
        Reference("to_account_id", "accounts", OnDelete.RESTRICT),
    ],
)
NOTIFICATIONS = Kind(
    Notification,
    "notification",
    "notifications",
    references=[
        Reference("user_id", "users", OnDelete.CASCADE),
        Reference("order_id", "orders", OnDelete.CASCADE),
    ],
)
TICKETS = Kind(
    StoredTicket,
    "entry",
    "tickets",
    uniques=[Unique("key", lambda row: row.entry.key)],
    references=[
        Reference("user_id", "users", OnDelete.CASCADE, inside=lambda row: {row.entry.user_id} - {None}),
    ],
)

KINDS: list[Kind[Any]] = [
    USERS,
    CREDENTIALS,
    TAGS,
    POSTS,
    CATEGORIES,
    PRODUCTS,
    ORDERS,
    PAYMENTS,
    ACCOUNTS,
    TRANSFERS,
    NOTIFICATIONS,
    TICKETS,
]
