"""The indexes of each collection.

A list is sorted by any of its sort fields and then by the id, so each sort field has an index that ends in the id,
unless the field has no value twice.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from backends.mongo.driver import IndexModel


@cache
def index_name(*keys: str) -> str:
    """The name of an index with these keys. That of a unique index begins with ``unique``."""
    return "_".join(keys).replace(".", "_")


def index(*keys: str) -> IndexModel:
    """An ascending index, which serves both directions."""
    return IndexModel([(key, 1) for key in keys], name=index_name(*keys))


def unique_index(*keys: str, present: str | None = None) -> IndexModel:
    """A unique index; with ``present``, it holds only documents in which that key is a number."""
    options = {"partialFilterExpression": {present: {"$type": "number"}}} if present else {}
    return IndexModel([(key, 1) for key in keys], name=index_name("unique", *keys), unique=True, **options)


INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "users": [
        unique_index("username_key"),
        unique_index("email_key"),
        index("created_at", "_id"),
        index("username"),
        index("email"),
        index("is_active", "created_at", "_id"),
        index("is_active", "updated_at"),
    ],
    "posts": [
        unique_index("slug"),
        index("created_at", "_id"),
        index("title", "_id"),
        index("view_count", "_id"),
        index("published_at", "_id"),
        index("author_id", "created_at", "_id"),
        index("status", "created_at", "_id"),
        index("tags.id", "created_at", "_id"),
        index("tags.key", "created_at", "_id"),
    ],
    "tags": [
        unique_index("name_key"),
        unique_index("slug"),
        index("created_at", "_id"),
        index("name"),
    ],
    "categories": [
        unique_index("name"),  # sorts by name, too
        unique_index("slug"),
        index("created_at", "_id"),
        index("parent_id"),
    ],
    "products": [
        unique_index("slug"),
        unique_index("sku"),
        unique_index("name", "category_id", present="category_id"),
        index("created_at", "_id"),
        index("name", "_id"),
        index("price", "_id"),
        index("stock_quantity", "_id"),
        index("category_id", "created_at", "_id"),
        index("category_id", "price", "_id"),
        index("is_active", "created_at", "_id"),
        index("is_active", "stock_quantity", "_id"),
        index("is_active", "category_id", "price"),  # covers the price statistics by category
    ],
    "orders": [
        unique_index("order_number"),
        index("created_at", "_id"),
        index("total_amount", "_id"),
        index("user_id", "created_at", "_id"),
        index("status", "created_at", "_id"),
        index("status", "user_id", "total_amount"),  # covers the sums by status and by user
        index("items.product_id"),
    ],
    "payments": [index("order_id")],
    "accounts": [index("user_id")],
    # A page of an account merges two index scans, one for each side, in every order.
    "transfers": [
        index("from_account_id", "created_at", "_id"),
        index("to_account_id", "created_at", "_id"),
        index("from_account_id", "amount", "_id"),
        index("to_account_id", "amount", "_id"),
        index("from_account_id", "_id"),
        index("to_account_id", "_id"),
    ],
    "notifications": [
        index("user_id", "created_at", "_id"),
        index("user_id", "_id"),
        index("order_id"),
    ],
    # None with expireAfterSeconds: the server's clock is not the application's.
    "tickets": [index("user_id"), index("expires_at")],
    "counters": [],
}


def describe_indexes(collection: str) -> dict[str, dict[str, Any]]:
    """The indexes of a collection by name, in the form in which the server lists them."""
    described = {}
    for model in INDEXES[collection]:
        options = dict(model.document)
        name = options.pop("name")
        described[name] = options | {"key": dict(options["key"])}
    return described
