"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import CATEGORY, Category, CategoryDraft
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryReader, CategoryRepository
from stockroom_memory.pagination import page
from stockroom_memory.repository import MemoryReader, MemorySlugRepository


class MemoryCategoryReader(MemoryReader[Category], CategoryReader):
    """Categories as committed."""

    entity_type = CATEGORY

    @override
    async def page(self, page_request: PageRequest) -> Page[Category]:
        return page(self._read().rows.values(), page_request)

    @override
    async def all(self) -> list[Category]:
        return sorted(self._read().rows.values(), key=lambda category: (category.name, category.id))


class MemoryCategoryRepository(MemorySlugRepository[Category], MemoryCategoryReader, CategoryRepository):
    """Categories in a unit of work."""

    @override
    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        return await self._insert_drafts(drafts, at)

    @override
    async def lock_all(self) -> list[Category]:
        return list(self._read().rows.values())
