"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery, filter_values
from backends.sql.repositories.categories import CATEGORIES
from backends.sql.repositories.entities import SqlEntityReader
from backends.sql.repository import EntityMapping, SqlQuantityRepository, SqlSlugRepository
from backends.sql.statement import CachedStatement
from core.entities import PRODUCT, Product, ProductDraft, ProductWithCategory
from core.entities.fields import MAX_QUANTITY
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats, ProductReader, ProductRepository

PRODUCTS: EntityMapping[Product] = EntityMapping(PRODUCT)
products, categories = PRODUCTS.table, CATEGORIES.table
_WITH_CATEGORY = RowMapper(ProductWithCategory, products)

_BY_SKU = CachedStatement(PRODUCTS.all.where(products.c.sku == bindparam("key")))
_BY_SLUG = CachedStatement(PRODUCTS.all.where(products.c.slug == bindparam("key")))
_JOINED = select(*_WITH_CATEGORY.columns, *CATEGORIES.mapper.columns).join(
    categories, categories.c.id == products.c.category_id, isouter=True
)
_PRICES = (
    select(
        products.c.category_id,
        func.count().label("product_count"),
        func.sum(products.c.price).label("price_sum"),
        func.min(products.c.price).label("min_price"),
        func.max(products.c.price).label("max_price"),
    )
    .where(products.c.is_active)
    .group_by(products.c.category_id)
    .subquery("prices")
)
_PRICE_STATS = CachedStatement(  # a category is looked up once, not for each of its products
    select(categories.c.name, *(column for column in _PRICES.c if column.name != "category_id"))
    .select_from(_PRICES)
    .join(categories, categories.c.id == _PRICES.c.category_id, isouter=True)
)


class SqlProductReader(SqlEntityReader[Product], ProductReader):
    """Products, outside a unit of work."""

    @override
    async def by_sku(self, sku: str) -> Product:
        return await self._get_one(_BY_SKU, sku)

    @override
    async def by_slug(self, slug: str) -> Product:
        return await self._get_one(_BY_SLUG, slug)

    @override
    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        return await _JOINED_PAGES.page(self._executor, filter_values(PRODUCT, filter), page_request)

    @override
    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        return [
            CategoryPriceStats(
                category=name, product_count=count, price_sum=int(total), min_price=lowest, max_price=highest
            )
            for name, count, total, lowest, highest in await self._executor.rows(_PRICE_STATS)
        ]


def _read_joined(row: Sequence[Any]) -> ProductWithCategory:
    return _WITH_CATEGORY.read_with(row, category=CATEGORIES.mapper.read_optional(row[_WITH_CATEGORY.width :]))


_JOINED_PAGES = PagedQuery(_JOINED, products, _read_joined, PRODUCTS.conditions)


class SqlProductRepository(
    SqlSlugRepository[Product], SqlQuantityRepository[Product], SqlProductReader, ProductRepository
):
    """Products, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        return await self._insert_drafts(drafts, at)

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        return {product.id: product for product in await self._lock_many(ids)}

    @override
    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("stock_quantity", MAX_QUANTITY, changes, at)
