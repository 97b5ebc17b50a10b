"""The declaration of an entity: every fact about it that storage, the API and the conformance kit need, stated once.

Tables, validators, unique keys, delete effects, search and sort keys are derived from it. An ``EntityType`` stands
beside its dataclass; the types of the fields come from the dataclass's annotations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from core.entities.field_types import FieldType, TextType, TimeType, field_types_of
from core.entities.fields import MAX_KEY, VersionedEntity
from core.entities.filters import Condition, Operator, conditions_of
from core.text import fold, search_key

E = TypeVar("E")

SEARCH_KEY = "search_key"
"""The stored key that holds all searched fields, folded."""


class OnDelete(StrEnum):
    """What happens to an entity when the one that it refers to is deleted.

    Attributes:
        KEEP: nothing; it goes on naming what was deleted. Such a reference is written only where the unit of work has
            locked the entity that it names, so a database need not enforce it.
    """

    CASCADE = "cascade"
    RESTRICT = "restrict"
    SET_NULL = "set null"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds the id of another entity.

    Attributes:
        field: its name.
        to: plural name of the entities it refers to.
        on_delete: what happens to this entity when the other one is deleted.
    """

    field: str
    to: str
    on_delete: OnDelete


@dataclass(frozen=True, slots=True)
class Unique:
    """Fields whose values no two entities share. A null value is equal to nothing.

    Attributes:
        fields: compared together; errors name the first.
        is_folded: the (only) field is compared case-folded, by a stored key. The field's ``Text`` must have
            ``check_folded_length`` among its checks unless folding cannot make it longer than ``MAX_KEY``.
        is_generated: core makes the value, so a collision is a transient conflict and not the client's error.
    """

    fields: tuple[str, ...]
    is_folded: bool = False
    is_generated: bool = False

    @property
    def name(self) -> str:
        """The field that errors name."""
        return self.fields[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The stored names of what is compared: a folded field's key stands beside it."""
        return (f"{self.name}_key",) if self.is_folded else self.fields


def unique(*names: str, folded: bool = False, generated: bool = False) -> Unique:
    """Declare that no two entities have the same values in these fields."""
    return Unique(names, folded, generated)


@dataclass(frozen=True, slots=True)
class Link:
    """A many-to-many relation, shown in the entity as the names of the entities at the other end.

    Attributes:
        field: where the names are.
        to: plural name of the entities at the other end.
    """

    field: str
    to: str


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """A stored value that is computed from fields.

    Attributes:
        name: under which it is stored.
        fields: that it is computed from, in order.
        compute: from their values.
        type: of the value.
    """

    name: str
    fields: tuple[str, ...]
    compute: Callable[..., str]
    type: TextType

    def of(self, values: Mapping[str, Any]) -> str:
        """The key of an entity with these values by field."""
        return self.compute(*(values[name] for name in self.fields))


@dataclass(frozen=True, kw_only=True, eq=False)
class EntityType(Generic[E]):
    """What an entity is to storage.

    Attributes:
        entity: its dataclass, as storage returns it in full.
        name: singular, as errors name it.
        plural: the name of its table or collection.
        unique: in the order in which errors report them.
        references: likewise; unknown references are reported before values that are taken.
        parts: by field, the declaration of the list that is stored and deleted with the entity.
        links: many-to-many relations.
        searched: text fields that ``search`` looks in.
        sorts: fields that lists can be sorted by, beside the id and the time of creation.
        filter: the dataclass of what lists can be narrowed to.
        initial: values of a new entity that are not the client's choice.
        write_only: stored fields that no entity shows, with their types.
        key: the field that identifies it.
    """

    entity: type[E]
    name: str
    plural: str
    unique: Sequence[Unique] = ()
    references: Sequence[Reference] = ()
    parts: Mapping[str, "EntityType[Any]"] = field(default_factory=dict)
    links: Sequence[Link] = ()
    searched: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    filter: type[Any] | None = None
    initial: Mapping[str, Any] = field(default_factory=dict)
    write_only: Mapping[str, FieldType] = field(default_factory=dict)
    key: str = "id"

    @cached_property
    def is_versioned(self) -> bool:
        """Whether it has a version, and times of creation and change."""
        return issubclass(self.entity, VersionedEntity)

    @cached_property
    def fields(self) -> Mapping[str, FieldType]:
        """The type of each field that is stored with the entity itself, write-only ones last."""
        apart = {*self.parts, *(link.field for link in self.links)}
        shown = field_types_of(self.entity, without=apart)
        return {**shown, **self.write_only}

    @cached_property
    def derived(self) -> tuple[DerivedKey, ...]:
        """The keys that are stored beside the fields: folded ones, then the search key."""
        folded = [
            DerivedKey(one.keys[0], one.fields, fold, TextType(0, MAX_KEY)) for one in self.unique if one.is_folded
        ]
        return (*folded, *([DerivedKey(SEARCH_KEY, self.searched, search_key, TextType())] if self.searched else []))

    @cached_property
    def sort_keys(self) -> Mapping[str, str]:
        """By field that lists are sorted by and that may be null, the name of a key that never is, for storages that
        read an index as one range only where nothing in it is null.
        """
        nullable = [name for name in self.sorts if self.fields[name].is_optional]
        return {name: f"{name.removesuffix('_at')}_key" for name in nullable}

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """What lists can be narrowed to; a search comes last."""
        return conditions_of(self.filter) if self.filter else ()

    @cached_property
    def list_indexes(self) -> tuple[tuple[str, ...], ...]:
        """The fields of an index for each order of its lists, and for each value that lists or references look up."""
        narrowed = [one.field for one in self.conditions if one.operator is Operator.EQUAL and one.field in self.fields]
        looked_up = dict.fromkeys([*narrowed, *(reference.field for reference in self.references)])
        orders = ("created_at", *(name for name in self.sorts if name != "created_at"))
        return (*((name, "id") for name in orders), *((name, "created_at", "id") for name in looked_up))

    def derive(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The derived keys of an entity with these values by field."""
        return {key.name: key.of(values) for key in self.derived}

    def new_values(self, draft: object, at: datetime, **more: Any) -> dict[str, Any]:
        """The values of a new entity by field, all but its id.

        Args:
            draft: what the client chose; of its fields, those that the entity has.
            at: the time of creation.
            more: values that are neither in the draft nor in ``initial``.
        """
        drafted = {name: getattr(draft, name) for name in self._names_in(type(draft))}
        stamp = {"created_at": at, "updated_at": at, "version": 1} if self.is_versioned else {"created_at": at}
        return {**self._initial, **drafted, **stamp, **more}

    @cached_property
    def _initial(self) -> Mapping[str, Any]:
        defaults = {one.name: one.default for one in fields(self.entity) if one.default is not MISSING}  # type: ignore[arg-type]
        return {**defaults, **self.initial}

    def _names_in(self, draft: type[Any]) -> tuple[str, ...]:
        names = self._names_by_draft.get(draft)
        if names is None:
            mine = {one.name for one in fields(self.entity)}  # type: ignore[arg-type]
            names = self._names_by_draft[draft] = tuple(one.name for one in fields(draft) if one.name in mine)
        return names

    @cached_property
    def _names_by_draft(self) -> dict[type[Any], tuple[str, ...]]:
        return {}

    def __repr__(self) -> str:
        return f"EntityType({self.name})"


@dataclass(frozen=True, slots=True)
class Referrer:
    """A reference from elsewhere: who refers, and by which field.

    Attributes:
        type: whose rows hold the reference; the declaration of a part where it is a part's.
        reference: the field and its effect.
        owner: the entity that is stored with a part, else ``type``.
        part: the owner's field that holds the parts; empty where it is the entity's own reference.
    """

    type: EntityType[Any]
    reference: Reference
    owner: EntityType[Any]
    part: str = ""

    @property
    def label(self) -> str:
        """The plural that a client reads when a deletion is refused, such as ``order items``."""
        return self.type.plural.replace("_", " ")


class EntityTypes(Sequence[EntityType[Any]]):
    """All declarations, and how they refer to each other."""

    def __init__(self, types: Sequence[EntityType[Any]]) -> None:
        self._types = tuple(types)
        self._by_plural = {one.plural: one for one in types}
        self._referrers = {one.plural: tuple(_referrers(types, one)) for one in types}
        for one in types:
            _check(one, self._by_plural)

    def __getitem__(self, index: Any) -> Any:
        return self._types[index]

    def __len__(self) -> int:
        return len(self._types)

    def by_plural(self, plural: str) -> EntityType[Any]:
        """The declaration with this plural name."""
        return self._by_plural[plural]

    def referrers(self, target: EntityType[Any], *effects: OnDelete) -> tuple[Referrer, ...]:
        """The references that lead to ``target``, of all effects or of some: restricting ones first."""
        found = self._referrers[target.plural]
        return tuple(one for one in found if not effects or one.reference.on_delete in effects)

    def linked_from(self, target: EntityType[Any]) -> tuple[tuple[EntityType[Any], Link], ...]:
        """The many-to-many relations that lead to ``target``."""
        return tuple((one, link) for one in self._types for link in one.links if link.to == target.plural)

    def belongs_to(self, one: EntityType[Any], owner: EntityType[Any]) -> bool:
        """Whether an entity is, or leads by references that cannot be null to, entities of the type ``owner``."""
        required = [ref for ref in one.references if not one.fields[ref.field].is_optional]
        return one is owner or any(self.belongs_to(self._by_plural[ref.to], owner) for ref in required)

    def changes_referrers(self, target: EntityType[Any]) -> bool:
        """Whether a change or deletion of a ``target`` is a new version of entities that refer to it."""
        return bool(self.linked_from(target) or self.referrers(target, OnDelete.SET_NULL))


def _referrers(types: Sequence[EntityType[Any]], target: EntityType[Any]) -> list[Referrer]:
    found = [Referrer(one, ref, one) for one in types for ref in one.references if ref.to == target.plural]
    found += [
        Referrer(part, ref, one, name)
        for one in types
        for name, part in one.parts.items()
        for ref in part.references
        if ref.to == target.plural
    ]
    return sorted(found, key=lambda referrer: referrer.reference.on_delete is not OnDelete.RESTRICT)


def _check(one: EntityType[Any], known: Mapping[str, EntityType[Any]]) -> None:
    """Refuse a declaration that names what does not exist, or an effect that cannot be had."""
    named = [name for key in one.unique for name in key.fields] + [ref.field for ref in one.references]
    named += [*one.searched, *one.sorts, one.key]
    targets = [ref.to for ref in one.references] + [link.to for link in one.links]
    if unknown := {name for name in named if name not in one.fields} | {to for to in targets if to not in known}:
        raise TypeError(f"{one} names what does not exist: {', '.join(sorted(unknown))}")
    if other := [name for name in one.sort_keys if not isinstance(one.fields[name], TimeType)]:
        raise TypeError(f"{one} is sorted by what may be null and is no time: {', '.join(other)}")
    for ref in one.references:
        if ref.on_delete is OnDelete.SET_NULL and not one.fields[ref.field].is_optional:
            raise TypeError(f"{one}: {ref.field} cannot be set to null, because it is required")
    for name, part in one.parts.items():
        if any(ref.on_delete is not OnDelete.RESTRICT for ref in part.references):
            raise TypeError(
                f"{one}: references of its {name} can only restrict, because a part is deleted with its owner"
            )
