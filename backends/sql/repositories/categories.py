"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository
from core.entities import CATEGORY, Category, CategoryDraft
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryReader, CategoryRepository

CATEGORIES: EntityMapping[Category] = EntityMapping(CATEGORY)
categories = CATEGORIES.table

_BY_NAME = CATEGORIES.all.order_by(categories.c.name, categories.c.id)
_ALL_LOCKED = CATEGORIES.all.order_by(categories.c.id).with_for_update(key_share=True)


class SqlCategoryReader(SqlReader[Category], CategoryReader):
    """Categories, outside a unit of work."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Category]:
        return await CATEGORIES.pages.page(self._executor, {}, page_request)

    @override
    async def all(self) -> list[Category]:
        return [CATEGORIES.mapper.read(row) for row in await self._executor.rows(_BY_NAME)]


class SqlCategoryRepository(SqlSlugRepository[Category], SqlCategoryReader, CategoryRepository):
    """Categories, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        return await self._insert_drafts(drafts, at)

    @override
    async def lock_all(self) -> list[Category]:
        return [CATEGORIES.mapper.read(row) for row in await self._executor.rows(_ALL_LOCKED)]
