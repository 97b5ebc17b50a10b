"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Filter, Update
from backends.mongo.mapper import MONEY, DocumentMapper
from backends.mongo.pagination import build_equality_filter, build_search_filter, fetch_page
from backends.mongo.repositories.categories import CATEGORIES
from backends.mongo.repository import DerivedKey, EntityMapping, MongoReader, MongoRepository
from backends.mongo.violations import UniqueKey
from core.entities import Category, Product, ProductDraft, ProductWithCategory
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.errors import StillReferenced, TransientConflict
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats, ProductReader, ProductRepository
from core.text import search_key

PRODUCTS = EntityMapping(
    "product",
    "products",
    DocumentMapper(Product, {"price": MONEY}, unique_sorts={"sku"}, filter_indexes={"is_active", "category_id"}),
    references={"category_id": "categories"},
    unique_keys=(UniqueKey("slug", ("slug",)), UniqueKey("sku", ("sku",)), UniqueKey("name", ("name", "category_id"))),
    derived_keys={"search_key": DerivedKey(search_key, ("name", "description"))},
)


class MongoProductReader(MongoReader[Product], ProductReader):
    """Products."""

    @override
    async def by_sku(self, sku: str) -> Product:
        return await self._find_one({"sku": sku}, sku)

    @override
    async def by_slug(self, slug: str) -> Product:
        return await self._find_one({"slug": slug}, slug)

    @override
    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        return await fetch_page(self._collection, _build_filter(filter), page_request, PRODUCTS.mapper)

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


def _build_filter(filter: ProductFilter) -> Filter:
    price = {"$gte": filter.min_price, "$lte": filter.max_price}
    bounds = {name: value for name, value in price.items() if value is not None}
    stock = {"$lte": filter.max_stock} if filter.max_stock is not None else None
    equal = build_equality_filter(is_active=filter.is_active, category_id=filter.category_id)
    within = build_equality_filter(price=bounds or None, stock_quantity=stock)
    return equal | within | build_search_filter(filter.search)


class MongoProductRepository(MongoRepository[Product], MongoProductReader, ProductRepository):
    """Products in a unit of work."""

    @override
    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        return await self._create([shallow_asdict(draft) for draft in drafts], at)

    @override
    async def delete(self, id: int) -> None:
        if await self._unit.collection("orders").find({"items.product_id": id}, {"_id": 1}, limit=1):
            raise StillReferenced("product", "order items")
        await super().delete(id)

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        products = await self._find_all({"_id": {"$in": sorted(ids)}}, [("_id", 1)])
        for product in products:
            self._unit.lock("products", product)
        return {product.id: product for product in products}

    @override
    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        if not changes:
            return
        updates = [_change_stock(*change, at) for change in sorted(changes.items())]
        if await self._collection.update_each(updates) != len(updates):
            raise TransientConflict
        self._unit.mark_written("products", changes)


def _change_stock(id: int, pieces: int, at: datetime) -> tuple[Filter, Update]:
    guard = {"$gte": -pieces} if pieces < 0 else {"$lte": MAX_QUANTITY - pieces}
    change = {"$inc": {"stock_quantity": pieces, "version": 1}, "$max": {"updated_at": at}}
    return {"_id": id, "stock_quantity": guard}, change
