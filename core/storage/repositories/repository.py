"""What the repositories of all entities have in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from core.storage.pages import Page, PageRequest

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
D_contra = TypeVar("D_contra", contravariant=True)


class Reader(Protocol[E_co]):
    """Reads that every entity has."""

    async def get(self, id: int) -> E_co:
        """The entity with this id."""
        ...


class Repository(Reader[E], Protocol[E, D_contra]):
    """Changes that most entities have, in a unit of work."""

    async def add(self, drafts: Sequence[D_contra], at: datetime) -> list[E]:
        """Store new entities, in as many round trips for a thousand as for one; returned in the order given.

        ``created_at`` and ``updated_at`` become ``at``, ``version`` 1. Drafts with a slug have it filled in.
        """
        ...

    async def lock(self, id: int) -> E:
        """The entity as it is now, locked until the unit of work ends."""
        ...

    async def save(self, entity: E) -> None:
        """Store a locked entity after a change; its ``version`` is one above the stored one, else TransientConflict."""
        ...

    async def delete(self, id: int, at: datetime) -> None:
        """Remove the entity, with the declared effects on those that refer to it.

        An entity whose reference becomes null gets a new version, changed ``at`` that time.

        Raises:
            StillReferenced: something that must not lose it refers to it.
        """
        ...


class EntityReader(Reader[E], Protocol[E]):
    """Reads of an entity that has no methods of its own: all that its declaration promises."""

    async def page(self, filter: object, page_request: PageRequest) -> Page[E]:
        """A page; ``filter`` is of the declaration's class."""
        ...


class EntityRepository(Repository[E, object], EntityReader[E], Protocol[E]):
    """An entity that has no methods of its own, in a unit of work. Its drafts have the fields that clients choose."""


class SlugLookup(Protocol):
    """Entities with a slug, which core derives when the client chose none."""

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """Of the stored slugs, those in ``core.text.slug_range`` of any of ``bases``, in one round trip."""
        ...
