"""Products."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from core.entities import Product, ProductDraft, ProductWithCategory
from core.entities.fields import MAX_QUANTITY
from core.errors import TransientConflict
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats
from core.storage.round_trips import record_start
from stockroom_memory.listing import matching, page
from stockroom_memory.repository import MemoryReader, SlugRepository
from stockroom_memory.schema import CATEGORIES, PRODUCTS
from stockroom_memory.unit import changed


class MemoryProductReader(MemoryReader[Product]):
    """See ``ProductReader``."""

    kind = PRODUCTS

    async def by_sku(self, sku: str) -> Product:
        """See ``ProductReader.by_sku``."""
        return self._by("sku", sku, sku)

    async def by_slug(self, slug: str) -> Product:
        """See ``ProductReader.by_slug``."""
        return self._by("slug", slug, slug)

    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        """See ``ProductReader.page``."""
        same = matching(self._read(), filter.search, category_id=filter.category_id, is_active=filter.is_active)
        return page([product for product in same if _within(product, filter)], page_request)

    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        """See ``ProductReader.page_with_category``."""
        found = await self.page(filter, page_request)
        categories = self._tables().of(CATEGORIES).rows
        items = [
            ProductWithCategory(
                **asdict(product), category=None if product.category_id is None else categories[product.category_id]
            )
            for product in found.items
        ]
        return Page(items, found.has_more, found.total)

    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        """See ``ProductReader.price_stats_by_category``."""
        prices: defaultdict[int | None, list[int]] = defaultdict(list)
        for product in matching(self._read(), is_active=True):
            prices[product.category_id].append(product.price)
        categories = self._tables().of(CATEGORIES).rows
        return [
            CategoryPriceStats(
                category=None if key is None else categories[key].name,
                product_count=len(values),
                price_sum=sum(values),
                min_price=min(values),
                max_price=max(values),
            )
            for key, values in prices.items()
        ]


def _within(product: Product, filter: ProductFilter) -> bool:
    return (
        (filter.min_price is None or product.price >= filter.min_price)
        and (filter.max_price is None or product.price <= filter.max_price)
        and (filter.max_stock is None or product.stock_quantity <= filter.max_stock)
    )


class MemoryProductRepository(SlugRepository[Product], MemoryProductReader):
    """See ``ProductRepository``."""

    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        """See ``Repository.add``."""
        return self._insert([asdict(draft) for draft in drafts], at)

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        """See ``ProductRepository.lock_many``."""
        rows = self._read().rows
        return {key: rows[key] for key in sorted(ids) if key in rows}

    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """See ``ProductRepository.adjust_stock``."""
        record_start("update products")
        shifted = []
        for key, pieces in changes.items():
            product = self._stored.get(key)
            if product is None or not 0 <= product.stock_quantity + pieces <= MAX_QUANTITY:
                raise TransientConflict
            shifted.append(changed(product, at, stock_quantity=product.stock_quantity + pieces))
        self._unit.write(PRODUCTS, shifted)
