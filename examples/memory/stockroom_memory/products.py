"""Products."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import CATEGORY, PRODUCT, Product, ProductDraft, ProductFilter, ProductWithCategory
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryPriceStats, ProductReader, ProductRepository
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryQuantityRepository, MemoryReader, MemorySlugRepository


class MemoryProductReader(MemoryReader[Product], ProductReader):
    """Products as committed."""

    entity_type = PRODUCT

    @override
    async def by_sku(self, sku: str) -> Product:
        return self._by("sku", sku)

    @override
    async def by_slug(self, slug: str) -> Product:
        return self._by("slug", slug)

    @override
    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        return page(matching(self._read(), filter), page_request)

    @override
    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        found = await self.page(filter, page_request)
        categories = self._tables().of(CATEGORY).rows
        items = [
            ProductWithCategory(
                **shallow_asdict(product),
                category=None if product.category_id is None else categories[product.category_id],
            )
            for product in found.items
        ]
        return Page(items, found.has_more, found.total)

    @override
    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        prices: defaultdict[int | None, list[int]] = defaultdict(list)
        for product in matching(self._read(), ProductFilter(is_active=True)):
            prices[product.category_id].append(product.price)
        categories = self._tables().of(CATEGORY).rows
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


class MemoryProductRepository(
    MemorySlugRepository[Product], MemoryQuantityRepository[Product], MemoryProductReader, ProductRepository
):
    """Products in a unit of work."""

    @override
    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        return await self._insert_drafts(drafts, at)

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        return await self._lock_many(ids)

    @override
    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("stock_quantity", changes, MAX_QUANTITY, at)
