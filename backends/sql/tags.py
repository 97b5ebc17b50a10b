"""Tags."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from backends.sql import listing
from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.listing import Source
from backends.sql.mapping import Shape
from backends.sql.probe import Unique
from backends.sql.schema import post_tags, posts, tags
from backends.sql.versions import next_version
from core import clock
from core.entities import Tag, TagDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.text import fold


def _derived(row: Mapping[str, Any]) -> dict[str, str]:
    return {"name_key": fold(row["name"])}


TAGS = Aggregate(
    "tag",
    Shape(Tag, tags),
    uniques=[Unique("name", ("name_key",)), Unique("slug", ("slug",))],
    derived=_derived,
    ripples=True,
)
_PAGES = Source(TAGS.all, tags, TAGS.shape.read)


class SqlTagReader(SqlReader[Tag]):
    """See ``TagReader``."""

    async def page(self, page_request: PageRequest) -> Page[Tag]:
        """See ``TagReader.page``."""
        return await _PAGES.page(self._rows, {}, page_request)


class SqlTagRepository(SqlRepository[Tag], SqlTagReader):
    """See ``TagRepository``."""

    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        """See ``Repository.add``."""
        return await self.store([shallow_asdict(draft) for draft in drafts], at)

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """See ``SlugLookup.existing_slugs``."""
        return await listing.existing_slugs(self._rows, tags.c.slug, bases)

    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        """See ``TagRepository.by_names``."""
        query = TAGS.all.where(tags.c.name_key.in_([fold(name) for name in names])).order_by(tags.c.id)
        lasting = query.with_for_update(read=True, key_share=True)
        return [TAGS.shape.read(row) for row in await self._rows.rows(lasting)]

    async def save(self, entity: Tag) -> None:
        """See ``Repository.save``. The posts that show the name change when it does."""
        renamed = select(tags.c.id).where(tags.c.id == entity.id, tags.c.name != entity.name)
        await self._touch_posts(entity.id, renamed.exists())
        await super().save(entity)

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        await self.lock(id)
        await self._touch_posts(id)
        await super().delete(id)

    async def _touch_posts(self, tag_id: int, *conditions: ColumnElement[bool]) -> None:
        tagged = posts.c.id.in_(select(post_tags.c.post_id).where(post_tags.c.tag_id == tag_id))
        touch = posts.update().where(tagged, *conditions)
        await self._work.write(touch.values(next_version(posts, clock.now())))
