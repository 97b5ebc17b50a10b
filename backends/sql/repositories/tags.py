"""Tags."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery
from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository, next_version
from backends.sql.schema import post_tags, posts, tags
from backends.sql.violations import Unique
from core import clock
from core.entities import Tag, TagDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.storage.repositories import TagReader, TagRepository
from core.text import fold


def _derived(row: Mapping[str, Any]) -> dict[str, str]:
    return {"name_key": fold(row["name"])}


TAGS = EntityMapping(
    "tag",
    RowMapper(Tag, tags),
    uniques=[Unique("name", ("name_key",)), Unique("slug", ("slug",))],
    derived=_derived,
    locks_exclusively=True,
)
_PAGES = PagedQuery(TAGS.all, tags, TAGS.mapper.read)


class SqlTagReader(SqlReader[Tag], TagReader):
    """Tags, outside a unit of work."""

    @override
    async def page(self, page_request: PageRequest) -> Page[Tag]:
        return await _PAGES.page(self._executor, {}, page_request)


class SqlTagRepository(SqlSlugRepository[Tag], SqlTagReader, TagRepository):
    """Tags, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        return await self._insert([shallow_asdict(draft) for draft in drafts], at)

    @override
    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        query = TAGS.all.where(tags.c.name_key.in_([fold(name) for name in names])).order_by(tags.c.id)
        lasting = query.with_for_update(read=True, key_share=True)
        return [TAGS.mapper.read(row) for row in await self._executor.rows(lasting)]

    @override
    async def save(self, entity: Tag) -> None:
        """The posts that show the name change when it does."""
        renamed = select(tags.c.id).where(tags.c.id == entity.id, tags.c.name != entity.name)
        await self._touch_posts(entity.id, renamed.exists())
        await super().save(entity)

    @override
    async def delete(self, id: int) -> None:
        await self.lock(id)
        await self._touch_posts(id)
        await super().delete(id)

    async def _touch_posts(self, tag_id: int, *conditions: ColumnElement[bool]) -> None:
        tagged = posts.c.id.in_(select(post_tags.c.post_id).where(post_tags.c.tag_id == tag_id))
        touch = posts.update().where(tagged, *conditions)
        await self._executor.write(touch.values(next_version(posts, clock.now())))
