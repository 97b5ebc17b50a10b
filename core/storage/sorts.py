"""The fields that each list can be sorted by: attributes of the entity, indexed wherever there are indexes."""

from typing import Any

from core.entities import (
    ACCOUNT,
    CATEGORY,
    NOTIFICATION,
    ORDER,
    PAYMENT,
    POST,
    PRODUCT,
    TAG,
    TRANSFER,
    USER,
    EntityType,
)
from core.entities.field_types import FieldType, TextType, TimeType
from core.storage.pages import SortKind, SortOrder, Sorts


def sorts_of(entity_type: EntityType[Any]) -> Sorts:
    """What lists of an entity can be sorted by: its declared fields, the time of creation, and the id."""
    names = ("created_at", "id", *entity_type.sorts)
    return {name: _kind_of(entity_type.fields[name]) for name in names}


def _kind_of(field_type: FieldType) -> SortKind:
    match field_type:
        case TextType():
            return SortKind.TEXT
        case TimeType(is_optional=True):
            return SortKind.NULLABLE_TIME
        case TimeType():
            return SortKind.TIME
    return SortKind.INTEGER


USERS = sorts_of(USER)
POSTS = sorts_of(POST)
TAGS = sorts_of(TAG)
CATEGORIES = sorts_of(CATEGORY)
PRODUCTS = sorts_of(PRODUCT)
ORDERS = sorts_of(ORDER)
PAYMENTS = sorts_of(PAYMENT)
ACCOUNTS = sorts_of(ACCOUNT)
TRANSFERS = sorts_of(TRANSFER)
NOTIFICATIONS = sorts_of(NOTIFICATION)

NEWEST_FIRST = SortOrder("created_at", SortKind.TIME, descending=True)
"""How every list is sorted unless the client says otherwise."""

LEAST_STOCK_FIRST = SortOrder("stock_quantity", SortKind.INTEGER, descending=False)
