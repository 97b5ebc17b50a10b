"""The tables as revision 0001 creates them. Frozen: what changed since stands in the revisions after it."""

from typing import Any

from sqlalchemy import BigInteger as Minor
from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, UniqueConstraint

from backends.sql.types import Moment, identifier, long_text, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

LINK: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}
RECORD = LINK | {"sqlite_autoincrement": True}


def _id() -> Column[Any]:
    return Column("id", identifier(), primary_key=True, autoincrement=True)


def _record() -> list[Column[Any]]:
    return [
        _id(),
        Column("created_at", Moment(), nullable=False),
        Column("updated_at", Moment(), nullable=False),
        Column("version", Integer(), nullable=False),
    ]


def _to(target: str, on_delete: str) -> ForeignKey:
    return ForeignKey(f"{target}.id", ondelete=on_delete)


def _check(column: str, rule: str) -> CheckConstraint:
    return CheckConstraint(f"{column} {rule}", name=column)


users = Table(
    "users",
    metadata,
    *_record(),
    Column("username", text(50), nullable=False),
    Column("username_key", text(255), nullable=False),
    Column("email", text(255), nullable=False),
    Column("email_key", text(255), nullable=False),
    Column("password_hash", text(255), nullable=False),
    Column("full_name", text(100)),
    Column("bio", text(1000)),
    Column("is_active", Boolean(), nullable=False),
    Column("is_superuser", Boolean(), nullable=False),
    UniqueConstraint("username_key"),
    UniqueConstraint("email_key"),
    Index(None, "created_at", "id"),
    Index(None, "username", "id"),
    Index(None, "is_active", "updated_at"),
    **RECORD,
)

tags = Table(
    "tags",
    metadata,
    *_record(),
    Column("name", text(50), nullable=False),
    Column("name_key", text(255), nullable=False),
    Column("slug", text(220), nullable=False),
    UniqueConstraint("name_key"),
    UniqueConstraint("slug"),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
    **RECORD,
)

posts = Table(
    "posts",
    metadata,
    *_record(),
    Column("title", text(200), nullable=False),
    Column("slug", text(220), nullable=False),
    Column("content", long_text(), nullable=False),
    Column("status", text(20), nullable=False),
    Column("view_count", Minor(), nullable=False),
    Column("author_id", _to("users", "CASCADE"), nullable=False),
    Column("published_at", Moment()),
    UniqueConstraint("slug"),
    _check("status", "IN ('draft', 'published', 'archived')"),
    Index(None, "created_at", "id"),
    Index(None, "title", "id"),
    Index(None, "view_count", "id"),
    Index(None, "published_at", "id"),
    Index(None, "author_id", "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    **RECORD,
)

post_tags = Table(
    "post_tags",
    metadata,
    Column("post_id", _to("posts", "CASCADE"), primary_key=True),
    Column("tag_id", _to("tags", "CASCADE"), primary_key=True),
    Index(None, "tag_id", "post_id"),
    **LINK,
)

categories = Table(
    "categories",
    metadata,
    *_record(),
    Column("name", text(100), nullable=False),
    Column("slug", text(220), nullable=False),
    Column("description", long_text()),
    Column("parent_id", _to("categories", "SET NULL")),
    UniqueConstraint("name"),
    UniqueConstraint("slug"),
    Index(None, "created_at", "id"),
    Index(None, "parent_id"),
    **RECORD,
)

products = Table(
    "products",
    metadata,
    *_record(),
    Column("name", text(200), nullable=False),
    Column("slug", text(220), nullable=False),
    Column("description", long_text()),
    Column("price", Minor(), nullable=False),
    Column("stock_quantity", Minor(), nullable=False),
    Column("sku", text(50), nullable=False),
    Column("is_active", Boolean(), nullable=False),
    Column("category_id", _to("categories", "SET NULL")),
    UniqueConstraint("slug"),
    UniqueConstraint("sku"),
    UniqueConstraint("name", "category_id"),
    _check("price", "BETWEEN 1 AND 9999999999"),
    _check("stock_quantity", "BETWEEN 0 AND 2147483647"),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
    Index(None, "price", "id"),
    Index(None, "stock_quantity", "id"),
    Index(None, "category_id", "created_at", "id"),
    **RECORD,
)

orders = Table(
    "orders",
    metadata,
    *_record(),
    Column("order_number", text(30), nullable=False),
    Column("status", text(20), nullable=False),
    Column("total_amount", Minor(), nullable=False),
    Column("user_id", _to("users", "CASCADE"), nullable=False),
    Column("shipping_address", text(500)),
    UniqueConstraint("order_number"),
    _check("status", "IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')"),
    _check("total_amount", "BETWEEN 1 AND 999999999999"),
    Index(None, "created_at", "id"),
    Index(None, "total_amount", "id"),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    **RECORD,
)

order_items = Table(
    "order_items",
    metadata,
    Column("order_id", _to("orders", "CASCADE"), primary_key=True),
    Column("position", Integer(), primary_key=True, autoincrement=False),
    Column("product_id", _to("products", "RESTRICT"), nullable=False),
    Column("quantity", Minor(), nullable=False),
    Column("unit_price", Minor(), nullable=False),
    Column("total_price", Minor(), nullable=False),
    _check("quantity", "BETWEEN 1 AND 2147483647"),
    _check("unit_price", "BETWEEN 1 AND 9999999999"),
    Index(None, "product_id"),
    **LINK,
)

payments = Table(
    "payments",
    metadata,
    *_record(),
    Column("order_id", _to("orders", "CASCADE"), nullable=False),
    Column("amount", Minor(), nullable=False),
    Column("method", text(50), nullable=False),
    Column("reference", text(255)),
    Column("status", text(20), nullable=False),
    Index(None, "order_id"),
    **RECORD,
)

accounts = Table(
    "accounts",
    metadata,
    *_record(),
    Column("user_id", _to("users", "RESTRICT"), nullable=False),
    Column("balance", Minor(), nullable=False),
    _check("balance", "BETWEEN 0 AND 999999999999"),
    Index(None, "user_id"),
    **RECORD,
)

transfers = Table(
    "transfers",
    metadata,
    _id(),
    Column("from_account_id", _to("accounts", "RESTRICT"), nullable=False),
    Column("to_account_id", _to("accounts", "RESTRICT"), nullable=False),
    Column("amount", Minor(), nullable=False),
    Column("status", text(20), nullable=False),
    Column("created_at", Moment(), nullable=False),
    _check("amount", "BETWEEN 1 AND 9999999999"),
    Index(None, "from_account_id", "created_at", "id"),
    Index(None, "to_account_id", "created_at", "id"),
    **RECORD,
)

notifications = Table(
    "notifications",
    metadata,
    *_record(),
    Column("user_id", _to("users", "CASCADE"), nullable=False),
    Column("order_id", _to("orders", "CASCADE")),
    Column("message", text(500), nullable=False),
    Column("is_read", Boolean(), nullable=False),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "order_id"),
    **RECORD,
)
