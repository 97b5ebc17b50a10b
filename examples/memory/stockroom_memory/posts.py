"""Posts with the names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from core.entities import POST, TAG, Post, PostDraft, PostFilter, Tag
from core.storage import Page, PageRequest
from core.storage.repositories import PostReader, PostRepository
from core.text import fold
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryReader, MemorySlugRepository


class MemoryPostReader(MemoryReader[Post], PostReader):
    """Posts as committed."""

    entity_type = POST

    @override
    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        posts = matching(self._read(), filter)
        tags = self._tables().of(TAG)
        if filter.tag is not None:
            posts = _tagged(posts, tags.by("name", fold(filter.tag)))
        if filter.tag_id is not None:
            posts = _tagged(posts, tags.rows.get(filter.tag_id))
        found = page(posts, page_request)
        return replace(found, items=[self._copied(post) for post in found.items])

    @override
    def _copied(self, row: Post) -> Post:
        return replace(row, tags=list(row.tags))


def _tagged(posts: list[Post], tag: Tag | None) -> list[Post]:
    return [post for post in posts if tag is not None and tag.name in post.tags]


class MemoryPostRepository(MemorySlugRepository[Post], MemoryPostReader, PostRepository):
    """Posts in a unit of work."""

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        names = sorted(tag.name for tag in tags)
        [post] = await self._insert([POST.new_values(draft, at, published_at=published_at, tags=names)])
        return post

    @override
    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        names = self._stored_before(entity).tags if tags is None else sorted(tag.name for tag in tags)
        await super().save(replace(entity, tags=names))
