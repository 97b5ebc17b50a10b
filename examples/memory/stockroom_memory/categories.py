"""Categories."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from core.entities import Category, CategoryDraft
from core.storage import Page, PageRequest
from stockroom_memory.listing import page
from stockroom_memory.repository import MemoryReader, SlugRepository
from stockroom_memory.schema import CATEGORIES


class MemoryCategoryReader(MemoryReader[Category]):
    """See ``CategoryReader``."""

    kind = CATEGORIES

    async def page(self, page_request: PageRequest) -> Page[Category]:
        """See ``CategoryReader.page``."""
        return page(self._read().rows.values(), page_request)

    async def all(self) -> list[Category]:
        """See ``CategoryReader.all``."""
        return sorted(self._read().rows.values(), key=lambda category: (category.name, category.id))


class MemoryCategoryRepository(SlugRepository[Category], MemoryCategoryReader):
    """See ``CategoryRepository``."""

    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        """See ``Repository.add``."""
        return self._insert([asdict(draft) for draft in drafts], at)

    async def lock_all(self) -> list[Category]:
        """See ``CategoryRepository.lock_all``."""
        return list(self._read().rows.values())
