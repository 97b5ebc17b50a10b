"""Products: what the shop sells."""

from dataclasses import dataclass
from typing import Annotated

from typing_extensions import TypedDict

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

ProductName = Annotated[str, Text(1, 200)]
Description = Annotated[str, Text(0, 10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """What may be chosen of a product. ``sku`` and ``slug`` are unique, and so is the name within a category."""

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

    name: str
    slug: str
    description: str | None
    price: Money
    stock_quantity: int
    sku: str
    is_active: bool
    category_id: Id | None


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
