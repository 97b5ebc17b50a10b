"""Tables: rows by id. What they are unique by and what they refer to is declared as data."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar, cast

from core.text import search_key


class Row(Protocol):
    """What a table can hold."""

    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


class OnDelete(Enum):
    """What becomes of a row when a row that it refers to is deleted."""

    CASCADE = "it is deleted too"
    RESTRICT = "it keeps the other from being deleted"
    SET_NULL = "its reference becomes null"


@dataclass(frozen=True, slots=True)
class Unique:
    """A value that no two rows share.

    Attributes:
        field: the name that a client knows it by.
        key: from a row to what is compared; None is equal to nothing.
    """

    field: str
    key: Callable[[Any], Hashable]


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds the id of another row.

    Attributes:
        field: its name.
        to: plural name of the rows that it leads to.
        on_delete: what becomes of the one that refers.
        inside: from a row to the ids, where the field itself is not one.
        told_as: what a client reads in the way of a deletion; by default, the plural name of those that refer.
    """

    field: str
    to: str
    on_delete: OnDelete
    inside: Callable[[Any], set[int]] | None = None
    told_as: str = ""

    def ids(self, row: Row) -> set[int]:
        """What a row refers to; nothing where its field is null."""
        if self.inside is not None:
            return self.inside(row)
        value = getattr(row, self.field)
        return set() if value is None else {value}


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[R]):
    """The fixed part of a table.

    Attributes:
        entity: the class of its rows.
        name: what one row is called in an error.
        plural: of ``name``; also the name of the table.
        uniques: in the order in which they are reported.
        references: likewise.
        searched: fields that a search looks in.
    """

    entity: Callable[..., R]
    name: str
    plural: str
    uniques: Sequence[Unique] = ()
    references: Sequence[Reference] = ()
    searched: Sequence[str] = ()


class Table(Generic[R]):
    """The rows of a kind.

    Attributes:
        kind: what holds for each of them.
        rows: by id.
        owners: for each unique field, the id of the row that has a key.
        texts: by id, the folded text that a search looks in.
        last_id: the highest id ever given.
    """

    def __init__(self, kind: Kind[R]) -> None:
        self.kind = kind
        self.rows: dict[int, R] = {}
        self.owners: dict[str, dict[Hashable, int]] = {unique.field: {} for unique in kind.uniques}
        self.texts: dict[int, str] = {}
        self.last_id = 0

    def copy(self) -> "Table[R]":
        """Another table with the same rows, which are immutable."""
        other = Table(self.kind)
        other.rows = self.rows.copy()
        other.owners = {field: owners.copy() for field, owners in self.owners.items()}
        other.texts = self.texts.copy()
        other.last_id = self.last_id
        return other

    def put(self, row: R) -> None:
        """Store a row, in place of the one with its id. Nothing is checked here."""
        before = self.rows.get(row.id)
        if before is not None:
            self._disown(before)
        for unique in self.kind.uniques:
            if (key := unique.key(row)) is not None:
                self.owners[unique.field][key] = row.id
        looked_in = [getattr(row, field) for field in self.kind.searched]
        if before is None or looked_in != [getattr(before, field) for field in self.kind.searched]:
            self.texts[row.id] = search_key(*looked_in)
        self.rows[row.id] = row
        self.last_id = max(self.last_id, row.id)

    def remove(self, id: int) -> None:
        """Remove a row."""
        self._disown(self.rows.pop(id))
        del self.texts[id]

    def _disown(self, row: R) -> None:
        for unique in self.kind.uniques:
            if (key := unique.key(row)) is not None:
                del self.owners[unique.field][key]

    def by(self, field: str, key: Hashable) -> R | None:
        """The row that has a unique key."""
        owner = self.owners[field].get(key)
        return None if owner is None else self.rows[owner]

    def taken(self, rows: Sequence[R]) -> list[str]:
        """Unique fields of ``rows`` whose value another row has, or an earlier one of them."""
        fields = []
        for unique in self.kind.uniques:
            owners = self.owners[unique.field]
            claims: dict[Hashable, int] = {}
            for index, row in enumerate(rows):
                key = unique.key(row)
                if key is not None and claims.setdefault(key, owners.get(key, row.id)) != row.id:
                    fields.append(path(unique.field, index, rows))
        return fields


class Tables:
    """Every table as it is at one moment. Immutable: who wants to change one asks for others, with a copy of it."""

    def __init__(self, tables: Mapping[str, Table[Any]]) -> None:
        self._tables = tables

    @classmethod
    def empty(cls, kinds: Sequence[Kind[Any]]) -> "Tables":
        """As in a store where nothing happened yet."""
        return cls({kind.plural: Table(kind) for kind in kinds})

    def of(self, kind: Kind[R]) -> Table[R]:
        """The table of a kind."""
        return cast("Table[R]", self._tables[kind.plural])

    def with_copy(self, kind: Kind[Any]) -> "Tables":
        """The same tables, but for a copy of one."""
        return Tables({**self._tables, kind.plural: self.of(kind).copy()})

    def missing(self, kind: Kind[R], rows: Sequence[R]) -> list[str]:
        """Fields of ``rows`` that refer to something that does not exist."""
        return [
            path(reference.field, index, rows)
            for reference in kind.references
            for index, row in enumerate(rows)
            if not reference.ids(row) <= self._tables[reference.to].rows.keys()
        ]

    def referring(self, kind: Kind[Any]) -> Iterator[tuple[Kind[Any], Reference]]:
        """Each reference that leads to a kind, with the kind of the rows that have it."""
        for table in self._tables.values():
            for reference in table.kind.references:
                if reference.to == kind.plural:
                    yield table.kind, reference


def path(field: str, index: int, rows: Sequence[Any]) -> str:
    """How a client finds a field: by itself, or in the n-th of several."""
    return f"{index}.{field}" if len(rows) > 1 else field
