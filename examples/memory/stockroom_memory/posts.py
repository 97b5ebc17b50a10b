"""Posts with the names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.entities import Post, PostDraft, Tag
from core.storage import Page, PageRequest, PostFilter
from core.text import fold
from stockroom_memory.listing import matching, page
from stockroom_memory.repository import MemoryReader, SlugRepository
from stockroom_memory.schema import POSTS, TAGS


class MemoryPostReader(MemoryReader[Post]):
    """See ``PostReader``."""

    kind = POSTS

    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        """See ``PostReader.page``."""
        posts = matching(self._read(), filter.search, author_id=filter.author_id, status=filter.status)
        tags = self._tables().of(TAGS)
        if filter.tag is not None:
            posts = _tagged(posts, tags.by("name", fold(filter.tag)))
        if filter.tag_id is not None:
            posts = _tagged(posts, tags.rows.get(filter.tag_id))
        found = page(posts, page_request)
        return replace(found, items=[self._apart(post) for post in found.items])

    def _apart(self, row: Post) -> Post:
        return replace(row, tags=list(row.tags))


def _tagged(posts: list[Post], tag: Tag | None) -> list[Post]:
    return [post for post in posts if tag is not None and tag.name in post.tags]


class MemoryPostRepository(SlugRepository[Post], MemoryPostReader):
    """See ``PostRepository``."""

    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        """See ``PostRepository.add``."""
        values = {
            "title": draft.title,
            "slug": draft.slug,
            "content": draft.content,
            "status": draft.status,
            "author_id": draft.author_id,
            "view_count": 0,
            "published_at": published_at,
            "tags": sorted(tag.name for tag in tags),
        }
        [post] = self._insert([values], at)
        return post

    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        """See ``PostRepository.save``."""
        names = self._guard(entity).tags if tags is None else sorted(tag.name for tag in tags)
        await super().save(replace(entity, tags=names))
