"""Posts with the names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from core.entities import POST, TAG, Post, PostDraft, PostFilter, Tag
from core.storage import Page, PageRequest
from core.storage.repositories import PostReader, PostRepository
from core.storage.round_trips import record_start
from core.text import fold
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryReader, MemorySlugRepository
from stockroom_memory.unit_of_work import UnitOfWork, new_version


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


async def replace_tag(unit: UnitOfWork, name: str, by: list[str], at: datetime) -> None:
    """Replace a tag's name in the posts that have it; each gets a new version."""
    posts = [post for post in unit.tables.of(POST).rows.values() if name in post.tags]
    names = [sorted([*by, *(tag for tag in post.tags if tag != name)]) for post in posts]
    await unit.write(POST, [new_version(post, at, tags=tags) for post, tags in zip(posts, names, strict=True)])


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

    @override
    async def delete_of_author(self, author_id: int, at: datetime) -> None:
        record_start("delete posts")
        await self._unit.delete(POST, {post.id for post in self._stored.values() if post.author_id == author_id}, at)

    @override
    async def rename_tag(self, before: Tag, after: Tag, at: datetime) -> None:
        record_start("update posts")
        await replace_tag(self._unit, before.name, [after.name], at)
