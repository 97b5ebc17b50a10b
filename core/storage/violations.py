"""Which rules of an entity's declaration a write breaks: the same answer, in the same order, on every backend.

A database reports that a constraint was violated, but not all of them, and not by the names that clients know. So a
backend looks the violations up here, before it writes or after its unit of work is undone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.entities import EntityType
from core.entities.entity_type import Unique
from core.errors import Duplicate, StockroomError, TransientConflict, UnknownReference

Values = Mapping[str, Any]
"""The stored values of one entity by name, derived keys included; with its ``id`` where it is a change."""


class ConstraintReader(Protocol):
    """The two queries of a look-up, each one round trip."""

    async def existing_ids(self, plural: str, ids: Collection[int]) -> Collection[int]:
        """Those of ``ids`` that entities of this plural name have."""
        ...

    async def matching_any(
        self, entity_type: EntityType[Any], wanted: Mapping[str, Collection[Any]]
    ) -> Iterable[Values]:
        """The stored entities that have one of the wanted values under one of these names.

        Each with its ``id`` and all that is unique of it. One query: an entity that changes meanwhile must not appear
        both as it was and as it is.
        """
        ...


@dataclass(frozen=True, slots=True)
class Write:
    """Entities of one type that a unit of work stores or changes."""

    entity_type: EntityType[Any]
    rows: Sequence[Values]


async def find_violation(write: Write, reader: ConstraintReader) -> StockroomError | None:
    """The error that a write would end in, or None: unknown references first, then values that are taken.

    The error names every field, with its position where several rows are written. A value that core generated is a
    ``TransientConflict``: the unit of work makes another one.
    """
    if missing := await _missing_references(write, reader):
        return UnknownReference.of(missing)
    return await _taken_values(write, reader)


async def diagnose(writes: Iterable[Write], reader: ConstraintReader) -> StockroomError:
    """Why a unit of work with these writes was refused; a transient conflict where nothing is in the way any more."""
    for write in writes:
        if violation := await find_violation(write, reader):
            return violation
    return TransientConflict()


async def _missing_references(write: Write, reader: ConstraintReader) -> list[str]:
    fields: list[str] = []
    for reference in write.entity_type.references:
        wanted = _values(write, reference.field)
        if wanted:
            known = {None, *await reader.existing_ids(reference.to, wanted)}
            is_known = [row.get(reference.field) in known for row in write.rows]
            fields += _paths(reference.field, is_known)
    return fields


async def _taken_values(write: Write, reader: ConstraintReader) -> StockroomError | None:
    wanted = {unique.keys[0]: _values(write, unique.keys[0]) for unique in write.entity_type.unique}
    wanted = {key: values for key, values in wanted.items() if values}
    if not wanted:
        return None
    stored = list(await reader.matching_any(write.entity_type, wanted))
    taken = [(unique, _paths(unique.name, _are_free(unique, write, stored))) for unique in write.entity_type.unique]
    if any(fields for unique, fields in taken if unique.is_generated):
        return TransientConflict()
    fields = [field for _, paths in taken for field in paths]
    return Duplicate(fields, write.entity_type.plural) if fields else None


def _are_free(unique: Unique, write: Write, stored: Sequence[Values]) -> list[bool]:
    """For each row, whether no stored entity and no row before it has the same values."""
    owners = {tuple(one[key] for key in unique.keys): one["id"] for one in stored}
    free = []
    for row in write.rows:
        value, mine = tuple(row.get(key) for key in unique.keys), row.get("id") or object()
        free.append(None in value or owners.setdefault(value, mine) == mine)
    return free


def _values(write: Write, key: str) -> list[Any]:
    return sorted({row[key] for row in write.rows if row.get(key) is not None})


def _paths(field: str, are_fine: Sequence[bool]) -> list[str]:
    """The path of the field in each row that is not fine; with its position where there are several rows."""
    several = len(are_fine) > 1
    return [f"{index}.{field}" if several else field for index, fine in enumerate(are_fine) if not fine]
