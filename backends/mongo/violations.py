"""The constraints of a unit of work's writes, and which of them are violated after the database has refused one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.mongo.collection import CollectionProvider
from core.errors import Duplicate, StockroomError, TransientConflict, UnknownReference

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique index: the field that a client knows, and the index's keys. A null is equal to no other value."""

    field: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteConstraints:
    """The references and unique keys of documents that a unit of work writes.

    Attributes:
        collection: of the documents.
        references: the collection that each reference points to, by field, in the order in which they are reported.
        unique_keys: in the order in which they are reported.
        documents: each with its ``_id``; keys that are left out are not checked.
    """

    collection: str
    references: Mapping[str, str]
    unique_keys: Sequence[UniqueKey]
    documents: Sequence[Values]

    async def find_unknown_references(self, source: CollectionProvider) -> list[str]:
        """The fields that refer to a document that does not exist; one round trip per reference."""
        fields: list[str] = []
        for field, target in self.references.items():
            values = self._distinct_values(field)
            if values:
                found = await source.collection(target).find({"_id": {"$in": values}}, {"_id": 1})
                known = {None, *(document["_id"] for document in found)}
                fields += self._violating(field, lambda row, field=field, known=known: row.get(field) in known)
        return fields

    async def find_duplicates(self, source: CollectionProvider) -> list[str]:
        """The fields whose value belongs to another document, or to an earlier one of those written.

        One round trip, so that a document that changes meanwhile is seen in one state only.
        """
        values = {unique.keys[0]: self._distinct_values(unique.keys[0]) for unique in self.unique_keys}
        alternatives = [{key: {"$in": wanted}} for key, wanted in values.items() if wanted]
        if not alternatives:
            return []
        projection = {key: 1 for unique in self.unique_keys for key in unique.keys}
        found = await source.collection(self.collection).find({"$or": alternatives}, projection)
        fields: list[str] = []
        for unique in self.unique_keys:
            if values[unique.keys[0]]:
                owners = {tuple(document.get(key) for key in unique.keys): document["_id"] for document in found}
                fields += self._violating(unique.field, _is_free(unique, owners))
        return fields

    def _distinct_values(self, key: str) -> list[Any]:
        return sorted({row[key] for row in self.documents if row.get(key) is not None})

    def _violating(self, field: str, is_valid: Callable[..., bool]) -> list[str]:
        """``field`` once for each document that is not valid; with its position where there are several documents."""
        several = len(self.documents) > 1
        return [
            f"{index}.{field}" if several else field for index, row in enumerate(self.documents) if not is_valid(row)
        ]


def _is_free(unique: UniqueKey, owners: dict[tuple[Any, ...], int]) -> Callable[[Values], bool]:
    def is_free(row: Values) -> bool:
        value = tuple(row.get(key) for key in unique.keys)
        return None in value or owners.setdefault(value, row["_id"]) == row["_id"]

    return is_free


async def diagnose(constraints: Sequence[WriteConstraints], source: CollectionProvider) -> StockroomError:
    """The error for a unit of work that was refused and is undone: unknown references first, then duplicates.

    A transient conflict where no constraint is violated any more.
    """
    for checked in constraints:
        if fields := await checked.find_unknown_references(source):
            return UnknownReference.of(fields)
        if fields := await checked.find_duplicates(source):
            return Duplicate(fields, checked.collection)
    return TransientConflict()
