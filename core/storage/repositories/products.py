"""Products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.entities import Product, ProductDraft, ProductFilter, ProductWithCategory
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader, Repository, SlugLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPriceStats:
    """Sums over the active products of a category (None: those without one), in minor units."""

    category: str | None
    product_count: int
    price_sum: int
    min_price: int
    max_price: int


class ProductReader(Reader[Product], Protocol):
    """Products."""

    async def by_sku(self, sku: str) -> Product:
        """The product with this SKU, compared exactly."""
        ...

    async def by_slug(self, slug: str) -> Product:
        """The product with this slug, compared exactly."""
        ...

    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        """A page of products."""
        ...

    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        """A page of products, each with its category."""
        ...

    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        """Figures of every category with active products, in no particular order."""
        ...


class ProductRepository(ProductReader, Repository[Product, ProductDraft], SlugLookup, Protocol):
    """Products in a unit of work."""

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        """Those of the products that exist, by id, locked in the order of their ids, in one round trip."""
        ...

    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """Add to the stock of each product the given number of pieces, negative to take away; one round trip.

        Raises:
            TransientConflict: a product is gone, or its stock would leave 0 to ``MAX_QUANTITY``.
        """
        ...
