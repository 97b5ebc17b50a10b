"""Slugs that a client left out: derived from the name, numbered where taken, again when another client is first."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from core.errors import Duplicate, RetriesExhausted
from core.storage import Storage, Transaction
from core.storage.repositories import SlugLookup
from core.text import derive_slug, free_slug

_ATTEMPTS = 30
_LONGEST_WAIT = 0.05  # seconds


class HasOptionalSlug(Protocol):
    """A draft with a slug that may be left out."""

    @property
    def slug(self) -> str | None: ...


D = TypeVar("D", bound=HasOptionalSlug)
T = TypeVar("T")


async def assign_slugs(repository: SlugLookup, drafts: Sequence[D], name: str, fallback: str) -> list[D]:
    """``drafts`` with every slug set: derived from the attribute ``name``, and numbered where it is taken."""
    bases = {index: derive_slug(getattr(d, name), fallback) for index, d in enumerate(drafts) if d.slug is None}
    if not bases:
        return list(drafts)
    taken = await repository.existing_slugs(sorted(set(bases.values())))
    taken |= {draft.slug for draft in drafts if draft.slug is not None}
    numbers: dict[str, int] = {}
    filled: list[Any] = list(drafts)
    for index, base in bases.items():
        slug = free_slug(base, taken, numbers)
        taken.add(slug)
        filled[index] = replace(filled[index], slug=slug)
    return filled


async def run_with_slug_retry(
    storage: Storage, work: Callable[[Transaction], Awaitable[T]], derived: Mapping[str, Collection[str]]
) -> T:
    """Run ``work``, again while only ``derived`` fields are duplicates.

    An error names only fields that the client chose: a derived slug is derived again.

    ``derived`` maps the plural name of an entity to those of its unique fields that the client did not choose, as
    in ``3.slug`` where that is so of the fourth only.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await storage.run(work)
        except Duplicate as error:
            derived_here = derived.get(error.aggregate, ())
            chosen = [field for field in error.fields if not {field, field.rpartition(".")[2]} & set(derived_here)]
            if chosen:
                raise Duplicate(chosen, error.aggregate) from error
        await asyncio.sleep(random.uniform(0, _LONGEST_WAIT))  # noqa: S311 - jitter, so that requests that collided do not again
    raise RetriesExhausted


def derived_fields(drafts: Sequence[HasOptionalSlug]) -> Collection[str]:
    """The unique fields that are derived for ``drafts``: each slug left out, by its number where there are several."""
    several = len(drafts) > 1
    return {f"{index}.slug" if several else "slug" for index, draft in enumerate(drafts) if draft.slug is None}


def omit_unset_slug(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a replacement; a slug left out is none of them, for it stays as it is."""
    return {name: value for name, value in fields.items() if name != "slug" or value is not None}
