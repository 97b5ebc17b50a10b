"""Products."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, func, select

from backends.sql import listing
from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.categories import CATEGORIES
from backends.sql.listing import Source, given
from backends.sql.mapping import Shape
from backends.sql.probe import Unique
from backends.sql.schema import categories, products
from backends.sql.search import contains
from backends.sql.statement import Statement
from backends.sql.versions import next_version
from core.entities import Product, ProductDraft, ProductWithCategory
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.errors import TransientConflict
from core.storage import Page, PageRequest, ProductFilter
from core.storage.repositories import CategoryPriceStats
from core.text import search_key


def _derived(row: Mapping[str, Any]) -> dict[str, str]:
    return {"search_key": search_key(row["name"], row["description"])}


PRODUCTS = Aggregate(
    "product",
    Shape(Product, products),
    uniques=[Unique("slug", ("slug",)), Unique("sku", ("sku",)), Unique("name", ("name", "category_id"))],
    derived=_derived,
    restricted_by="order items",
)
_WITH_CATEGORY = Shape(ProductWithCategory, products)

_BY_SKU = Statement(PRODUCTS.all.where(products.c.sku == bindparam("key")))
_BY_SLUG = Statement(PRODUCTS.all.where(products.c.slug == bindparam("key")))
_JOINED = select(*_WITH_CATEGORY.columns, *CATEGORIES.shape.columns).join(
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
_FIGURES = Statement(  # a category is looked up once, not for each of its products
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
_PAGES = Source(PRODUCTS.all, products, PRODUCTS.shape.read, _CONDITIONS)


class SqlProductReader(SqlReader[Product]):
    """See ``ProductReader``."""

    async def by_sku(self, sku: str) -> Product:
        """See ``ProductReader.by_sku``."""
        return await self.one(_BY_SKU, sku)

    async def by_slug(self, slug: str) -> Product:
        """See ``ProductReader.by_slug``."""
        return await self.one(_BY_SLUG, slug)

    async def page(self, filter: ProductFilter, page_request: PageRequest) -> Page[Product]:
        """See ``ProductReader.page``."""
        return await _PAGES.page(self._rows, given(**_fields(filter)), page_request)

    async def page_with_category(self, filter: ProductFilter, page_request: PageRequest) -> Page[ProductWithCategory]:
        """See ``ProductReader.page_with_category``."""
        return await _JOINED_PAGES.page(self._rows, given(**_fields(filter)), page_request)

    async def price_stats_by_category(self) -> list[CategoryPriceStats]:
        """See ``ProductReader.price_stats_by_category``."""
        return [
            CategoryPriceStats(
                category=name, product_count=count, price_sum=int(total), min_price=lowest, max_price=highest
            )
            for name, count, total, lowest, highest in await self._rows.rows(_FIGURES)
        ]


def _read_joined(row: Sequence[Any]) -> ProductWithCategory:
    return _WITH_CATEGORY.read_with(row, category=CATEGORIES.shape.read_optional(row[_WITH_CATEGORY.width :]))


_JOINED_PAGES = Source(_JOINED, products, _read_joined, _CONDITIONS)


def _fields(filter: ProductFilter) -> dict[str, Any]:
    return {
        "category_id": filter.category_id,
        "min_price": filter.min_price,
        "max_price": filter.max_price,
        "max_stock": filter.max_stock,
        "is_active": filter.is_active,
        "search": filter.search,
    }


class SqlProductRepository(SqlRepository[Product], SqlProductReader):
    """See ``ProductRepository``."""

    async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> list[Product]:
        """See ``Repository.add``."""
        return await self.store([shallow_asdict(draft) for draft in drafts], at)

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """See ``SlugLookup.existing_slugs``."""
        return await listing.existing_slugs(self._rows, products.c.slug, bases)

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        """See ``ProductRepository.lock_many``."""
        found = await self._rows.rows(_locked(len(ids)), {f"id_{n}": key for n, key in enumerate(ids)})
        return {product.id: product for product in map(PRODUCTS.shape.read, found)}

    async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """See ``ProductRepository.adjust_stock``. One guarded UPDATE with a CASE over the products."""
        params: dict[str, Any] = {"at": at}
        for n, (key, pieces) in enumerate(changes.items()):
            params[f"id_{n}"], params[f"pieces_{n}"] = key, pieces
        if await self._work.write(_shifting(len(changes)), params) != len(changes):
            raise TransientConflict


def _ids(count: int) -> list[BindParameter[int]]:
    return [bindparam(f"id_{n}", type_=products.c.id.type) for n in range(count)]


@cache
def _locked(count: int) -> Statement:
    query = PRODUCTS.all.where(products.c.id.in_(_ids(count))).order_by(products.c.id)
    return Statement(query.with_for_update(key_share=True))


@cache
def _shifting(count: int) -> Statement:
    ids, stock = _ids(count), products.c.stock_quantity
    pieces = case(*((products.c.id == key, bindparam(f"pieces_{n}", type_=stock.type)) for n, key in enumerate(ids)))
    guarded = products.update().where(products.c.id.in_(ids), (stock + pieces).between(0, MAX_QUANTITY))
    at = bindparam("at", type_=products.c.updated_at.type)
    return Statement(guarded.values(stock_quantity=stock + pieces, **next_version(products, at)))
