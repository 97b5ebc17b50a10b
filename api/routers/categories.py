"""Categories."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Body, Depends, Response
from pydantic import TypeAdapter

from api.auth.permissions import PUBLIC, SUPERUSERS
from api.dependencies import StorageDep
from api.http.fields import PathId
from api.openapi import problem_responses
from api.pagination import PageResponse, SublistPage, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Category, CategoryDraft, CategoryNode, CategoryPatch, CategoryProducts
from core.errors import CategoryCycle, Duplicate, UnknownReference
from core.services import catalogue
from core.services.versioning import delete
from core.storage import PageRequest, sorts

router = Router("categories")

_CATEGORY = TypeAdapter(Category)

CategoriesPage = Annotated[PageRequest, Depends(sortable(sorts.CATEGORIES))]


@router.post("", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate, UnknownReference))
async def create_category(given: CategoryDraft, storage: StorageDep) -> Category:
    """Create a category.

    A slug left out is derived from the name and numbered where it is taken.
    """
    return await catalogue.create_category(storage, given)


@router.get("", permission=PUBLIC)
async def list_categories(storage: StorageDep, page_request: CategoriesPage) -> PageResponse[Category]:
    """List categories."""
    return PageResponse.of(await storage.categories.page(page_request), page_request)


@router.get("/tree", permission=PUBLIC, response_model=list[CategoryNode])
async def get_category_tree(storage: StorageDep) -> Response:
    """Get all categories as a forest.

    Those without a parent, each with all below it; siblings by name.
    """
    return Response(_forest(await catalogue.category_tree(storage)), media_type="application/json")


def _forest(roots: Sequence[CategoryNode]) -> bytes:
    """The JSON of a forest of any depth: not recursive, because pydantic's serializer fails below some 250 levels."""
    parts = [b"["]
    levels = [iter(roots)]
    while levels:
        node = next(levels[-1], None)
        if node is None:
            levels.pop()
            parts.append(b"]}" if levels else b"]")
        else:
            comma = b"," if parts[-1] == b"]}" else b""
            parts.append(comma + _CATEGORY.dump_json(node)[:-1] + b',"children":[')
            levels.append(iter(node.children))
    return b"".join(parts)


@router.get("/{id}", permission=PUBLIC)
async def get_category(id: PathId, storage: StorageDep) -> Category:
    """Get a category."""
    return await storage.categories.get(id)


@router.put("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference, CategoryCycle))
async def replace_category(
    id: PathId, given: CategoryDraft, storage: StorageDep, expected: ExpectedVersions
) -> Category:
    """Replace every editable field of a category.

    A field left out takes its default; a slug left out stays as it is, so that links go on working.
    """
    return await catalogue.replace_category(storage, id, given, expected)


@router.patch("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference, CategoryCycle))
async def update_category(
    id: PathId, given: Annotated[CategoryPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Category:
    """Change the fields of a category that are sent, and no others."""
    return await catalogue.change_category(storage, id, given, expected)


@router.delete("/{id}", permission=SUPERUSERS, status_code=204)
async def delete_category(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a category.

    Its products lose their category; the categories below it lose their parent.
    """
    await storage.run(lambda tx: delete(tx.categories, id, expected))


@router.get("/{id}/products", permission=PUBLIC)
async def get_category_products(id: PathId, storage: StorageDep, page_request: SublistPage) -> CategoryProducts:
    """Get a category with a page of its products, newest first."""
    return await catalogue.category_products(storage, id, page_request)
