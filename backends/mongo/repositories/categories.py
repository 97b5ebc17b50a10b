"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from backends.mongo.aggregate import Aggregate, MongoReader, MongoRepository
from backends.mongo.claims import Unique
from backends.mongo.shape import Shape
from backends.mongo.windows import page
from core import clock
from core.entities import Category, CategoryDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest

CATEGORIES = Aggregate(
    "category",
    "categories",
    Shape(Category, distinct={"name"}),
    references={"parent_id": "categories"},
    uniques=(Unique("name", ("name",)), Unique("slug", ("slug",))),
)


class MongoCategoryReader(MongoReader[Category]):
    """See ``CategoryReader``."""

    async def page(self, page_request: PageRequest) -> Page[Category]:
        """See ``CategoryReader.page``."""
        return await page(self._collection, {}, page_request, CATEGORIES.shape)

    async def all(self) -> list[Category]:
        """See ``CategoryReader.all``."""
        return await self._all({}, [("name", 1)])


class MongoCategoryRepository(MongoRepository[Category], MongoCategoryReader):
    """See ``CategoryRepository``."""

    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        """See ``Repository.add``."""
        return await self._store([shallow_asdict(draft) for draft in drafts], at)

    async def lock_all(self) -> list[Category]:
        """See ``CategoryRepository.lock_all``."""
        categories = await self.all()
        for category in categories:
            self._work.lock("categories", category)
        return categories

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        await super().delete(id)
        changed = {"$max": {"updated_at": clock.now()}, "$inc": {"version": 1}}
        await self._work.collection("products").update_many(
            {"category_id": id}, {"$set": {"category_id": None}, **changed}
        )
        await self._collection.update_many({"parent_id": id}, {"$set": {"parent_id": None}, **changed})
