"""The tables. Every constraint and index has a name, at most 63 characters long, from the first revision on.

The database enforces every rule it can: uniqueness, references with their delete effects, ranges, known statuses.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
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

from backends.sql.dialects import DIALECTS
from backends.sql.indexes import INDEXES
from backends.sql.types import EnumText, UtcDateTime, long_text, primary_key_type, text
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

LINK_OPTIONS: dict[str, Any] = {
    name: value for dialect in DIALECTS.values() for name, value in dialect.table_options.items()
}
OPTIONS: dict[str, Any] = LINK_OPTIONS | {
    name: value for dialect in DIALECTS.values() for name, value in dialect.id_options.items()
}


NULL_SORT_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a missing time where it is sorted: before every other."""

SORT_KEYS = {"published_at": "published_key"}
"""Columns that may be null, and those beside them that lists are sorted by: an index is read as one range only where
nothing in it is null.
"""


def _record() -> list[Column[Any]]:
    """The columns that every table of a mutable entity has."""
    return [
        Column("id", primary_key_type(), primary_key=True, autoincrement=True),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("version", Integer(), nullable=False),
    ]


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _between(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def _indexes(table: str) -> list[Index]:
    return [Index(None, *columns) for columns in INDEXES[table]]


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
    *_indexes("users"),
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
    *_indexes("tags"),
    **OPTIONS,
)

posts = Table(
    "posts",
    metadata,
    *_record(),
    Column("title", text(200), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    Column("content", long_text(), nullable=False),
    Column("status", EnumText(PostStatus), nullable=False),
    Column("view_count", BigInteger(), nullable=False),
    Column("author_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("published_at", UtcDateTime()),
    Column("search_key", long_text(), nullable=False),
    Column("published_key", UtcDateTime(), nullable=False, server_default=literal(NULL_SORT_TIME, UtcDateTime())),
    UniqueConstraint("slug"),
    _one_of("status", PostStatus),
    *_indexes("posts"),
    **OPTIONS,
)

post_tags = Table(
    "post_tags",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    *_indexes("post_tags"),
    **LINK_OPTIONS,
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
    *_indexes("categories"),
    **OPTIONS,
)

products = Table(
    "products",
    metadata,
    *_record(),
    Column("name", text(200), nullable=False),
    Column("slug", text(SLUG_LENGTH), nullable=False),
    Column("description", long_text()),
    Column("price", BigInteger(), nullable=False),
    Column("stock_quantity", BigInteger(), nullable=False),
    Column("sku", text(50), nullable=False),
    Column("is_active", Boolean(), nullable=False),
    Column("category_id", ForeignKey("categories.id", ondelete="SET NULL")),
    Column("search_key", long_text(), nullable=False),
    UniqueConstraint("slug"),
    UniqueConstraint("sku"),
    UniqueConstraint("name", "category_id"),
    _between("price", 1, MAX_PRICE),
    _between("stock_quantity", 0, MAX_QUANTITY),
    *_indexes("products"),
    **OPTIONS,
)

orders = Table(
    "orders",
    metadata,
    *_record(),
    Column("order_number", text(30), nullable=False),
    Column("status", EnumText(OrderStatus), nullable=False),
    Column("total_amount", BigInteger(), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("shipping_address", text(500)),
    UniqueConstraint("order_number"),
    _one_of("status", OrderStatus),
    _between("total_amount", 1, MAX_TOTAL),
    *_indexes("orders"),
    **OPTIONS,
)

order_items = Table(
    "order_items",
    metadata,
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer(), primary_key=True, autoincrement=False),
    Column("product_id", ForeignKey("products.id", ondelete="RESTRICT"), nullable=False),
    Column("quantity", BigInteger(), nullable=False),
    Column("unit_price", BigInteger(), nullable=False),
    Column("total_price", BigInteger(), nullable=False),
    _between("quantity", 1, MAX_QUANTITY),
    _between("unit_price", 1, MAX_PRICE),
    *_indexes("order_items"),
    **LINK_OPTIONS,
)

payments = Table(
    "payments",
    metadata,
    *_record(),
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("amount", BigInteger(), nullable=False),
    Column("method", text(50), nullable=False),
    Column("reference", text(255)),
    Column("status", text(20), nullable=False),
    *_indexes("payments"),
    **OPTIONS,
)

accounts = Table(
    "accounts",
    metadata,
    *_record(),
    Column("user_id", ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
    Column("balance", BigInteger(), nullable=False),
    _between("balance", 0, MAX_TOTAL),
    *_indexes("accounts"),
    **OPTIONS,
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", primary_key_type(), primary_key=True, autoincrement=True),
    Column("from_account_id", ForeignKey("accounts.id", ondelete="RESTRICT"), nullable=False),
    Column("to_account_id", ForeignKey("accounts.id", ondelete="RESTRICT"), nullable=False),
    Column("amount", BigInteger(), nullable=False),
    Column("status", text(20), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    _between("amount", 1, MAX_PRICE),
    *_indexes("transfers"),
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
    *_indexes("notifications"),
    **OPTIONS,
)

tickets = Table(
    "tickets",
    metadata,
    Column("key", text(64), primary_key=True),
    Column("kind", EnumText(EntryKind), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    Column("value", long_text(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False),
    _one_of("kind", EntryKind),
    *_indexes("tickets"),
    **LINK_OPTIONS,
)
