"""The fields that each list can be sorted by: attributes of the entity, indexed wherever there are indexes."""

from core.storage.pages import SortKind, SortOrder, Sorts

_RECORD = {"created_at": SortKind.TIME, "id": SortKind.INTEGER}

USERS: Sorts = {**_RECORD, "username": SortKind.TEXT}
POSTS: Sorts = {
    **_RECORD,
    "title": SortKind.TEXT,
    "view_count": SortKind.INTEGER,
    "published_at": SortKind.NULLABLE_TIME,
}
TAGS: Sorts = {**_RECORD, "name": SortKind.TEXT}
CATEGORIES: Sorts = {**_RECORD, "name": SortKind.TEXT}
PRODUCTS: Sorts = {
    **_RECORD,
    "name": SortKind.TEXT,
    "price": SortKind.INTEGER,
    "stock_quantity": SortKind.INTEGER,
    "sku": SortKind.TEXT,
}
ORDERS: Sorts = {**_RECORD, "total_amount": SortKind.INTEGER}
TRANSFERS: Sorts = _RECORD
NOTIFICATIONS: Sorts = _RECORD

NEWEST_FIRST = SortOrder("created_at", SortKind.TIME, descending=True)
"""How every list is sorted unless the client says otherwise."""

LEAST_STOCK_FIRST = SortOrder("stock_quantity", SortKind.INTEGER, descending=False)
