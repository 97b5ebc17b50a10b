"""The tables, derived from the declarations in ``core.entities``. Every constraint and index has a name.

The database enforces every rule it can: uniqueness, references with their delete effects, ranges, known words.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    literal,
)
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from backends.sql.dialects import DIALECTS
from backends.sql.indexes import indexes_of
from backends.sql.types import CHOICE_LENGTH, EnumText, UtcDateTime, long_text, primary_key_type, text
from core.entities import ENTITY_TYPES, EntityType, OnDelete
from core.entities.entity_type import Link
from core.entities.field_types import BooleanType, ChoiceType, FieldType, IntegerType, TextType, TimeType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

LINK_OPTIONS: dict[str, Any] = {
    name: value for dialect in DIALECTS.values() for name, value in dialect.table_options.items()
}
OPTIONS: dict[str, Any] = LINK_OPTIONS | {
    name: value for dialect in DIALECTS.values() for name, value in dialect.id_options.items()
}


NULL_SORT_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a missing time where it is sorted: before every other."""

SORT_KEY = "sort_key"
"""In the information about a column: the name of the column that lists are sorted by in its place."""

_LONGEST_INDEXABLE = 1000  # code points; longer text is of a type without a length

_CHECKS: Mapping[tuple[str, str], tuple[int, int] | None] = {
    ("orders", "total_amount"): (1, 999_999_999_999),
    ("order_items", "total_price"): None,
    ("payments", "amount"): None,
    ("payments", "refunded_amount"): None,
}
"""Bounds by table and column where a revision made another check than declared; None where it made none."""

_DEFAULTS: Mapping[tuple[str, str], str] = {("payments", "refunded_amount"): "0"}
"""Columns that a revision added to tables with rows; new rows state every value."""


def table_of(entity_type: EntityType[Any]) -> Table:
    """The table of an entity."""
    return metadata.tables[entity_type.plural]


def part_table_of(entity_type: EntityType[Any], field: str) -> Table:
    """The table of what is stored with an entity, such as the items of an order."""
    return metadata.tables[entity_type.parts[field].plural]


def link_table_of(entity_type: EntityType[Any], link: Link) -> Table:
    """The table of a many-to-many relation."""
    return metadata.tables[f"{entity_type.name}_{link.field}"]


def _make_table(entity_type: EntityType[Any]) -> None:
    table = Table(
        entity_type.plural,
        metadata,
        *_columns(entity_type),
        *(UniqueConstraint(*unique.keys) for unique in entity_type.unique),
        *_indexes(entity_type.plural),
        **(OPTIONS if entity_type.key == "id" else LINK_OPTIONS),
    )
    for name, key in entity_type.sort_keys.items():
        table.c[name].info[SORT_KEY] = key
    for part in entity_type.parts.values():
        owner = _owner_column(entity_type)
        position = Column("position", Integer(), primary_key=True, autoincrement=False)
        Table(part.plural, metadata, owner, position, *_columns(part), *_indexes(part.plural), **LINK_OPTIONS)
    for link in entity_type.links:
        name = f"{entity_type.name}_{link.field}"
        ends = _owner_column(entity_type), _owner_column(ENTITY_TYPES.by_plural(link.to))
        Table(name, metadata, *ends, *_indexes(name), **LINK_OPTIONS)


def _owner_column(entity_type: EntityType[Any]) -> Column[Any]:
    """The part of a primary key that refers to an entity, and goes with it."""
    key = ForeignKey(f"{entity_type.plural}.{entity_type.key}", ondelete="CASCADE")
    return Column(f"{entity_type.name}_id", key, primary_key=True)


def _columns(entity_type: EntityType[Any]) -> Iterator[SchemaItem]:
    references = {reference.field: reference for reference in entity_type.references}
    for name, field_type in entity_type.fields.items():
        if name == "id":
            yield Column(name, primary_key_type(), primary_key=True, autoincrement=True)
        elif name in references and references[name].on_delete is OnDelete.KEEP:
            yield Column(name, primary_key_type(), nullable=field_type.is_optional)
        elif name in references:
            key = ForeignKey(f"{references[name].to}.id", ondelete=references[name].on_delete.upper())
            yield Column(name, key, nullable=field_type.is_optional)
        else:
            yield Column(
                name,
                _type(name, field_type),
                primary_key=name == entity_type.key,
                nullable=field_type.is_optional,
                server_default=_DEFAULTS.get((entity_type.plural, name)),
            )
            yield from _checks(entity_type.plural, name, field_type)
        if name in entity_type.sort_keys:
            null_time = literal(NULL_SORT_TIME, UtcDateTime())
            yield Column(entity_type.sort_keys[name], UtcDateTime(), nullable=False, server_default=null_time)
    for derived in entity_type.derived:
        yield Column(derived.name, _type(derived.name, derived.type), nullable=False)


def _type(name: str, field_type: FieldType) -> TypeEngine[Any]:
    match field_type:
        case TextType(max_length=length):
            return long_text() if length is None or length > _LONGEST_INDEXABLE else text(length)
        case ChoiceType(enum=enum):
            return text(CHOICE_LENGTH) if enum is None else EnumText(enum)
        case TimeType():
            return UtcDateTime()
        case BooleanType():
            return Boolean()
    return Integer() if name == "version" else BigInteger()


def _checks(table: str, name: str, field_type: FieldType) -> Iterator[CheckConstraint]:
    match field_type:
        case ChoiceType(values=values, enum=enum) if enum is not None:
            yield CheckConstraint(f"{name} IN ({', '.join(map(repr, values))})", name=name)
        case IntegerType(low=int() as low, high=int() as high):
            bounds = _CHECKS.get((table, name), (low, high))
            if bounds is not None:
                yield CheckConstraint(f"{name} BETWEEN {bounds[0]} AND {bounds[1]}", name=name)


def _indexes(table: str) -> list[Index]:
    return [Index(None, *columns) for columns in indexes_of(table)]


for _entity_type in ENTITY_TYPES:
    _make_table(_entity_type)
