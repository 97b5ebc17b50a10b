"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, func, select
from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery, filter_values
from backends.sql.repositories.categories import CATEGORIES
from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository, next_version
from backends.sql.schema import categories, products
from backends.sql.search import contains
from backends.sql.statement import CachedStatement
from backends.sql.violations import Unique
from core.entities import Product, ProductDraft, ProductWithCategory
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.errors import TransientConflict
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats, ProductReader, ProductRepository
from core.text import search_key


def _derived(row: Mapping[str, Any]) -> dict[str, str]:
    return {"search_key": search_key(row["name"], row["description"])}


PRODUCTS = EntityMapping(
    "product",
    RowMapper(Product, products),
    uniques=[Unique("slug", ("slug",)), Unique("sku", ("sku",)), Unique("name", ("name", "category_id"))],
    derived=_derived,
    restricted_by="order items",
)
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
_CONDITIONS = {
    "category_id": products.c.category_id == bindparam("category_id"),
    "min_price": products.c.price >= bindparam("min_price"),
    "max_price": products.c.price <= bindparam("max_price"),
    "max_stock": products.c.stock_quantity <= bindparam("max_stock"),
    "is_active": products.c.is_active == bindparam("is_active"),
    "search": contains(products.c.search_key),
}
_PAGES = PagedQuery(PRODUCTS.all, products, PRODUCTS.mapper.read, _CONDITIONS)


class SqlProductReader(SqlReader[Product], ProductReader):
    """Products, outside a unit of work."""

    @override
    async def by_sku(self, sku: str) -> Product:
        return await self._get_one(_BY_SKU, sku)

    @override
    async def by_slug(self, slug: str) -> Product:
        return await self._get_one(_BY_SLUG, slug)

    @override
    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        return await _PAGES.page(self._executor, _parameters(filter), page_request)

    @override
    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        return await _JOINED_PAGES.page(self._executor, _parameters(filter), page_request)

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


_JOINED_PAGES = PagedQuery(_JOINED, products, _read_joined, _CONDITIONS)


def _parameters(filter: ProductFilter) -> dict[str, Any]:
    return filter_values(
        filter.search,
        category_id=filter.category_id,
        min_price=filter.min_price,
        max_price=filter.max_price,
        max_stock=filter.max_stock,
        is_active=filter.is_active,
    )


class SqlProductRepository(SqlSlugRepository[Product], SqlProductReader, ProductRepository):
    """Products, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        return await self._insert([shallow_asdict(draft) for draft in drafts], at)

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        found = await self._executor.rows(_lock_many(len(ids)), {f"id_{n}": key for n, key in enumerate(ids)})
        return {product.id: product for product in map(PRODUCTS.mapper.read, found)}

    @override
    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """One guarded UPDATE with a CASE over the products."""
        params: dict[str, Any] = {"at": at}
        for n, (key, pieces) in enumerate(changes.items()):
            params[f"id_{n}"], params[f"pieces_{n}"] = key, pieces
        if await self._executor.write(_adjust_stock(len(changes)), params) != len(changes):
            raise TransientConflict


def _ids(count: int) -> list[BindParameter[int]]:
    return [bindparam(f"id_{n}", type_=products.c.id.type) for n in range(count)]


@cache
def _lock_many(count: int) -> CachedStatement:
    query = PRODUCTS.all.where(products.c.id.in_(_ids(count))).order_by(products.c.id)
    return CachedStatement(query.with_for_update(key_share=True))


@cache
def _adjust_stock(count: int) -> CachedStatement:
    ids, stock = _ids(count), products.c.stock_quantity
    pieces = case(*((products.c.id == key, bindparam(f"pieces_{n}", type_=stock.type)) for n, key in enumerate(ids)))
    guarded = products.update().where(products.c.id.in_(ids), (stock + pieces).between(0, MAX_QUANTITY))
    at = bindparam("at", type_=products.c.updated_at.type)
    return CachedStatement(guarded.values(stock_quantity=stock + pieces, **next_version(products, at)))
