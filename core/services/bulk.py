"""What a bulk request can be told before storage is asked."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from core.errors import Duplicate

D = TypeVar("D")


def require_distinct(drafts: Sequence[D], keys: dict[str, Callable[[D], Hashable]]) -> None:
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
