"""Tags."""

from collections.abc import Callable, Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import POST, TAG, Tag, TagDraft
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold
from stockroom_memory.pagination import page
from stockroom_memory.repository import MemoryReader, MemorySlugRepository
from stockroom_memory.unit_of_work import new_version


class MemoryTagReader(MemoryReader[Tag], TagReader):
    """Tags as committed."""

    entity_type = TAG

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return page(self._read().rows.values(), page_request)


class MemoryTagRepository(MemorySlugRepository[Tag], MemoryTagReader, TagRepository):
    """Tags in a unit of work. A post holds the names of its tags, so a change of a name is a change of the post."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._insert_drafts(drafts, at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        table = self._read()
        found = [table.by("name", key) for key in {fold(name) for name in names}]
        return sorted((tag for tag in found if tag is not None), key=lambda tag: tag.id)

    @override
    async def save(self, entity: Tag) -> None:
        before = self._stored_before(entity)
        await super().save(entity)
        if before.name != entity.name:
            await self._change_posts(before.name, lambda names: [*names, entity.name], entity.updated_at)

    @override
    async def delete(self, id: int, at: datetime) -> None:
        tag = self._stored.get(id)
        await super().delete(id, at)
        if tag is not None:
            await self._change_posts(tag.name, lambda names: names, at)

    async def _change_posts(self, name: str, rename: Callable[[list[str]], list[str]], at: datetime) -> None:
        """Take a name from the posts that have it; ``rename`` makes their new names of the rest."""
        posts = [post for post in self._unit.tables.of(POST).rows.values() if name in post.tags]
        renamed = [sorted(rename([tag for tag in post.tags if tag != name])) for post in posts]
        changed = [new_version(post, at, tags=names) for post, names in zip(posts, renamed, strict=True)]
        await self._unit.write(POST, changed)
