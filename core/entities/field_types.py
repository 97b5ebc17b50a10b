"""What a stored field holds, read off the annotation of the dataclass's field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from core.entities.fields import Amount, Integer, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """A kind of value; ``is_optional`` where it may be null."""

    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class TextType(FieldType):
    """Text of so many code points; ``max_length`` of None is unbounded."""

    min_length: int = 0
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class IntegerType(FieldType):
    """A 64-bit integer within bounds, where there are any."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class MoneyType(IntegerType):
    """Minor units, 64 bits wide whatever the amount."""


@dataclass(frozen=True, slots=True)
class BooleanType(FieldType):
    """True or false."""


@dataclass(frozen=True, slots=True)
class TimeType(FieldType):
    """UTC, whole milliseconds."""


@dataclass(frozen=True, slots=True)
class ChoiceType(FieldType):
    """One of some words; a member of ``enum`` where the field has an enumeration."""

    values: tuple[str, ...] = ()
    enum: type[StrEnum] | None = None


def field_types_of(entity: type[Any], without: Collection[str] = ()) -> Mapping[str, FieldType]:
    """The types of a dataclass's fields by name, in their order.

    Raises:
        TypeError: a field has no type that can be stored, such as text without a length.
    """
    hints = get_type_hints(entity, include_extras=True)
    names = [one.name for one in fields(entity) if one.name not in without]
    return {name: _type_of(hints[name], f"{entity.__name__}.{name}") for name in names}


def _type_of(hint: Any, where: str) -> FieldType:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        [inner] = [argument for argument in arguments if argument is not NoneType]
        return replace(_type_of(inner, where), is_optional=True)
    if origin is Annotated:
        constrained = [_constrained(one) for one in arguments[1:] if isinstance(one, Text | Amount | Integer)]
        return constrained[0] if constrained else _type_of(arguments[0], where)
    if origin is Literal:
        return ChoiceType(arguments)
    return _plain(hint, where)


def _constrained(constraint: Text | Amount | Integer) -> FieldType:
    kinds: dict[type[Any], Any] = {Text: TextType, Amount: MoneyType, Integer: IntegerType}
    made: FieldType = kinds[type(constraint)](constraint.low, constraint.high)
    return made


def _plain(hint: Any, where: str) -> FieldType:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ChoiceType(tuple(member.value for member in hint), hint)
    known: dict[Any, FieldType] = {bool: BooleanType(), int: IntegerType(), datetime: TimeType()}
    if hint not in known:
        raise TypeError(f"{where}: {hint} cannot be stored; text needs a length, as in Annotated[str, Text(1, 50)]")
    return known[hint]
