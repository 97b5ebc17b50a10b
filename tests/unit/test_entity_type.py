"""What follows from the declaration of an entity."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

from core.entities import ENTITY_TYPES, EntityType, EntityTypes, OnDelete, VersionedEntity
from core.entities.entity_type import Reference
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
    declare(sorts=("redeemed_at",))
    with pytest.raises(TypeError, match="sorted by what may be null and is no time: note"):
        declare(sorts=("note",))


def declare(**facts: Any) -> EntityTypes:
    """All declarations, with one more of vouchers that has these facts."""
    return EntityTypes([*ENTITY_TYPES, EntityType(entity=Voucher, name="voucher", plural="vouchers", **facts)])


def test_unknown_field_or_target_is_refused() -> None:
    with pytest.raises(TypeError, match="does not exist: colour"):
        declare(sorts=("colour",))
    with pytest.raises(TypeError, match="does not exist: shelves"):
        declare(references=[Reference("user_id", "shelves", OnDelete.CASCADE)])


def test_set_null_of_required_field_is_refused() -> None:
    with pytest.raises(TypeError, match="user_id cannot be set to null"):
        declare(references=[Reference("user_id", "users", OnDelete.SET_NULL)])


def test_part_reference_that_does_not_restrict_is_refused() -> None:
    part: EntityType[Any] = EntityType(
        entity=Voucher,
        name="voucher line",
        plural="voucher_lines",
        references=[Reference("product_id", "products", OnDelete.CASCADE)],
    )
    with pytest.raises(TypeError, match="references of its lines can only restrict"):
        declare(parts={"lines": part})
