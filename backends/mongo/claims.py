"""What a write needs to be true, and, after it was refused, which of it is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.mongo.collection import Source
from core.errors import Duplicate, StockroomError, TransientConflict, UnknownReference

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique index: the field a client knows it by, and its keys. A null key is equal to nothing."""

    field: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Documents that a unit of work stores or changes.

    Attributes:
        collection: where.
        references: collection that each reference leads to, by field, in the order in which they are reported.
        uniques: likewise.
        written: the documents, each with its ``_id``; keys left out are not in question.
    """

    collection: str
    references: Mapping[str, str]
    uniques: Sequence[Unique]
    written: Sequence[Values]

    async def missing(self, source: Source) -> list[str]:
        """Fields that refer to something that does not exist."""
        fields: list[str] = []
        for field, target in self.references.items():
            wanted = self._values(field)
            if wanted:
                found = await source.collection(target).find({"_id": {"$in": wanted}}, {"_id": 1})
                known = {None, *(document["_id"] for document in found)}
                fields += self._named(field, lambda row, field=field, known=known: row.get(field) in known)
        return fields

    async def taken(self, source: Source) -> list[str]:
        """Fields whose value another document has, or an earlier one of those written.

        Each document is seen once: one that changes meanwhile does not stand in the way as it was and as it is.
        """
        wanted = {unique.keys[0]: self._values(unique.keys[0]) for unique in self.uniques}
        alike = [{key: {"$in": values}} for key, values in wanted.items() if values]
        if not alike:
            return []
        projection = {key: 1 for unique in self.uniques for key in unique.keys}
        found = await source.collection(self.collection).find({"$or": alike}, projection)
        fields: list[str] = []
        for unique in self.uniques:
            if wanted[unique.keys[0]]:
                owners = {tuple(document.get(key) for key in unique.keys): document["_id"] for document in found}
                fields += self._named(unique.field, _free(unique, owners))
        return fields

    def _values(self, key: str) -> list[Any]:
        return sorted({row[key] for row in self.written if row.get(key) is not None})

    def _named(self, field: str, fine: Callable[..., bool]) -> list[str]:
        several = len(self.written) > 1
        return [f"{index}.{field}" if several else field for index, row in enumerate(self.written) if not fine(row)]


def _free(unique: Unique, owners: dict[tuple[Any, ...], int]) -> Callable[[Values], bool]:
    def free(row: Values) -> bool:
        value = tuple(row.get(key) for key in unique.keys)
        return None in value or owners.setdefault(value, row["_id"]) == row["_id"]

    return free


async def explain(claims: Sequence[Claim], source: Source) -> StockroomError:
    """Why a unit of work was refused, asked after it is undone: unknown references first, then values taken.

    A transient conflict where nothing stands in its way any more.
    """
    for claim in claims:
        if fields := await claim.missing(source):
            return UnknownReference.of(fields)
        if fields := await claim.taken(source):
            return Duplicate(fields, claim.collection)
    return TransientConflict()
