"""Tags."""

from typing import Annotated

from fastapi import Body, Depends

from api.auth.permissions import PUBLIC, SUPERUSERS, Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import PathId
from api.openapi import problem_responses
from api.pagination import PageResponse, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Post, Tag, TagDraft, TagPatch
from core.errors import Duplicate
from core.services import posts
from core.services.versioning import delete
from core.storage import PageRequest, sorts

router = Router("tags")

TAGGED_POSTS = Permission(audience=Audience.READER, description="published ones")

TagsPage = Annotated[PageRequest, Depends(sortable(sorts.TAGS))]
PostsPage = Annotated[PageRequest, Depends(sortable(sorts.POSTS))]


@router.post("", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate))
async def create_tag(given: TagDraft, storage: StorageDep) -> Tag:
    """Create a tag.

    A slug left out is derived from the name and numbered where it is taken.
    """
    return await posts.create_tag(storage, given)


@router.get("", permission=PUBLIC)
async def list_tags(storage: StorageDep, page_request: TagsPage) -> PageResponse[Tag]:
    """List tags."""
    return PageResponse.of(await storage.tags.page(page_request), page_request)


@router.get("/{id}", permission=PUBLIC)
async def get_tag(id: PathId, storage: StorageDep) -> Tag:
    """Get a tag."""
    return await storage.tags.get(id)


@router.put("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate))
async def replace_tag(id: PathId, given: TagDraft, storage: StorageDep, expected: ExpectedVersions) -> Tag:
    """Replace every editable field of a tag.

    A slug left out stays as it is, so that links go on working.
    """
    return await posts.replace_tag(storage, id, given, expected)


@router.patch("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate))
async def update_tag(
    id: PathId, given: Annotated[TagPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Tag:
    """Change the fields of a tag that are sent, and no others."""
    return await posts.change_tag(storage, id, given, expected)


@router.delete("/{id}", permission=SUPERUSERS, status_code=204)
async def delete_tag(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a tag; the posts that have it stay, without it."""
    await storage.run(lambda tx: delete(tx.tags, id, expected))


@router.get("/{id}/posts", permission=TAGGED_POSTS)
async def list_tag_posts(id: PathId, storage: StorageDep, page_request: PostsPage) -> PageResponse[Post]:
    """List the posts that have a tag."""
    return PageResponse.of(await posts.posts_of_tag(storage, id, page_request), page_request)
