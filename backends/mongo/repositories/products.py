"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backends.mongo.aggregate import Aggregate, Derived, MongoReader, MongoRepository
from backends.mongo.claims import Unique
from backends.mongo.collection import Filter, Update
from backends.mongo.repositories.categories import CATEGORIES
from backends.mongo.shape import MONEY, Shape
from backends.mongo.windows import contains, equal, page
from core.entities import Category, Product, ProductDraft, ProductWithCategory
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.errors import StillReferenced, TransientConflict
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats
from core.text import search_key

PRODUCTS = Aggregate(
    "product",
    "products",
    Shape(Product, {"price": MONEY}, distinct={"sku"}, listed={"is_active", "category_id"}),
    references={"category_id": "categories"},
    uniques=(Unique("slug", ("slug",)), Unique("sku", ("sku",)), Unique("name", ("name", "category_id"))),
    derived={"search_key": Derived(search_key, ("name", "description"))},
)


class MongoProductReader(MongoReader[Product]):
    """See ``ProductReader``."""

    async def by_sku(self, sku: str) -> Product:
        """See ``ProductReader.by_sku``."""
        return await self._one({"sku": sku}, sku)

    async def by_slug(self, slug: str) -> Product:
        """See ``ProductReader.by_slug``."""
        return await self._one({"slug": slug}, slug)

    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        """See ``ProductReader.page``."""
        return await page(self._collection, _narrowed(filter), page_request, PRODUCTS.shape)

    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        """See ``ProductReader.page_with_category``."""
        products = await self.page(filter, page_request)
        categories = await self._categories({product.category_id for product in products.items} - {None})
        items = [
            ProductWithCategory(
                **{name: getattr(product, name) for name in PRODUCTS.shape.names},
                category=categories.get(product.category_id),
            )
            for product in products.items
        ]
        return Page(items, products.has_more, products.total)

    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        """See ``ProductReader.price_stats_by_category``."""
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

    async def _categories(self, ids: set[Any]) -> dict[int | None, Category]:
        if not ids:
            return {}
        shape = CATEGORIES.shape
        found = await self._source.collection("categories").find({"_id": {"$in": sorted(ids)}}, shape.projection)
        return {category.id: category for category in map(shape.read, found)}


def _narrowed(filter: ProductFilter) -> Filter:
    price = {"$gte": filter.min_price, "$lte": filter.max_price}
    bounds = {name: value for name, value in price.items() if value is not None}
    stock = {"$lte": filter.max_stock} if filter.max_stock is not None else None
    same = equal(is_active=filter.is_active, category_id=filter.category_id)
    return same | equal(price=bounds or None, stock_quantity=stock) | contains(filter.search)


class MongoProductRepository(MongoRepository[Product], MongoProductReader):
    """See ``ProductRepository``."""

    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        """See ``Repository.add``."""
        return await self._store([shallow_asdict(draft) for draft in drafts], at)

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        if await self._work.collection("orders").find({"items.product_id": id}, {"_id": 1}, limit=1):
            raise StillReferenced("product", "order items")
        await super().delete(id)

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        """See ``ProductRepository.lock_many``."""
        products = await self._all({"_id": {"$in": sorted(ids)}}, [("_id", 1)])
        for product in products:
            self._work.lock("products", product)
        return {product.id: product for product in products}

    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """See ``ProductRepository.adjust_stock``."""
        if not changes:
            return
        shifts = [_shift(*change, at) for change in sorted(changes.items())]
        if await self._collection.update_each(shifts) != len(shifts):
            raise TransientConflict
        self._work.settle("products", changes)


def _shift(id: int, pieces: int, at: datetime) -> tuple[Filter, Update]:
    enough = {"$gte": -pieces} if pieces < 0 else {"$lte": MAX_QUANTITY - pieces}
    change = {"$inc": {"stock_quantity": pieces, "version": 1}, "$max": {"updated_at": at}}
    return {"_id": id, "stock_quantity": enough}, change
