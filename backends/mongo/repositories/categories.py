"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoSlugRepository
from core.entities import CATEGORY, Category, CategoryDraft
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryReader, CategoryRepository

CATEGORIES: EntityMapping[Category] = EntityMapping(CATEGORY)


class MongoCategoryReader(MongoReader[Category], CategoryReader):
    """Categories."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Category]:
        return await fetch_page(self._collection, {}, page_request, CATEGORIES.mapper)

    @override
    async def all(self) -> list[Category]:
        return await self._find_all({}, [("name", 1)])


class MongoCategoryRepository(MongoSlugRepository[Category], MongoCategoryReader, CategoryRepository):
    """Categories in a unit of work."""

    @override
    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        return await self._create_drafts(drafts, at)

    @override
    async def lock_all(self) -> list[Category]:
        categories = await self.all()
        for category in categories:
            self._unit.lock("categories", category)
        return categories
