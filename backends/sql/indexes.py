"""Indexes that make lists and figures fast, beyond those of primary keys and unique constraints."""

from collections.abc import Mapping, Sequence

from core.entities import ENTITY_TYPES

_INDEXES: Mapping[str, Sequence[tuple[str, ...]]] = {
    "users": (
        ("created_at", "id"),
        ("username", "id"),
        ("is_active", "created_at", "id"),
        ("is_active", "updated_at"),
    ),
    "tags": (("created_at", "id"), ("name", "id")),
    "posts": (
        ("created_at", "id"),
        ("title", "id"),
        ("view_count", "id"),
        ("published_key", "id"),
        ("author_id", "created_at", "id"),
        ("status", "created_at", "id"),
    ),
    "post_tags": (("tag_id", "post_id"),),
    "categories": (("created_at", "id"), ("parent_id",)),
    "products": (
        ("created_at", "id"),
        ("name", "id"),
        ("price", "id"),
        ("stock_quantity", "id"),
        ("category_id", "created_at", "id", "is_active", "price"),  # with what figures are made of
        ("category_id", "price", "id", "is_active"),  # likewise
    ),
    "orders": (
        ("created_at", "id"),
        ("total_amount", "id"),
        ("user_id", "created_at", "id", "status", "total_amount"),  # likewise
        ("status", "created_at", "id", "total_amount"),
    ),
    "order_items": (("product_id",),),
    "transfers": (("from_account_id", "created_at", "id"), ("to_account_id", "created_at", "id")),
    "notifications": (("user_id", "created_at", "id"), ("order_id",)),
    "tickets": (("user_id",), ("expires_at",)),
}
"""By table, the columns of each index, where they are not those that the declaration implies."""

_DECLARED = {
    one.plural: [tuple(one.sort_keys.get(name, name) for name in columns) for columns in one.list_indexes]
    for one in ENTITY_TYPES
}


def indexes_of(table: str) -> Sequence[tuple[str, ...]]:
    """The columns of each index of a table: those above, else those that the lists of its entity need."""
    return _INDEXES.get(table, _DECLARED.get(table, ()))
