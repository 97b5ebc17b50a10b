"""Checks of bulk requests that storage cannot make."""

from collections.abc import Callable, Hashable, Iterator, Sequence, Sized
from contextlib import contextmanager
from typing import TypeVar

from core.errors import Duplicate, UnknownReference

D = TypeVar("D")


def check_distinct(drafts: Sequence[D], keys: dict[str, Callable[[D], Hashable]]) -> None:
    """Refuse drafts that contradict each other.

    ``keys`` maps the name of a unique field to what is compared; a key of None is equal to nothing.

    Raises:
        Duplicate: names the fields, as ``3.sku``.
    """
    fields = []
    for name, key in keys.items():
        seen: set[Hashable] = set()
        for index, draft in enumerate(drafts):
            value = key(draft)
            if value is not None and value in seen:
                fields.append(f"{index}.{name}")
            seen.add(value)
    if fields:
        raise Duplicate(fields)


@contextmanager
def prefix_single_item_errors(drafts: Sized) -> Iterator[None]:
    """Within, errors about a bulk of one name its element, as in ``0.sku``: to storage it is like a single request."""
    try:
        yield
    except Duplicate as error:
        if len(drafts) > 1:
            raise
        raise Duplicate([f"0.{field}" for field in error.fields], error.aggregate) from error
    except UnknownReference as error:
        if len(drafts) > 1:
            raise
        raise UnknownReference.of([f"0.{wrong.field}" for wrong in error.errors]) from error
