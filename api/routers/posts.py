"""Posts."""

from typing import Annotated

from fastapi import Body, Depends, Query

from api.dependencies import StorageDep
from api.document import refusals
from api.lists import Listing, sortable
from api.parameters import Id, PathId, Search
from api.preconditions import ExpectedVersions
from api.routes import router as make_router
from core.entities import Post, PostDraft, PostPatch, PostStatus
from core.entities.tags import TagName
from core.errors import Duplicate, UnknownReference
from core.services import posts
from core.services.versioning import delete
from core.storage import PageRequest, PostFilter, sorts

router = make_router("posts")

PostsWindow = Annotated[PageRequest, Depends(sortable(sorts.POSTS))]


async def _filter(
    author_id: Annotated[Id | None, Query()] = None,
    tag: Annotated[TagName | None, Query(description="Name of a tag, in any case.")] = None,
    status: Annotated[PostStatus | None, Query()] = None,
    search: Search = None,
) -> PostFilter:
    return PostFilter(author_id=author_id, tag=tag, status=status, search=search or None)


@router.post("", status_code=201, responses=refusals(Duplicate, UnknownReference))
async def create_post(given: PostDraft, storage: StorageDep) -> Post:
    """Create a post.

    Tags are given by name; those nobody used before are created. A slug left out is derived from the title and
    numbered where it is taken.
    """
    return await posts.create_post(storage, given)


@router.get("")
async def list_posts(
    storage: StorageDep, page_request: PostsWindow, filter: Annotated[PostFilter, Depends(_filter)]
) -> Listing[Post]:
    """List posts.

    `search` looks in title and content.
    """
    return Listing.of(await storage.posts.page(filter, page_request), page_request)


@router.get("/{id}")
async def get_post(id: PathId, storage: StorageDep) -> Post:
    """Get a post; does not count as a view."""
    return await storage.posts.get(id)


@router.put("/{id}", responses=refusals(Duplicate, UnknownReference))
async def replace_post(id: PathId, given: PostDraft, storage: StorageDep, expected: ExpectedVersions) -> Post:
    """Replace every editable field of a post.

    A field left out takes its default; a slug left out stays as it is, so that links go on working.
    """
    return await posts.replace_post(storage, id, given, expected)


@router.patch("/{id}", responses=refusals(Duplicate, UnknownReference))
async def update_post(
    id: PathId, given: Annotated[PostPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Post:
    """Change the fields of a post that are sent, and no others.

    It is dated when it becomes published for the first time.
    """
    return await posts.change_post(storage, id, given, expected)


@router.delete("/{id}", status_code=204)
async def delete_post(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a post; its tags stay."""
    await storage.run(lambda tx: delete(tx.posts, id, expected))


@router.post("/{id}/view")
async def view_post(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> Post:
    """Count one view of a post.

    Atomic: as many calls, as many views.
    """
    return await posts.count_view(storage, id, expected)
