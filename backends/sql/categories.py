"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from backends.sql import listing
from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.listing import Source
from backends.sql.mapping import Shape
from backends.sql.probe import Unique
from backends.sql.schema import categories, products
from backends.sql.versions import next_version
from core import clock
from core.entities import Category, CategoryDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest

CATEGORIES = Aggregate(
    "category",
    Shape(Category, categories),
    uniques=[Unique("name", ("name",)), Unique("slug", ("slug",))],
    ripples=True,
)
_BY_NAME = CATEGORIES.all.order_by(categories.c.name, categories.c.id)
_ALL_LOCKED = CATEGORIES.all.order_by(categories.c.id).with_for_update(key_share=True)
_PAGES = Source(CATEGORIES.all, categories, CATEGORIES.shape.read)


class SqlCategoryReader(SqlReader[Category]):
    """See ``CategoryReader``."""

    async def page(self, page_request: PageRequest) -> Page[Category]:
        """See ``CategoryReader.page``."""
        return await _PAGES.page(self._rows, {}, page_request)

    async def all(self) -> list[Category]:
        """See ``CategoryReader.all``."""
        return [CATEGORIES.shape.read(row) for row in await self._rows.rows(_BY_NAME)]


class SqlCategoryRepository(SqlRepository[Category], SqlCategoryReader):
    """See ``CategoryRepository``."""

    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        """See ``Repository.add``."""
        return await self.store([shallow_asdict(draft) for draft in drafts], at)

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """See ``SlugLookup.existing_slugs``."""
        return await listing.existing_slugs(self._rows, categories.c.slug, bases)

    async def lock_all(self) -> list[Category]:
        """See ``CategoryRepository.lock_all``."""
        return [CATEGORIES.shape.read(row) for row in await self._rows.rows(_ALL_LOCKED)]

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``. The references become null here, so that the change is a version of its own."""
        await self.lock(id)
        at = clock.now()
        for table, column in ((products, products.c.category_id), (categories, categories.c.parent_id)):
            orphans = table.update().where(column == id)
            await self._work.write(orphans.values({column: None, **next_version(table, at)}))
        await super().delete(id)
