"""Categories and products."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core import clock, money
from core.entities import (
    Category,
    CategoryDraft,
    CategoryNode,
    CategoryProducts,
    CategoryStats,
    Product,
    ProductDraft,
    ProductWithCategory,
)
from core.entities.construct import shallow_asdict
from core.entities.fields import MAX_QUANTITY
from core.errors import CategoryCycle, FieldError, InsufficientStock, NotFound, StockLimit
from core.services import slugs
from core.services.bulk import check_distinct
from core.services.versioning import ExpectedVersions, change, check_version, lock_expecting, save_changes
from core.storage import PageRequest, ProductFilter, Storage, Transaction


async def create_category(storage: Storage, draft: CategoryDraft) -> Category:
    """Store a category."""

    async def work(tx: Transaction) -> Category:
        ready = await slugs.assign_slugs(tx.categories, [draft], "name", "category")
        [category] = await tx.categories.add(ready, clock.now())
        return category

    return await slugs.run_with_slug_retry(storage, work, {"categories": slugs.derived_fields([draft])})


async def change_category(
    storage: Storage, id: int, changes: Mapping[str, Any], expected: ExpectedVersions = None
) -> Category:
    """Change fields of a category.

    Raises:
        CategoryCycle: it would be below itself.
    """

    async def work(tx: Transaction) -> Category:
        category = await (_lock_in_forest(tx, id, changes) if changes.get("parent_id") else tx.categories.lock(id))
        return await save_changes(tx.categories, check_version(category, expected), changes)

    return await storage.run(work)


async def _lock_in_forest(tx: Transaction, id: int, changes: Mapping[str, Any]) -> Category:
    """Lock a category that is to get another parent; all others with it, or two such changes could close a cycle."""
    forest = {category.id: category for category in await tx.categories.lock_all()}
    if id not in forest:
        return await tx.categories.lock(id)
    ancestor = changes["parent_id"]
    while ancestor is not None:
        if ancestor == id:
            error = FieldError("parent_id", "Is the category itself or below it.", "category-cycle")
            raise CategoryCycle("A category cannot be below itself.", [error])
        ancestor = forest[ancestor].parent_id if ancestor in forest else None
    return forest[id]


async def replace_category(
    storage: Storage, id: int, draft: CategoryDraft, expected: ExpectedVersions = None
) -> Category:
    """Replace every editable field; a slug left out stays as it is, so that links go on working."""
    return await change_category(storage, id, slugs.omit_unset_slug(asdict(draft)), expected)


async def category_tree(storage: Storage) -> list[CategoryNode]:
    """The categories without a parent, each with all below it; siblings by name."""
    roots: list[CategoryNode] = []
    categories = await storage.categories.all()
    nodes = {category.id: CategoryNode(**asdict(category), children=[]) for category in categories}
    for node in nodes.values():
        parent = nodes.get(node.parent_id) if node.parent_id is not None else None
        (parent.children if parent else roots).append(node)
    return roots


async def category_products(storage: Storage, id: int, page_request: PageRequest) -> CategoryProducts:
    """A category with a page of its products."""
    category = await storage.categories.get(id)
    page = await storage.products.page(ProductFilter(category_id=id), page_request)
    return CategoryProducts(category=category, product_count=page.total or 0, products=page.items)


async def product_with_category(storage: Storage, id: int) -> ProductWithCategory:
    """A product with its category."""
    product = await storage.products.get(id)
    category = None
    if product.category_id is not None:
        try:
            category = await storage.categories.get(product.category_id)
        except NotFound:  # deleted since; the product has lost it, or gone too
            product = await storage.products.get(id)
    return ProductWithCategory(**shallow_asdict(product), category=category)


async def create_product(storage: Storage, draft: ProductDraft) -> Product:
    """Store a new product."""

    async def work(tx: Transaction) -> Product:
        [product] = await tx.products.add(
            await slugs.assign_slugs(tx.products, [draft], "name", "product"), clock.now()
        )
        return product

    return await slugs.run_with_slug_retry(storage, work, {"products": slugs.derived_fields([draft])})


async def create_products(storage: Storage, drafts: Sequence[ProductDraft]) -> list[Product]:
    """Store new products, all or none."""
    check_distinct(
        drafts,
        {
            "slug": lambda d: d.slug,
            "sku": lambda d: d.sku,
            "name": lambda d: None if d.category_id is None else (d.name, d.category_id),
        },
    )

    async def work(tx: Transaction) -> list[Product]:
        return await tx.products.add(await slugs.assign_slugs(tx.products, drafts, "name", "product"), clock.now())

    return await slugs.run_with_slug_retry(storage, work, {"products": slugs.derived_fields(drafts)})


async def change_product(
    storage: Storage, id: int, changes: Mapping[str, Any], expected: ExpectedVersions = None
) -> Product:
    """Change fields of a product."""
    return await storage.run(lambda tx: change(tx.products, id, changes, expected))


async def replace_product(storage: Storage, id: int, draft: ProductDraft, expected: ExpectedVersions = None) -> Product:
    """Replace every editable field; a slug left out stays as it is, so that links go on working."""
    return await change_product(storage, id, slugs.omit_unset_slug(asdict(draft)), expected)


async def change_stock(storage: Storage, id: int, pieces: int, expected: ExpectedVersions = None) -> Product:
    """Add to the stock of a product, or take away.

    Raises:
        InsufficientStock: it would fall below zero.
        StockLimit: it would exceed ``MAX_QUANTITY``.
    """

    async def work(tx: Transaction) -> Product:
        product = await lock_expecting(tx.products, id, expected)
        stock = product.stock_quantity + pieces
        if stock < 0:
            error = FieldError("quantity_change", f"Only {product.stock_quantity} in stock.", "insufficient-stock")
            raise InsufficientStock("The stock cannot fall below zero.", [error])
        if stock > MAX_QUANTITY:
            error = FieldError("quantity_change", f"The stock cannot exceed {MAX_QUANTITY}.", "stock-limit")
            raise StockLimit(f"The stock cannot exceed {MAX_QUANTITY}.", [error])
        return await save_changes(tx.products, product, {"stock_quantity": stock})

    return await storage.run(work)


async def category_stats(storage: Storage) -> list[CategoryStats]:
    """Price figures of each category's active products: most products first, ties by name, those without one first."""
    figures = await storage.products.price_stats_by_category()
    figures.sort(key=lambda f: (-f.product_count, f.category is not None, f.category or ""))
    return [
        CategoryStats(
            category=f.category,
            product_count=f.product_count,
            avg_price=money.mean(f.price_sum, f.product_count),
            min_price=f.min_price,
            max_price=f.max_price,
        )
        for f in figures
    ]
