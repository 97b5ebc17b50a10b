"""Products: what the shop sells."""

from dataclasses import dataclass
from typing import Annotated

from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, OnDelete, Reference, unique
from core.entities.fields import (
    FORBID_EXTRA,
    Flag,
    Id,
    Money,
    Price,
    Sku,
    Slug,
    Stock,
    StockDelta,
    Text,
    VersionedEntity,
    default,
)
from core.entities.filters import Compare, Operator, Search

ProductName = Annotated[str, Text(1, 200)]
Description = Annotated[str, Text(0, 10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """The fields of a product that a client chooses."""

    __pydantic_config__ = FORBID_EXTRA

    name: ProductName
    slug: Slug | None = None
    description: Description | None = None
    price: Price
    stock_quantity: Annotated[Stock, default(0)] = 0
    sku: Sku
    is_active: Annotated[Flag, default(True)] = True
    category_id: Id | None = None


class ProductPatch(TypedDict, total=False):
    """The fields of a product that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    name: ProductName
    slug: Slug
    description: Description | None
    price: Price
    stock_quantity: Stock
    sku: Sku
    is_active: Flag
    category_id: Id | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(VersionedEntity):
    """A stored product; ``price`` in minor units, ``stock_quantity`` in pieces."""

    name: ProductName
    slug: Slug
    description: Description | None
    price: Price
    stock_quantity: Stock
    sku: Sku
    is_active: bool
    category_id: Id | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Which products a list has; prices in minor units, bounds included."""

    category_id: int | None = None
    min_price: Annotated[int | None, Compare(Operator.AT_LEAST, "price")] = None
    max_price: Annotated[int | None, Compare(Operator.AT_MOST, "price")] = None
    max_stock: Annotated[int | None, Compare(Operator.AT_MOST, "stock_quantity")] = None
    is_active: bool | None = None
    search: Search = None


PRODUCT = EntityType(
    entity=Product,
    name="product",
    plural="products",
    unique=[unique("slug"), unique("sku"), unique("name", "category_id")],
    references=[Reference("category_id", "categories", OnDelete.SET_NULL)],
    searched=("name", "description"),
    sorts=("name", "price", "stock_quantity", "sku"),
    filter=ProductFilter,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChange:
    """A correction of the stock, in pieces, negative to take away."""

    __pydantic_config__ = FORBID_EXTRA

    quantity_change: StockDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryStats:
    """Prices of the active products of one category; ``category`` is its name, null for those without one."""

    category: str | None
    product_count: int
    avg_price: Money
    min_price: Money
    max_price: Money
