"""Tables: entities by key, as their declarations (``core.entities.EntityType``) say."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

from typing_extensions import override

from core.entities import EntityType, EntityTypes
from core.entities.construct import shallow_asdict
from core.entities.entity_type import SEARCH_KEY
from core.storage.violations import ConstraintReader, Values

E = TypeVar("E")
Key = int | str


class Table(Generic[E]):
    """The entities of a type.

    Attributes:
        entity_type: their declaration.
        rows: by key.
        write_only: by key, the values that no entity shows.
        keys: by key, the derived keys.
        owners: for each unique key, the row that has a value.
        last_id: the highest id ever given.
    """

    def __init__(self, entity_type: EntityType[E]) -> None:
        self.entity_type = entity_type
        self.rows: dict[Key, E] = {}
        self.write_only: dict[Key, Mapping[str, Any]] = {}
        self.keys: dict[Key, Mapping[str, str]] = {}
        self.owners: dict[str, dict[tuple[Any, ...], Key]] = {unique.name: {} for unique in entity_type.unique}
        self.last_id = 0

    def copy(self) -> "Table[E]":
        """Another table with the same rows, which are immutable."""
        other = Table(self.entity_type)
        other.rows, other.write_only, other.keys = self.rows.copy(), self.write_only.copy(), self.keys.copy()
        other.owners = {name: owners.copy() for name, owners in self.owners.items()}
        other.last_id = self.last_id
        return other

    def key_of(self, row: E) -> Key:
        """What identifies an entity."""
        return cast(Key, getattr(row, self.entity_type.key))

    def put(self, row: E, write_only: Mapping[str, Any] | None = None) -> None:
        """Store an entity, in place of the one with its key. Nothing is checked here."""
        key = self.key_of(row)
        self._disown(key)
        values = shallow_asdict(row)
        self.keys[key] = self.entity_type.derive(values)
        self.rows[key] = row
        if write_only is not None:
            self.write_only[key] = write_only
        for name, value in self._owned(key):
            self.owners[name][value] = key
        if isinstance(key, int):
            self.last_id = max(self.last_id, key)

    def remove(self, key: Key) -> None:
        """Remove an entity."""
        self._disown(key)
        for part in (self.rows, self.keys, self.write_only):
            part.pop(key, None)

    def _disown(self, key: Key) -> None:
        if key in self.rows:
            for name, value in self._owned(key):
                del self.owners[name][value]

    def unique_values(self, key: Key) -> dict[str, Any]:
        """What is unique of an entity, derived keys included, by name."""
        derived, row = self.keys[key], self.rows[key]
        names = [name for unique in self.entity_type.unique for name in unique.keys]
        return {name: derived[name] if name in derived else getattr(row, name) for name in names}

    def _owned(self, key: Key) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The unique keys of an entity, each with its value; a value with a null in it is not unique."""
        values = self.unique_values(key)
        for unique in self.entity_type.unique:
            value = tuple(values[name] for name in unique.keys)
            if None not in value:
                yield unique.name, value

    def by(self, field: str, *values: Hashable) -> E | None:
        """The entity with a unique value, folded where the declaration says so."""
        owner = self.owners[field].get(values)
        return None if owner is None else self.rows[owner]

    def search_text(self, key: Key) -> str:
        """The folded text that a search looks in."""
        return self.keys[key].get(SEARCH_KEY, "")


class Tables(ConstraintReader):
    """Every table at one moment. Immutable: a change makes other tables, with a copy of the one that is changed."""

    def __init__(self, tables: Mapping[str, Table[Any]]) -> None:
        self._tables = tables

    @classmethod
    def empty(cls, entity_types: EntityTypes) -> "Tables":
        """The tables of a new store."""
        return cls({one.plural: Table(one) for one in entity_types})

    def of(self, entity_type: EntityType[E]) -> Table[E]:
        """The table of a type."""
        return cast("Table[E]", self._tables[entity_type.plural])

    def with_copy(self, entity_type: EntityType[Any]) -> "Tables":
        """The same tables, but for a copy of one."""
        return Tables({**self._tables, entity_type.plural: self.of(entity_type).copy()})

    @override
    async def existing_ids(self, plural: str, ids: Collection[int]) -> Collection[int]:
        rows = self._tables[plural].rows
        return [key for key in ids if key in rows]

    @override
    async def matching_any(
        self, entity_type: EntityType[Any], wanted: Mapping[str, Collection[Any]]
    ) -> Iterable[Values]:
        table = self.of(entity_type)
        keys = {
            key
            for unique in entity_type.unique
            for value, key in table.owners[unique.name].items()
            if value[0] in wanted.get(unique.keys[0], ())
        }
        return [{**table.unique_values(key), "id": key} for key in keys]
