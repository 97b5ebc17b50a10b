"""Tags."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository
from core.entities import TAG, Tag, TagDraft
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold

TAGS: EntityMapping[Tag] = EntityMapping(TAG)
tags = TAGS.table


class SqlTagReader(SqlReader[Tag], TagReader):
    """Tags, outside a unit of work."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return await TAGS.pages.page(self._executor, {}, page_request)


class SqlTagRepository(SqlSlugRepository[Tag], SqlTagReader, TagRepository):
    """Tags, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._insert_drafts(drafts, at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        query = TAGS.all.where(tags.c.name_key.in_([fold(name) for name in names])).order_by(tags.c.id)
        lasting = query.with_for_update(read=True, key_share=True)
        return [TAGS.mapper.read(row) for row in await self._executor.rows(lasting)]
