"""Categories."""

from typing import Protocol

from core.entities import Category, CategoryDraft
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader, Repository, SlugLookup


class CategoryReader(Reader[Category], Protocol):
    """Categories."""

    async def page(self, page_request: PageRequest) -> Page[Category]:
        """A page of categories."""
        ...

    async def all(self) -> list[Category]:
        """Every category, by name and then id."""
        ...


class CategoryRepository(CategoryReader, Repository[Category, CategoryDraft], SlugLookup, Protocol):
    """Categories in a unit of work. Deleting one changes its products and children, whose reference becomes null."""

    async def lock_all(self) -> list[Category]:
        """Every category, all locked: two changes of parents at once could form a cycle."""
        ...
