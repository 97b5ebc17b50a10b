"""Products."""

from typing import Annotated

from fastapi import Body, Depends, Query

from api.auth.permissions import PUBLIC, SUPERUSERS
from api.dependencies import StorageDep
from api.http.fields import Id, PathId, QueryFlag, QueryPrice, Search, Threshold, clean_path_name
from api.openapi import problem_responses
from api.pagination import PageResponse, ordered, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import CategoryStats, Product, ProductDraft, ProductPatch, ProductWithCategory, StockChange
from core.errors import Duplicate, InsufficientStock, StillReferenced, StockLimit, UnknownReference
from core.services import catalogue
from core.services.bulk import prefix_single_item_errors
from core.services.versioning import delete
from core.storage import PageRequest, ProductFilter, sorts

router = Router("products")

ProductsPage = Annotated[PageRequest, Depends(sortable(sorts.PRODUCTS))]
LeastStockPage = Annotated[PageRequest, Depends(ordered(sorts.LEAST_STOCK_FIRST))]
ProductDrafts = Annotated[list[ProductDraft], Body(min_length=1, max_length=1000)]


async def _filter(
    category_id: Annotated[Id | None, Query()] = None,
    min_price: Annotated[QueryPrice | None, Query(description="Lowest price, included.")] = None,
    max_price: Annotated[QueryPrice | None, Query(description="Highest price, included.")] = None,
    is_active: QueryFlag | None = None,
    search: Search = None,
) -> ProductFilter:
    return ProductFilter(
        category_id=category_id,
        min_price=min_price,
        max_price=max_price,
        is_active=is_active,
        search=search or None,
    )


@router.post("", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate, UnknownReference))
async def create_product(given: ProductDraft, storage: StorageDep) -> Product:
    """Create a product.

    The SKU is stored in upper case. A slug left out is derived from the name and numbered where it is taken. A price
    is a number or a string with at most two decimals.
    """
    return await catalogue.create_product(storage, given)


@router.post("/bulk", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate, UnknownReference))
async def create_products(given: ProductDrafts, storage: StorageDep) -> list[Product]:
    """Create up to a thousand products, all or none.

    The answer lists them in the order given. Errors name the product by its position, as in `3.sku`.
    """
    with prefix_single_item_errors(given):
        return await catalogue.create_products(storage, given)


@router.get("", permission=PUBLIC)
async def list_products(
    storage: StorageDep, page_request: ProductsPage, filter: Annotated[ProductFilter, Depends(_filter)]
) -> PageResponse[Product]:
    """List products.

    `search` looks in name and description.
    """
    return PageResponse.of(await storage.products.page(filter, page_request), page_request)


@router.get("/low-stock", permission=SUPERUSERS)
async def list_low_stock(
    storage: StorageDep, page_request: LeastStockPage, threshold: Threshold = 10
) -> PageResponse[Product]:
    """List the active products with low stock, the lowest first."""
    found = await storage.products.page(ProductFilter(is_active=True, max_stock=threshold), page_request)
    return PageResponse.of(found, page_request)


@router.get("/with-categories", permission=PUBLIC)
async def list_products_with_categories(
    storage: StorageDep, page_request: ProductsPage
) -> PageResponse[ProductWithCategory]:
    """List the active products, each with its category."""
    return PageResponse.of(
        await storage.products.page_with_category(ProductFilter(is_active=True), page_request), page_request
    )


@router.get("/by-category-stats", permission=SUPERUSERS)
async def get_category_stats(storage: StorageDep) -> list[CategoryStats]:
    """Get price statistics of each category's active products.

    Most products first, ties by name; products without a category are counted under null. Averages are rounded half
    to even.
    """
    return await catalogue.category_stats(storage)


@router.get("/by-sku/{sku}", permission=PUBLIC)
async def get_product_by_sku(sku: str, storage: StorageDep) -> Product:
    """Get the product with an SKU, in any case."""
    return await storage.products.by_sku(clean_path_name("product", sku).upper())


@router.get("/by-slug/{slug}", permission=PUBLIC)
async def get_product_by_slug(slug: str, storage: StorageDep) -> Product:
    """Get the product with a slug."""
    return await storage.products.by_slug(clean_path_name("product", slug))


@router.get("/{id}", permission=PUBLIC)
async def get_product(id: PathId, storage: StorageDep) -> Product:
    """Get a product."""
    return await storage.products.get(id)


@router.get("/{id}/with-category", permission=PUBLIC)
async def get_product_with_category(id: PathId, storage: StorageDep) -> ProductWithCategory:
    """Get a product with its category."""
    return await catalogue.product_with_category(storage, id)


@router.put("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference))
async def replace_product(id: PathId, given: ProductDraft, storage: StorageDep, expected: ExpectedVersions) -> Product:
    """Replace every editable field of a product.

    A field left out takes its default; a slug left out stays as it is, so that links go on working.
    """
    return await catalogue.replace_product(storage, id, given, expected)


@router.patch("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference))
async def update_product(
    id: PathId, given: Annotated[ProductPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Product:
    """Change the fields of a product that are sent, and no others."""
    return await catalogue.change_product(storage, id, given, expected)


@router.delete("/{id}", permission=SUPERUSERS, status_code=204, responses=problem_responses(StillReferenced))
async def delete_product(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a product.

    Refused once it has been ordered; deactivate it instead.
    """
    await storage.run(lambda tx: delete(tx.products, id, expected))


@router.post("/{id}/stock", permission=SUPERUSERS, responses=problem_responses(InsufficientStock, StockLimit))
async def change_stock(id: PathId, given: StockChange, storage: StorageDep, expected: ExpectedVersions) -> Product:
    """Add to the stock of a product, or take away from it.

    Atomic, also while the product is being ordered.
    """
    return await catalogue.change_stock(storage, id, given.quantity_change, expected)
