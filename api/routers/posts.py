"""Posts."""

from typing import Annotated

from fastapi import Body, Depends, Query

from api.auth.permissions import SUPERUSERS, Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import Id, PathId, Search
from api.openapi import problem_responses
from api.pagination import PageResponse, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Post, PostDraft, PostPatch, PostStatus
from core.entities.tags import TagName
from core.errors import Duplicate, UnknownReference
from core.services import posts
from core.services.versioning import delete
from core.storage import PageRequest, PostFilter, sorts

router = Router("posts")

VISIBLE_POSTS = Permission(audience=Audience.READER, description="published ones; its author also an unpublished one")
LISTED_POSTS = Permission(
    audience=Audience.READER, description="published ones; with its own `author_id` all it has written"
)
VIEWED_POSTS = Permission(
    audience=Audience.READER,
    description="published ones; to the author of an unpublished one it is 403",
    can_forbid=True,
)

PostsPage = Annotated[PageRequest, Depends(sortable(sorts.POSTS))]


async def _filter(
    author_id: Annotated[Id | None, Query()] = None,
    tag: Annotated[TagName | None, Query(description="Name of a tag, in any case.")] = None,
    status: Annotated[PostStatus | None, Query()] = None,
    search: Search = None,
) -> PostFilter:
    return PostFilter(author_id=author_id, tag=tag, status=status, search=search or None)


@router.post("", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate, UnknownReference))
async def create_post(given: PostDraft, storage: StorageDep) -> Post:
    """Create a post.

    Tags are given by name, and created where they do not exist. A slug left out is derived from the title and numbered
    where it is taken.
    """
    return await posts.create_post(storage, given)


@router.get("", permission=LISTED_POSTS)
async def list_posts(
    storage: StorageDep, page_request: PostsPage, filter: Annotated[PostFilter, Depends(_filter)]
) -> PageResponse[Post]:
    """List posts.

    `search` looks in title and content.
    """
    return PageResponse.of(await storage.posts.page(filter, page_request), page_request)


@router.get("/{id}", permission=VISIBLE_POSTS)
async def get_post(id: PathId, storage: StorageDep) -> Post:
    """Get a post; does not count as a view."""
    return await storage.posts.get(id)


@router.put("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference))
async def replace_post(id: PathId, given: PostDraft, storage: StorageDep, expected: ExpectedVersions) -> Post:
    """Replace every editable field of a post.

    A field left out takes its default; a slug left out stays as it is, so that links go on working.
    """
    return await posts.replace_post(storage, id, given, expected)


@router.patch("/{id}", permission=SUPERUSERS, responses=problem_responses(Duplicate, UnknownReference))
async def update_post(
    id: PathId, given: Annotated[PostPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Post:
    """Change the fields of a post that are sent, and no others.

    `published_at` is set when it is published for the first time.
    """
    return await posts.change_post(storage, id, given, expected)


@router.delete("/{id}", permission=SUPERUSERS, status_code=204)
async def delete_post(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a post; its tags stay."""
    await storage.run(lambda tx: delete(tx.posts, id, expected))


@router.post("/{id}/view", permission=VIEWED_POSTS)
async def view_post(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> Post:
    """Count one view of a post.

    Atomic: of concurrent views all are counted.
    """
    return await posts.count_view(storage, id, expected)
