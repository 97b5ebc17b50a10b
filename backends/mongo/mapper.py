"""Maps entities to documents and back. Keys are named as fields, but that of the entity, ``id``, is ``_id``.

A null is stored as null. Documents are read straight into entities. Beanie's documents take 29 µs instead of 9 for each
user on a page of 1 000, because pydantic validates again what the database has validated, and warn of a deprecation
with each write.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

from backends.mongo.driver import Document, Int64
from core.entities import EntityType
from core.entities.construct import make_constructor
from core.entities.field_types import ChoiceType, FieldType, MoneyType

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Codec:
    """Converts a field that entity and document hold differently."""

    load: Callable[[Any], Any]
    store: Callable[[Any], Any]


MONEY = Codec(load=int, store=Int64)
"""Minor units, as 64 bits whatever the amount."""


def enum_codec(members: type[Enum]) -> Codec:
    """A codec that stores a member of an enumeration by its value."""
    return Codec(load=members, store=lambda member: member.value)


def codecs_of(entity_type: EntityType[Any], view: type[Any]) -> dict[str, Codec]:
    """The codecs of the fields that a view of an entity has."""
    shown = {one.name for one in fields(view)}
    codecs = {name: codec for name, kind in entity_type.fields.items() if (codec := _codec_of(kind))}
    codecs |= {name: _parts_codec(part) for name, part in entity_type.parts.items()}
    codecs |= {link.field: _LINKS for link in entity_type.links}
    return {name: codec for name, codec in codecs.items() if name in shown}


def _codec_of(field_type: FieldType) -> Codec | None:
    match field_type:
        case MoneyType():
            return MONEY
        case ChoiceType(enum=enum) if enum is not None:
            return enum_codec(enum)
    return None


def _parts_codec(part: EntityType[Any]) -> Codec:
    mapper = DocumentMapper(part.entity, codecs_of(part, part.entity))
    return Codec(
        load=lambda stored: [mapper.to_entity(one) for one in stored],
        store=lambda parts: [mapper.to_document(one) for one in parts],
    )


_LINKS = Codec(load=lambda links: sorted(link["name"] for link in links), store=list)
"""The names at the other end; what is stored of them is written by the entity's repository."""


@dataclass(frozen=True, slots=True)
class DocumentMapper(Generic[E]):
    """Maps one class of entities.

    Attributes:
        entity: the class.
        codecs: of the fields that differ.
        unique_sorts: sort fields that have no value twice.
        filter_indexes: fields with an index that continues with ``created_at`` and ``_id``.
        key: the field that is the document's ``_id``.
        names: the entity's fields.
        keys: the document's keys, in the same order.
        projection: the projection of every query.
    """

    entity: type[E]
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    unique_sorts: Set[str] = frozenset()
    filter_indexes: Set[str] = frozenset()
    key: str = "id"
    names: Sequence[str] = field(init=False)
    keys: Sequence[str] = field(init=False)
    projection: Mapping[str, int] = field(init=False)
    _get_values: Callable[[Document], Sequence[Any]] = field(init=False)
    _get_fields: Callable[[E], Sequence[Any]] = field(init=False)
    _construct: Callable[[Sequence[Any]], E] = field(init=False)

    def __post_init__(self) -> None:
        names = [f.name for f in fields(self.entity)]  # type: ignore[arg-type]
        object.__setattr__(self, "names", names)
        keys = ["_id" if name == self.key else name for name in names]
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "projection", dict.fromkeys(keys, 1))
        object.__setattr__(self, "_get_values", itemgetter(*keys))
        object.__setattr__(self, "_get_fields", attrgetter(*names))
        object.__setattr__(self, "_construct", make_constructor(self.entity, names))

    def to_entity(self, document: Document) -> E:
        """The entity of a document that was read with ``projection``; changes the document."""
        for name, codec in self.codecs.items():
            document[name] = codec.load(document[name])
        return self._construct(self._get_values(document))

    def to_document(self, entity: E) -> Document:
        """The document of an entity, without derived keys."""
        document: Document = dict(zip(self.keys, self._get_fields(entity), strict=True))
        for name, codec in self.codecs.items():
            document[name] = codec.store(document[name])
        return document
