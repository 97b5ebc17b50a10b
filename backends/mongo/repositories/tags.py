"""Tags."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoSlugRepository
from core.entities import TAG, Tag, TagDraft
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold

TAGS: EntityMapping[Tag] = EntityMapping(TAG)


class MongoTagReader(MongoReader[Tag], TagReader):
    """Tags."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return await fetch_page(self._collection, {}, page_request, TAGS.mapper)


class MongoTagRepository(MongoSlugRepository[Tag], MongoTagReader, TagRepository):
    """Tags in a unit of work."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._create_drafts(drafts, at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        keys = sorted({fold(name) for name in names})
        return await self._find_all({"name_key": {"$in": keys}}, [("_id", 1)])
