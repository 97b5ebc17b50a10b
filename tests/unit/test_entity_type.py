"""What follows from the declaration of an entity."""

from dataclasses import dataclass, replace
from typing import Annotated

import pytest

from core.entities import EntityType, OnDelete, VersionedEntity
from core.entities.entity_type import EntityTypes, Reference
from core.entities.fields import Id, Price, Text, Time
from core.entities.filters import Compare, Operator, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher(VersionedEntity):
    code: Annotated[str, Text(1, 50)]
    value: Price
    product_id: Id
    user_id: Id
    redeemed_at: Time | None
    note: Annotated[str, Text(0, 50)] | None


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


def test_nullable_sort_has_a_key_without_nulls() -> None:
    assert VOUCHER.sort_keys == {}
    assert replace(VOUCHER, sorts=("code", "redeemed_at")).sort_keys == {"redeemed_at": "redeemed_key"}


def test_nullable_sort_must_be_a_time() -> None:
    alone = replace(VOUCHER, references=[], sorts=("redeemed_at",))
    assert len(EntityTypes([alone])) == 1
    with pytest.raises(TypeError, match="sorted by what may be null and is no time: note"):
        EntityTypes([replace(alone, sorts=("note",))])
