"""Rows of the first revision, and reading them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, MetaData, Table, select

from migrations.sql import initial

NOW = datetime(2026, 11, 22, 12, 0, 0, 123000, UTC)


RECORD = {"created_at": NOW, "updated_at": NOW, "version": 1}


MANY = 450  # more rows than two batches of the backfill


HOSTILE = "Straße ﬀ İ 100%_\\ ' \" -- 🎧 שלום e\u0301"


Rows = dict[str, list[tuple[Any, ...]]]


def user(number: int) -> dict[str, Any]:
    name = f"user_{number:04}"
    keys = {"username": name, "username_key": name, "email": f"{name}@x.org", "email_key": f"{name}@x.org"}
    full_name = None if number % 3 == 0 else f"{HOSTILE} {number}"
    flags = {"password_hash": "x", "is_active": True, "is_superuser": False}
    return RECORD | keys | flags | {"id": number, "full_name": full_name, "bio": None}


def product(number: int) -> dict[str, Any]:
    text = {"name": f"{HOSTILE} {number}", "description": None if number % 2 else "Ünïcode \U0010fffd"}
    keys = {"slug": f"p-{number}", "sku": f"P-{number}", "category_id": 1 if number % 2 else None}
    return RECORD | text | keys | {"id": number, "price": 9_999_999_999, "stock_quantity": 7, "is_active": True}


def post(number: int) -> dict[str, Any]:
    text = {"title": f"Post {number}", "slug": f"post-{number}", "content": HOSTILE * 2_000}
    publication = (
        {"status": "published", "published_at": NOW} if number % 2 else {"status": "draft", "published_at": None}
    )
    return RECORD | text | publication | {"id": number, "view_count": 0, "author_id": 1}


OLD: dict[str, list[dict[str, Any]]] = {
    "users": [user(number) for number in range(1, MANY)],
    "categories": [RECORD | {"id": 1, "name": "C", "slug": "c", "description": None, "parent_id": None}],
    "products": [product(number) for number in range(1, MANY)],
    "posts": [post(number) for number in range(1, 6)],
    "tags": [RECORD | {"id": 1, "name": "T", "name_key": "t", "slug": "t"}],
    "post_tags": [{"post_id": 1, "tag_id": 1}],
    "orders": [
        RECORD
        | {"id": 1, "order_number": "ORD-1", "status": "pending", "total_amount": 5, "user_id": 1}
        | {"shipping_address": None}
    ],
    "order_items": [
        {"order_id": 1, "position": 0, "product_id": 1, "quantity": 1, "unit_price": 5, "total_price": 5},
    ],
    "accounts": [RECORD | {"id": 1, "user_id": 1, "balance": 3}],
}


def insert(
    connection: Connection, rows: Mapping[str, Sequence[dict[str, Any]]], metadata: MetaData = initial.metadata
) -> None:
    for table, values in rows.items():
        connection.execute(metadata.tables[table].insert(), list(values))
    connection.commit()


def read_rows(connection: Connection, tables: Mapping[str, Table]) -> Rows:
    found = {}
    for name, table in tables.items():
        query = select(table).order_by(*table.primary_key)
        found[name] = [tuple(row) for row in connection.execute(query)]
    return found
