"""Categories."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.mapper import DocumentMapper
from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
from backends.mongo.violations import UniqueKey
from core import clock
from core.entities import Category, CategoryDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.storage.repositories import CategoryReader, CategoryRepository

CATEGORIES = EntityMapping(
    "category",
    "categories",
    DocumentMapper(Category, unique_sorts={"name"}),
    references={"parent_id": "categories"},
    unique_keys=(UniqueKey("name", ("name",)), UniqueKey("slug", ("slug",))),
)


class MongoCategoryReader(MongoReader[Category], CategoryReader):
    """Categories."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Category]:
        return await fetch_page(self._collection, {}, page_request, CATEGORIES.mapper)

    @override
    async def all(self) -> list[Category]:
        return await self._find_all({}, [("name", 1)])


class MongoCategoryRepository(MongoRepository[Category], MongoCategoryReader, CategoryRepository):
    """Categories in a unit of work."""

    @override
    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> list[Category]:
        return await self._create([shallow_asdict(draft) for draft in drafts], at)

    @override
    async def lock_all(self) -> list[Category]:
        categories = await self.all()
        for category in categories:
            self._unit.lock("categories", category)
        return categories

    @override
    async def delete(self, id: int) -> None:
        await super().delete(id)
        changed = {"$max": {"updated_at": clock.now()}, "$inc": {"version": 1}}
        await self._unit.collection("products").update_many(
            {"category_id": id}, {"$set": {"category_id": None}, **changed}
        )
        await self._collection.update_many({"parent_id": id}, {"$set": {"parent_id": None}, **changed})
