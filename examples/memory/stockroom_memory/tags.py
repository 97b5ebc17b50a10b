"""Tags."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from core import clock
from core.entities import Tag, TagDraft
from core.storage import Page, PageRequest
from core.text import fold
from stockroom_memory.listing import page
from stockroom_memory.repository import MemoryReader, SlugRepository
from stockroom_memory.schema import POSTS, TAGS
from stockroom_memory.unit import changed


class MemoryTagReader(MemoryReader[Tag]):
    """See ``TagReader``."""

    kind = TAGS

    async def page(self, page_request: PageRequest) -> Page[Tag]:
        """See ``TagReader.page``."""
        return page(self._read().rows.values(), page_request)


class MemoryTagRepository(SlugRepository[Tag], MemoryTagReader):
    """See ``TagRepository``. A post holds the names of its tags, so a change of a name is one of its posts."""

    async def add(self, drafts: Sequence[TagDraft], at: datetime) -> list[Tag]:
        """See ``Repository.add``."""
        return self._insert([asdict(draft) for draft in drafts], at)

    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        """See ``TagRepository.by_names``."""
        table = self._read()
        found = [table.by("name", key) for key in {fold(name) for name in names}]
        return sorted((tag for tag in found if tag is not None), key=lambda tag: tag.id)

    async def save(self, entity: Tag) -> None:
        """See ``Repository.save``."""
        before = self._guard(entity)
        await super().save(entity)
        if before.name != entity.name:
            self._retag(before.name, lambda names: [*names, entity.name])

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        tag = self._stored.get(id)
        await super().delete(id)
        if tag is not None:
            self._retag(tag.name, lambda names: names)

    def _retag(self, name: str, after: Callable[[list[str]], list[str]]) -> None:
        """Take a name from the posts that have it, and do with their other names what is to be done ``after``."""
        posts = [post for post in self._unit.tables.of(POSTS).rows.values() if name in post.tags]
        at = clock.now()
        self._unit.write(
            POSTS, [changed(post, at, tags=sorted(after([tag for tag in post.tags if tag != name]))) for post in posts]
        )
