"""What follows from the declaration of an entity."""

from dataclasses import dataclass
from typing import Annotated

from core.entities import EntityType, OnDelete, VersionedEntity
from core.entities.entity_type import Reference
from core.entities.fields import Id, Price, Text
from core.entities.filters import Compare, Operator, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher(VersionedEntity):
    code: Annotated[str, Text(1, 50)]
    value: Price
    product_id: Id
    user_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFilter:
    product_id: int | None = None
    max_value: Annotated[int | None, Compare(Operator.AT_MOST, "value")] = None
    search: Search = None


VOUCHER = EntityType(
    entity=Voucher,
    name="voucher",
    plural="vouchers",
    references=[Reference("user_id", "users", OnDelete.CASCADE)],
    searched=("code",),
    sorts=("code",),
    filter=VoucherFilter,
)


def test_list_indexes_serve_sorts_filters_and_references() -> None:
    assert VOUCHER.list_indexes == (
        ("created_at", "id"),
        ("code", "id"),
        ("product_id", "created_at", "id"),
        ("user_id", "created_at", "id"),
    )
