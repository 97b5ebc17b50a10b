"""Tags."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.mapper import DocumentMapper
from backends.mongo.pagination import fetch_page
from backends.mongo.repository import DerivedKey, EntityMapping, MongoReader, MongoRepository
from backends.mongo.violations import UniqueKey
from core import clock
from core.entities import Tag, TagDraft
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold

TAGS = EntityMapping(
    "tag",
    "tags",
    DocumentMapper(Tag, unique_sorts={"name"}),
    unique_keys=(UniqueKey("name", ("name_key",)), UniqueKey("slug", ("slug",))),
    derived_keys={"name_key": DerivedKey(fold, ("name",))},
)


class MongoTagReader(MongoReader[Tag], TagReader):
    """Tags."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return await fetch_page(self._collection, {}, page_request, TAGS.mapper)


class MongoTagRepository(MongoRepository[Tag], MongoTagReader, TagRepository):
    """Tags in a unit of work. Posts hold the names of their tags, so a tag's change is written to its posts, too."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._create([{"name": draft.name, "slug": draft.slug} for draft in drafts], at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        keys = sorted({fold(name) for name in names})
        return await self._find_all({"name_key": {"$in": keys}}, [("_id", 1)])

    @override
    async def save(self, entity: Tag) -> None:
        before = await self._get_before(entity)
        await self._update(entity)
        if before.name != entity.name:
            await self._unit.collection("posts").update_many(
                {"tags.id": entity.id}, [{"$set": _rename_in_post(entity)}]
            )

    @override
    async def delete(self, id: int) -> None:
        await super().delete(id)
        changes = {"$pull": {"tags": {"id": id}}, "$max": {"updated_at": clock.now()}, "$inc": {"version": 1}}
        await self._unit.collection("posts").update_many({"tags.id": id}, changes)


def _rename_in_post(tag: Tag) -> dict[str, Any]:
    """The keys of a post's document that change when one of its tags is renamed, as expressions."""
    values = {"id": tag.id, "name": tag.name, "key": fold(tag.name)}
    renamed = {key: {"$literal": value} for key, value in values.items()}
    replaced = {"$cond": [{"$eq": ["$$tag.id", tag.id]}, renamed, "$$tag"]}
    return {
        "tags": {"$map": {"input": "$tags", "as": "tag", "in": replaced}},
        "version": {"$add": ["$version", 1]},
        "updated_at": {"$max": ["$updated_at", clock.now()]},
    }
