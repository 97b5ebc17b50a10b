"""Posts, whose documents hold the ids and names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.driver import Document
from backends.mongo.repositories.entities import MongoEntityReader
from backends.mongo.repository import EntityMapping, MongoSlugRepository, delete_entities
from core.entities import POST, Post, PostDraft, Tag
from core.storage.repositories import PostReader, PostRepository
from core.text import fold


def link_tags(tags: Sequence[Tag]) -> list[Document]:
    """The tags as a post's document holds them, by id."""
    return [{"id": tag.id, "name": tag.name, "key": fold(tag.name)} for tag in sorted(tags, key=lambda tag: tag.id)]


POSTS: EntityMapping[Post] = EntityMapping(POST)


class MongoPostReader(MongoEntityReader[Post], PostReader):
    """Posts."""


class MongoPostRepository(MongoSlugRepository[Post], MongoPostReader, PostRepository):
    """Posts in a unit of work."""

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        names = sorted(tag.name for tag in tags)
        values = POST.new_values(draft, at, published_at=published_at, tags=names)
        [post] = await self._create([values], [{"tags": link_tags(tags)}])
        self._unit.require_unchanged("tags", [tag.id for tag in tags])
        return post

    @override
    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        if tags is None:
            await self._update(replace(entity, tags=(await self._get_before(entity)).tags))
        else:
            await self._update(entity, {"tags": link_tags(tags)})
            self._unit.require_unchanged("tags", [tag.id for tag in tags])

    @override
    async def delete_of_author(self, author_id: int, at: datetime) -> None:
        found = await self._collection.find({"author_id": author_id}, {"_id": 1})
        await delete_entities(self._unit, POST, [document["_id"] for document in found], at)

    @override
    async def rename_tag(self, before: Tag, after: Tag, at: datetime) -> None:
        await self._collection.update_many({"tags.id": after.id}, [{"$set": _rename_in_post(after, at)}])


def _rename_in_post(tag: Tag, at: datetime) -> dict[str, Any]:
    """The keys of a post's document that change when one of its tags is renamed, as expressions."""
    [link] = link_tags([tag])
    renamed = {key: {"$literal": value} for key, value in link.items()}
    replaced = {"$cond": [{"$eq": ["$$tag.id", tag.id]}, renamed, "$$tag"]}
    return {
        "tags": {"$map": {"input": "$tags", "as": "tag", "in": replaced}},
        "version": {"$add": ["$version", 1]},
        "updated_at": {"$max": ["$updated_at", at]},
    }
