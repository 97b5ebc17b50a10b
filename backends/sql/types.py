"""Column types that keep a value exactly, and compare it by code point, on every database."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine
from typing_extensions import override

from backends.sql.dialects import DIALECTS, ColumnTypes

T = TypeVar("T")

_STANDARD = ColumnTypes()


def primary_key_type() -> TypeEngine[int]:
    """A 64-bit id that counts up by itself."""
    return _with_variants(BigInteger(), lambda types: types.primary_key)


def text(length: int) -> TypeEngine[str]:
    """Text of at most ``length`` code points, indexable."""
    return _with_variants(String(length), lambda types: types.text(length))


def long_text() -> TypeEngine[str]:
    """Text up to some millions of code points, not indexed by value."""
    return _with_variants(Text(), lambda types: types.long_text)


def _with_variants(kind: TypeEngine[T], choose: Callable[[ColumnTypes], TypeEngine[T]]) -> TypeEngine[T]:
    for dialect in DIALECTS.values():
        kind = kind.with_variant(choose(dialect.column_types), dialect.name)
    return kind


def _types_of(dialect: Dialect) -> ColumnTypes:
    return DIALECTS[dialect.name].column_types if dialect.name in DIALECTS else _STANDARD


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC with milliseconds, in the type that a database has for it."""

    impl = DateTime
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_types_of(dialect).time)

    @override
    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _types_of(dialect).time_from_driver

    @override
    def bind_processor(self, dialect: Dialect) -> Any:
        return _types_of(dialect).time_to_driver

    @override
    def process_literal_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The value of what is written into a statement, such as a default."""
        to_driver = self.bind_processor(dialect)
        return value if to_driver is None else to_driver(value)


CHOICE_LENGTH = 20
"""Of columns that hold one of a few words."""


class EnumText(TypeDecorator[StrEnum]):
    """The value of an enumeration; the table checks that it is one."""

    impl = String
    cache_ok = True

    def __init__(self, enumeration: type[StrEnum]) -> None:
        super().__init__(CHOICE_LENGTH)
        self.enumeration = enumeration

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(text(CHOICE_LENGTH).dialect_impl(dialect))

    @override
    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.enumeration(value)


def render(kind: TypeEngine[Any]) -> str | None:
    """The call of this module that returns such a type, as source code; None for types of others."""
    match kind:
        case UtcDateTime():
            return "UtcDateTime()"
        case EnumText():
            return f"text({CHOICE_LENGTH})"
    if not kind._variant_mapping:
        return None
    match kind:
        case Text():
            return "long_text()"
        case String(length=length):
            return f"text({length})"
    return "primary_key_type()"


identifier, Moment, OneOf = primary_key_type, UtcDateTime, EnumText
"""The names by which revisions up to 0006, which are frozen, import them."""
