"""The tables. Every constraint and index has a name, at most 63 characters long, from the first revision on.

The database enforces every rule it can: uniqueness, references with their delete effects, ranges, known statuses.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger as Minor
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    literal,
)

from backends.sql.types import Moment, OneOf, identifier, long_text, text
from core.entities import EntryKind, OrderStatus, PostStatus
from core.entities.fields import MAX_KEY, MAX_QUANTITY
from core.money import MAX_PRICE, MAX_TOTAL
from core.text import SLUG_LENGTH

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

OPTIONS: dict[str, Any] = {
    "sqlite_autoincrement": True,  # an id is never used again
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}


NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a missing time where it is sorted: before every other."""

SORT_KEYS = {"published_at": "published_key"}
"""Columns that may be null, and those beside them that lists are sorted by: an index is read as one range only where
nothing in it is null.
"""


def _record() -> list[Column[Any]]:
    """The columns that every table of a mutable entity has."""
    return [
        Column("id", identifier(), primary_key=True, autoincrement=True),
        Column("created_at", Moment(), nullable=False),
        Column("updated_at", Moment(), nullable=False),
        Column("version", Integer(), nullable=False),
    ]


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _between(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


users = Table(
    "users",
    metadata,
    *_record(),
    Column("username", text(50), nullable=False),
    Column("username_key", text(MAX_KEY), nullable=False),
    Column("email", text(255), nullable=False),
    Column("email_key", text(MAX_KEY), nullable=False),
    Column("password_hash", text(255), nullable=False),
    Column("full_name", text(100)),
    Column("bio", text(1000)),
    Column("is_active", Boolean(), nullable=False),
    Column("is_superuser", Boolean(), nullable=False),
    Column("search_key", long_text(), nullable=False),
    UniqueConstraint("username_key"),
    UniqueConstraint("email_key"),
    Index(None, "created_at", "id"),
    Index(None, "username", "id"),
    Index(None, "is_active", "created_at", "id"),
    Index(None, "is_active", "updated_at"),
    **OPTIONS,
)

tags = Table(
    "tags",
    metadata,
    *_record(),
    Column("name", text(50), nullable=False),
    Column("name_key", text(MAX_KEY), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    UniqueConstraint("name_key"),
    UniqueConstraint("slug"),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
    **OPTIONS,
)

posts = Table(
    "posts",
    metadata,
    *_record(),
    Column("title", text(200), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    Column("content", long_text(), nullable=False),
    Column("status", OneOf(PostStatus), nullable=False),
    Column("view_count", Minor(), nullable=False),
    Column("author_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("published_at", Moment()),
    Column("search_key", long_text(), nullable=False),
    Column("published_key", Moment(), nullable=False, server_default=literal(NEVER, Moment())),
    UniqueConstraint("slug"),
    _one_of("status", PostStatus),
    Index(None, "created_at", "id"),
    Index(None, "title", "id"),
    Index(None, "view_count", "id"),
    Index(None, "published_key", "id"),
    Index(None, "author_id", "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    **OPTIONS,
)

post_tags = Table(
    "post_tags",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "tag_id", "post_id"),
    **(OPTIONS | {"sqlite_autoincrement": False}),
)

categories = Table(
    "categories",
    metadata,
    *_record(),
    Column("name", text(100), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    Column("description", long_text()),
    Column("parent_id", ForeignKey("categories.id", ondelete="SET NULL")),
    UniqueConstraint("name"),
    UniqueConstraint("slug"),
    Index(None, "created_at", "id"),
    Index(None, "parent_id"),
    **OPTIONS,
)

products = Table(
    "products",
    metadata,
    *_record(),
    Column("name", text(200), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    Column("description", long_text()),
    Column("price", Minor(), nullable=False),
    Column("stock_quantity", Minor(), nullable=False),
    Column("sku", text(50), nullable=False),
    Column("is_active", Boolean(), nullable=False),
    Column("category_id", ForeignKey("categories.id", ondelete="SET NULL")),
    Column("search_key", long_text(), nullable=False),
    UniqueConstraint("slug"),
    UniqueConstraint("sku"),
    UniqueConstraint("name", "category_id"),
    _between("price", 1, MAX_PRICE),
    _between("stock_quantity", 0, MAX_QUANTITY),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
    Index(None, "price", "id"),
    Index(None, "stock_quantity", "id"),
    Index(None, "category_id", "created_at", "id", "is_active", "price"),  # with what figures are made of
    **OPTIONS,
)

orders = Table(
    "orders",
    metadata,
    *_record(),
    Column("order_number", text(30), nullable=False),
    Column("status", OneOf(OrderStatus), nullable=False),
    Column("total_amount", Minor(), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("shipping_address", text(500)),
    UniqueConstraint("order_number"),
    _one_of("status", OrderStatus),
    _between("total_amount", 1, MAX_TOTAL),
    Index(None, "created_at", "id"),
    Index(None, "total_amount", "id"),
    Index(None, "user_id", "created_at", "id", "status", "total_amount"),  # likewise
    Index(None, "status", "created_at", "id", "total_amount"),
    **OPTIONS,
)

order_items = Table(
    "order_items",
    metadata,
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer(), primary_key=True, autoincrement=False),
    Column("product_id", ForeignKey("products.id", ondelete="RESTRICT"), nullable=False),
    Column("quantity", Minor(), nullable=False),
    Column("unit_price", Minor(), nullable=False),
    Column("total_price", Minor(), nullable=False),
    _between("quantity", 1, MAX_QUANTITY),
    _between("unit_price", 1, MAX_PRICE),
    Index(None, "product_id"),
    **(OPTIONS | {"sqlite_autoincrement": False}),
)

payments = Table(
    "payments",
    metadata,
    *_record(),
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("amount", Minor(), nullable=False),
    Column("method", text(50), nullable=False),
    Column("reference", text(255)),
    Column("status", text(20), nullable=False),
    Index(None, "order_id"),
    **OPTIONS,
)

accounts = Table(
    "accounts",
    metadata,
    *_record(),
    Column("user_id", ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
    Column("balance", Minor(), nullable=False),
    _between("balance", 0, MAX_TOTAL),
    Index(None, "user_id"),
    **OPTIONS,
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", identifier(), primary_key=True, autoincrement=True),
    Column("from_account_id", ForeignKey("accounts.id", ondelete="RESTRICT"), nullable=False),
    Column("to_account_id", ForeignKey("accounts.id", ondelete="RESTRICT"), nullable=False),
    Column("amount", Minor(), nullable=False),
    Column("status", text(20), nullable=False),
    Column("created_at", Moment(), nullable=False),
    _between("amount", 1, MAX_PRICE),
    Index(None, "from_account_id", "created_at", "id"),
    Index(None, "to_account_id", "created_at", "id"),
    **OPTIONS,
)

notifications = Table(
    "notifications",
    metadata,
    *_record(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE")),
    Column("message", text(500), nullable=False),
    Column("is_read", Boolean(), nullable=False),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "order_id"),
    **OPTIONS,
)

tickets = Table(
    "tickets",
    metadata,
    Column("key", text(64), primary_key=True),
    Column("kind", OneOf(EntryKind), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    Column("value", long_text(), nullable=False),
    Column("expires_at", Moment(), nullable=False),
    _one_of("kind", EntryKind),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    **(OPTIONS | {"sqlite_autoincrement": False}),
)
