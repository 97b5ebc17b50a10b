"""The indexes of each collection.

A list is sorted by any of its sort fields and then by the id, so each sort field has an index that ends in the id,
unless the field has no value twice.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from backends.mongo.driver import IndexModel
from core.entities import ENTITY_TYPES
from core.entities.entity_type import Unique


@cache
def index_name(*keys: str) -> str:
    """The name of an index with these keys. That of a unique index begins with ``unique``."""
    return "_".join(keys).replace(".", "_")


def index(*keys: str) -> IndexModel:
    """An ascending index, which serves both directions."""
    return IndexModel([(key, 1) for key in keys], name=index_name(*keys))


_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "users": [
        index("created_at", "_id"),
        index("username"),
        index("email"),
        index("is_active", "created_at", "_id"),
        index("is_active", "updated_at"),
    ],
    "posts": [
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
        index("created_at", "_id"),
        index("name"),
    ],
    "categories": [index("created_at", "_id"), index("parent_id")],  # sorted by name through the unique index
    "products": [
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
        index("created_at", "_id"),
        index("total_amount", "_id"),
        index("user_id", "created_at", "_id"),
        index("status", "created_at", "_id"),
        index("status", "user_id", "total_amount"),  # covers the sums by status and by user
        index("items.product_id"),
    ],
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
}


def indexes_of(collection: str) -> list[IndexModel]:
    """All indexes of a collection: those of its unique keys, as declared, and those of its lists."""
    uniques = [one.unique for one in ENTITY_TYPES if one.plural == collection]
    return [*(_unique_index(unique) for keys in uniques for unique in keys), *_list_indexes(collection)]


def _list_indexes(collection: str) -> Sequence[IndexModel]:
    """Those of the table above, else those that the lists of the collection's entity need."""
    declared = {one.plural: one.list_indexes for one in ENTITY_TYPES}
    derived = [index(*("_id" if name == "id" else name for name in names)) for names in declared.get(collection, ())]
    return _INDEXES.get(collection, derived)


def _unique_index(unique: Unique) -> IndexModel:
    """A unique index; where a field of several may be null, it holds only documents in which it is not."""
    last = unique.keys[-1]
    options = {"partialFilterExpression": {last: {"$type": "number"}}} if len(unique.keys) > 1 else {}
    return IndexModel(
        [(key, 1) for key in unique.keys], name=index_name("unique", *unique.keys), unique=True, **options
    )


def has_list_index(collection: str, field: str) -> bool:
    """Whether an index holds the documents of one value of a field, newest first."""
    name = index_name(field, "created_at", "_id")
    return any(model.document["name"] == name for model in _list_indexes(collection))


def describe_indexes(collection: str) -> dict[str, dict[str, Any]]:
    """The indexes of a collection by name, in the form in which the server lists them."""
    described = {}
    for model in indexes_of(collection):
        options = dict(model.document)
        name = options.pop("name")
        described[name] = options | {"key": dict(options["key"])}
    return described
