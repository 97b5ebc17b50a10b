"""The stored documents: one Beanie document per collection, made from the declarations in ``core.entities``.

The validators of a database are derived from these classes (``validators``) and compared with them (``detect_drift``).
``docs/mongodb.md`` says what else Beanie is used for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len
from beanie import Document
from pydantic import BaseModel, create_model

from core.entities import ENTITY_TYPES, EntityType
from core.entities.field_types import BooleanType, ChoiceType, FieldType, IntegerType, MoneyType, TextType, TimeType


@dataclass(frozen=True, slots=True)
class Bson:
    """The BSON type of a field, where its Python type leaves a choice."""

    type: str


class BaseDocument(Document):
    """A stored document, with an integer id."""

    id: int  # type: ignore[assignment]


class VersionedDocument(BaseDocument):
    """A document that changes.

    Attributes:
        holds: number of writes that only locked the document; its stored name is part of the schema.
    """

    created_at: datetime
    updated_at: datetime
    version: Annotated[int, Ge(1)]
    holds: int = 0


class TagLink(BaseModel):
    """A link within a document: the name at the other end for reading, and its folded key for filtering."""

    id: int
    name: str
    key: str


class CounterDocument(BaseDocument):
    """The last id reserved for a collection, whose name is the counter's id."""

    id: str  # type: ignore[assignment]
    last: int

    class Settings:
        """Beanie's settings."""

        name = "counters"


def _make_document(entity_type: EntityType[Any]) -> type[BaseDocument]:
    base: type[BaseDocument] = VersionedDocument if entity_type.is_versioned else BaseDocument
    fields = _fields(entity_type, without=base.model_fields)
    fields |= {key.name: (str, ...) for key in entity_type.derived}
    fields |= {link.field: (list[TagLink], ...) for link in entity_type.links}
    for name, part in entity_type.parts.items():
        item = create_model(f"{part.entity.__name__}Document", **_fields(part))
        fields[name] = (Annotated[list[item], Len(min_length=1)], ...)
    if entity_type.key != "id":
        del fields[entity_type.key]
        fields |= {"id": (str, ...), "holds": (int, 0)}
    name = f"{entity_type.entity.__name__}Document"
    made = create_model(name, __base__=base, __module__=__name__, __doc__=entity_type.entity.__doc__, **fields)
    made.Settings = type("Settings", (), {"name": entity_type.plural})  # type: ignore[attr-defined]
    return made


def _fields(entity_type: EntityType[Any], without: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The definitions of a document's fields, as ``create_model`` takes them."""
    return {
        name: (_annotation(field_type) | None if field_type.is_optional else _annotation(field_type), ...)
        for name, field_type in entity_type.fields.items()
        if name not in (without or {})
    }


def _annotation(field_type: FieldType) -> Any:
    match field_type:
        case MoneyType(low=low, high=high):
            return Annotated[int, Bson("long"), *_bounds(low, high)]
        case IntegerType(low=low, high=high):
            bounds = _bounds(low, high)
            return Annotated[int, *bounds] if bounds else int
        case ChoiceType(values=values, enum=enum):
            return enum or Literal[values]
    return _PLAIN[type(field_type)]


_PLAIN: Mapping[type[FieldType], type] = {TextType: str, BooleanType: bool, TimeType: datetime}


def _bounds(low: int | None, high: int | None) -> list[Any]:
    return [*([] if low is None else [Ge(low)]), *([] if high is None else [Le(high)])]


DOCUMENTS: list[type[BaseDocument]] = [*map(_make_document, ENTITY_TYPES), CounterDocument]
