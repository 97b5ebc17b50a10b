"""Entities out of values that are trusted, as storage has them, and values out of entities."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields
from functools import cache
from itertools import repeat
from operator import call
from typing import Any, TypeVar, cast

E = TypeVar("E")


def assembler(entity: type[E], names: Sequence[str]) -> Callable[[Iterable[Any]], E]:
    """What makes an entity of the values of the fields ``names``, in that order.

    It writes the slots itself, without a loop in Python: the ``__init__`` of a frozen dataclass takes three times as
    long, and that a hundred times for each page. Fields that are not among ``names`` must be set with
    ``object.__setattr__``; values beyond them are left alone.
    """
    setters = [getattr(entity, name).__set__ for name in names]
    new = object.__new__
    run = deque[None](maxlen=0).extend  # uses an iterator up and keeps nothing

    def assemble(values: Iterable[Any]) -> E:
        made = new(entity)
        run(map(call, setters, repeat(made), values))
        return made

    return assemble


def values_of(entity: Any) -> dict[str, Any]:
    """The values of an entity or draft by field, as they are: unlike ``asdict``, nothing is copied."""
    return {name: getattr(entity, name) for name in _names_of(cast(Hashable, type(entity)))}


@cache
def _names_of(entity: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(entity))
