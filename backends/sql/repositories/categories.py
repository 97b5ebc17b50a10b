"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery
from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository, next_version
from backends.sql.schema import categories, products
from backends.sql.violations import Unique
from core import clock
from core.entities import Category, CategoryDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryReader, CategoryRepository

CATEGORIES = EntityMapping(
    "category",
    RowMapper(Category, categories),
    uniques=[Unique("name", ("name",)), Unique("slug", ("slug",))],
    locks_exclusively=True,
)
_BY_NAME = CATEGORIES.all.order_by(categories.c.name, categories.c.id)
_ALL_LOCKED = CATEGORIES.all.order_by(categories.c.id).with_for_update(key_share=True)
_PAGES = PagedQuery(CATEGORIES.all, categories, CATEGORIES.mapper.read)


class SqlCategoryReader(SqlReader[Category], CategoryReader):
    """Categories, outside a unit of work."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Category]:
        return await _PAGES.page(self._executor, {}, page_request)

    @override
    async def all(self) -> list[Category]:
        return [CATEGORIES.mapper.read(row) for row in await self._executor.rows(_BY_NAME)]


class SqlCategoryRepository(SqlSlugRepository[Category], SqlCategoryReader, CategoryRepository):
    """Categories, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        return await self._insert([shallow_asdict(draft) for draft in drafts], at)

    @override
    async def lock_all(self) -> list[Category]:
        return [CATEGORIES.mapper.read(row) for row in await self._executor.rows(_ALL_LOCKED)]

    @override
    async def delete(self, id: int) -> None:
        """References to it become null here, so that each of those changes is a version of its own."""
        await self.lock(id)
        at = clock.now()
        for table, column in ((products, products.c.category_id), (categories, categories.c.parent_id)):
            orphans = table.update().where(column == id)
            await self._executor.write(orphans.values({column: None, **next_version(table, at)}))
        await super().delete(id)
