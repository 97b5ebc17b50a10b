"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.repositories.categories import CATEGORIES
from backends.mongo.repositories.entities import MongoEntityReader
from backends.mongo.repository import (
    EntityMapping,
    MongoQuantityRepository,
    MongoSlugRepository,
)
from core.entities import PRODUCT, Category, Product, ProductDraft, ProductWithCategory
from core.entities.fields import MAX_QUANTITY
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats, ProductReader, ProductRepository

PRODUCTS: EntityMapping[Product] = EntityMapping(PRODUCT)


class MongoProductReader(MongoEntityReader[Product], ProductReader):
    """Products."""

    @override
    async def by_sku(self, sku: str) -> Product:
        return await self._find_one({"sku": sku}, sku)

    @override
    async def by_slug(self, slug: str) -> Product:
        return await self._find_one({"slug": slug}, slug)

    @override
    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        products = await self.page(filter, page_request)
        categories = await self._find_categories({product.category_id for product in products.items} - {None})
        items = [
            ProductWithCategory(
                **{name: getattr(product, name) for name in PRODUCTS.mapper.names},
                category=categories.get(product.category_id),
            )
            for product in products.items
        ]
        return Page(items, products.has_more, products.total)

    @override
    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        prices = {"sum": {"$sum": "$price"}, "min": {"$min": "$price"}, "max": {"$max": "$price"}}
        rows = await self._collection.aggregate(
            [
                {"$match": {"is_active": True}},
                {"$group": {"_id": "$category_id", "count": {"$sum": 1}, **prices}},
                {"$lookup": {"from": "categories", "localField": "_id", "foreignField": "_id", "as": "category"}},
            ]
        )
        return [
            CategoryPriceStats(
                category=row["category"][0]["name"] if row["category"] else None,
                product_count=row["count"],
                price_sum=row["sum"],
                min_price=row["min"],
                max_price=row["max"],
            )
            for row in rows
        ]

    async def _find_categories(self, ids: set[Any]) -> dict[int | None, Category]:
        if not ids:
            return {}
        mapper = CATEGORIES.mapper
        found = await self._source.collection("categories").find({"_id": {"$in": sorted(ids)}}, mapper.projection)
        return {category.id: category for category in map(mapper.to_entity, found)}


class MongoProductRepository(
    MongoSlugRepository[Product], MongoQuantityRepository[Product], MongoProductReader, ProductRepository
):
    """Products in a unit of work."""

    @override
    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        return await self._create_drafts(drafts, at)

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        return await self._lock_many(ids)

    @override
    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("stock_quantity", MAX_QUANTITY, changes, at)
