"""Tags."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import TAG, Tag, TagDraft
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold
from stockroom_memory.pagination import page
from stockroom_memory.posts import replace_tag
from stockroom_memory.repository import MemoryReader, MemorySlugRepository


class MemoryTagReader(MemoryReader[Tag], TagReader):
    """Tags as committed."""

    entity_type = TAG

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return page(self._read().rows.values(), page_request)


class MemoryTagRepository(MemorySlugRepository[Tag], MemoryTagReader, TagRepository):
    """Tags in a unit of work."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._insert_drafts(drafts, at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        table = self._read()
        found = [table.by("name", key) for key in {fold(name) for name in names}]
        return sorted((tag for tag in found if tag is not None), key=lambda tag: tag.id)

    @override
    async def delete(self, id: int, at: datetime) -> None:
        tag = self._stored.get(id)
        await super().delete(id, at)
        if tag is not None:
            await replace_tag(self._unit, tag.name, [], at)
