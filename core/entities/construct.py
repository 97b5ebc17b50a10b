"""Entities out of values that are trusted, as storage has them, and values out of entities."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

E = TypeVar("E")


def make_constructor(entity: type[E], names: Sequence[str]) -> Callable[[Iterable[Any]], E]:
    """What makes an entity of the values of the fields ``names``, in that order; values behind them are left alone.

    It writes the slots itself: the ``__init__`` of a frozen dataclass takes three times as long, and that a hundred
    times for each page. It is written out for its fields, as ``dataclass`` writes ``__init__``, for a loop over them
    takes twice as long. Fields that are not among ``names`` must be set with ``object.__setattr__``.
    """
    places = range(len(names))
    lines = [
        "def assemble(values):",
        f"    {''.join(f'v{n}, ' for n in places)}*_ = values",
        "    made = new(entity)",
        *(f"    put{n}(made, v{n})" for n in places),
        "    return made",
    ]
    known = {f"put{n}": getattr(entity, name).__set__ for n, name in enumerate(names)}
    known |= {"new": object.__new__, "entity": entity}
    exec("\n".join(lines), known)  # noqa: S102 - every word is our own
    return cast(Callable[[Iterable[Any]], E], known["assemble"])


def shallow_asdict(entity: Any) -> dict[str, Any]:
    """The values of an entity or draft by field, as they are: unlike ``asdict``, nothing is copied."""
    return {name: getattr(entity, name) for name in _names_of(cast(Hashable, type(entity)))}


@cache
def _names_of(entity: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(entity))
