"""Tags."""

from collections.abc import Sequence
from typing import Protocol

from core.entities import Tag, TagDraft
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader, Repository, SlugLookup


class TagReader(Reader[Tag], Protocol):
    """Tags."""

    async def page(self, page_request: PageRequest) -> Page[Tag]:
        """A page of tags."""
        ...


class TagRepository(TagReader, Repository[Tag, TagDraft], SlugLookup, Protocol):
    """Tags in a unit of work. Deleting one is a change of every post that has it.

    ``save`` does not change the posts that show the name; see ``PostRepository.rename_tag``.
    """

    async def by_names(self, names: Sequence[str]) -> list[Tag]:
        """Those tags among ``names``, compared folded, that exist; by id."""
        ...
