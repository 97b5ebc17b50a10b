"""Posts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.entities import Post, PostDraft, PostFilter, Tag
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader, SlugLookup


class PostReader(Reader[Post], Protocol):
    """Posts, each with the names of its tags."""

    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        """A page of posts."""
        ...


class PostRepository(PostReader, SlugLookup, Protocol):
    """Posts in a unit of work. Differs from ``Repository`` by the tags, which are given as stored tags."""

    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        """Store one new post with its tags."""
        ...

    async def lock(self, id: int) -> Post:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        """As ``Repository.save``; tags of None leave the stored ones."""
        ...

    async def rename_tag(self, before: Tag, after: Tag, at: datetime) -> None:
        """Replace a tag's name in the posts that have it; each gets a new version, changed ``at`` that time.

        The tag itself is locked, and stored already.
        """
        ...

    async def delete(self, id: int, at: datetime) -> None:
        """As ``Repository.delete``; its links to tags go too."""
        ...

    async def delete_of_author(self, author_id: int, at: datetime) -> None:
        """Remove all posts of a user, as ``delete`` does."""
        ...
