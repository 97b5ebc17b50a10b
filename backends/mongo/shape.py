"""An entity in its document. The names are the same but for ``id``, which is ``_id``; no optional field is left out.

Documents are projected straight into entities. Through Beanie's documents, a page of 1 000 users costs 29 µs for each
instead of 9 (pydantic validates again what the database has validated already), and a write warns of a deprecation.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

from backends.mongo.driver import Document, Int64
from core.entities.construct import make_constructor

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Codec:
    """How a field differs between entity and document."""

    load: Callable[[Any], Any]
    store: Callable[[Any], Any]


MONEY = Codec(load=int, store=Int64)
"""Minor units, 64 bits wide whatever the amount."""


def one_of(values: type[Enum]) -> Codec:
    """A member of an enumeration, stored by its value."""
    return Codec(load=values, store=lambda member: member.value)


@dataclass(frozen=True, slots=True)
class Shape(Generic[E]):
    """One kind of entity.

    Attributes:
        entity: its class.
        codecs: the fields that differ.
        distinct: sort fields of which no two documents have the same value.
        listed: fields with an index that goes on with the time of creation, for lists of one value.
        names: of the entity's fields.
        keys: of the document, in the same order.
        projection: what a query asks for.
    """

    entity: type[E]
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    distinct: Set[str] = frozenset()
    listed: Set[str] = frozenset()
    names: Sequence[str] = field(init=False)
    keys: Sequence[str] = field(init=False)
    projection: Mapping[str, int] = field(init=False)
    _values: Callable[[Document], Sequence[Any]] = field(init=False)
    _fields: Callable[[E], Sequence[Any]] = field(init=False)
    _assemble: Callable[[Sequence[Any]], E] = field(init=False)

    def __post_init__(self) -> None:
        names = [f.name for f in fields(self.entity)]  # type: ignore[arg-type]
        object.__setattr__(self, "names", names)
        keys = ["_id" if name == "id" else name for name in names]
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "projection", dict.fromkeys(keys, 1))
        object.__setattr__(self, "_values", itemgetter(*keys))
        object.__setattr__(self, "_fields", attrgetter(*names))
        object.__setattr__(self, "_assemble", make_constructor(self.entity, names))

    def read(self, document: Document) -> E:
        """The entity of a document that ``projection`` yielded; consumes it."""
        for name, codec in self.codecs.items():
            document[name] = codec.load(document[name])
        return self._assemble(self._values(document))

    def write(self, entity: E) -> Document:
        """The document of an entity, without what is derived from it."""
        document: Document = dict(zip(self.keys, self._fields(entity), strict=True))
        for name, codec in self.codecs.items():
            document[name] = codec.store(document[name])
        return document
