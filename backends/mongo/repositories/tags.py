"""Tags."""

from collections.abc import Sequence
from datetime import datetime

from backends.mongo.aggregate import Aggregate, Derived, MongoReader, MongoRepository
from backends.mongo.claims import Unique
from backends.mongo.shape import Shape
from backends.mongo.windows import page
from core import clock
from core.entities import Tag, TagDraft
from core.storage import Page, PageRequest
from core.text import fold

TAGS = Aggregate(
    "tag",
    "tags",
    Shape(Tag, distinct={"name"}),
    uniques=(Unique("name", ("name_key",)), Unique("slug", ("slug",))),
    derived={"name_key": Derived(fold, ("name",))},
)


class MongoTagReader(MongoReader[Tag]):
    """See ``TagReader``."""

    async def page(self, page_request: PageRequest) -> Page[Tag]:
        """See ``TagReader.page``."""
        return await page(self._collection, {}, page_request, TAGS.shape)


class MongoTagRepository(MongoRepository[Tag], MongoTagReader):
    """See ``TagRepository``. Posts hold the names of their tags, so a change of a tag is one of its posts."""

    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        """See ``Repository.add``."""
        return await self._store([{"name": draft.name, "slug": draft.slug} for draft in drafts], at)

    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        """See ``TagRepository.by_names``."""
        keys = sorted({fold(name) for name in names})
        return await self._all({"name_key": {"$in": keys}}, [("_id", 1)])

    async def save(self, entity: Tag) -> None:
        """See ``Repository.save``."""
        before = await self._before(entity)
        await self._put(entity)
        if before.name != entity.name:
            renamed = {"id": {"$literal": entity.id}, "name": {"$literal": entity.name}}
            renamed["key"] = {"$literal": fold(entity.name)}
            swap = {"$cond": [{"$eq": ["$$tag.id", entity.id]}, renamed, "$$tag"]}
            changes = {
                "tags": {"$map": {"input": "$tags", "as": "tag", "in": swap}},
                "version": {"$add": ["$version", 1]},
                "updated_at": {"$max": ["$updated_at", clock.now()]},
            }
            await self._work.collection("posts").update_many({"tags.id": entity.id}, [{"$set": changes}])

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        await super().delete(id)
        changes = {"$pull": {"tags": {"id": id}}, "$max": {"updated_at": clock.now()}, "$inc": {"version": 1}}
        await self._work.collection("posts").update_many({"tags.id": id}, changes)
