"""Slugs that a client left out: derived from the name, numbered where taken, drawn anew where a race took them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from core.errors import Duplicate
from core.storage import Storage, Transaction
from core.storage.repositories import Slugged
from core.text import derive_slug, free_slug

_ATTEMPTS = 10


class Sluggable(Protocol):
    """A draft with a slug that may be left out."""

    @property
    def slug(self) -> str | None: ...


D = TypeVar("D", bound=Sluggable)
T = TypeVar("T")


async def fill_in(repository: Slugged, drafts: Sequence[D], name: str, fallback: str) -> list[D]:
    """``drafts`` with every slug set: derived from the attribute ``name``, and numbered where it is taken."""
    bases = {index: derive_slug(getattr(d, name), fallback) for index, d in enumerate(drafts) if d.slug is None}
    if not bases:
        return list(drafts)
    taken = await repository.taken_slugs(sorted(set(bases.values())))
    taken |= {draft.slug for draft in drafts if draft.slug is not None}
    numbers: dict[str, int] = {}
    filled: list[Any] = list(drafts)
    for index, base in bases.items():
        slug = free_slug(base, taken, numbers)
        taken.add(slug)
        filled[index] = replace(filled[index], slug=slug)
    return filled


async def run(storage: Storage, drafts: Sequence[Sluggable], work: Callable[[Transaction], Awaitable[T]]) -> T:
    """``storage.run(work)``, again where the only trouble is that a slug of ours was taken between look and write."""
    attempts = _ATTEMPTS if any(draft.slug is None for draft in drafts) else 1
    while True:
        attempts -= 1
        try:
            return await storage.run(work)
        except Duplicate as error:
            # once they are used up, the slug that is taken is one the client chose
            if not attempts or {field.rpartition(".")[2] for field in error.fields} != {"slug"}:
                raise


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a replacement; a slug left out is none of them, for it stays as it is."""
    return {name: value for name, value in fields.items() if name != "slug" or value is not None}
