"""Column types that keep a value exactly, and compare it by code point, on every database."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

from core import clock

POSTGRESQL_COLLATION = "C"
MYSQL_COLLATION = "utf8mb4_0900_bin"
MARIADB_COLLATION = "utf8mb4_nopad_bin"
"""Binary and, unlike the older ``utf8mb4_bin``, with trailing spaces significant."""


def identifier() -> TypeEngine[int]:
    """A 64-bit id; on SQLite the only type that counts up by itself, which is as wide."""
    return BigInteger().with_variant(Integer(), "sqlite")


def text(length: int) -> TypeEngine[str]:
    """Text of at most ``length`` code points, indexable."""
    return (
        String(length)
        .with_variant(String(length, POSTGRESQL_COLLATION), "postgresql")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation=MYSQL_COLLATION), "mysql")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation=MARIADB_COLLATION), "mariadb")
    )


def long_text() -> TypeEngine[str]:
    """Text up to some millions of code points, not indexed by value."""
    return (
        Text()
        .with_variant(Text(collation=POSTGRESQL_COLLATION), "postgresql")
        .with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation=MYSQL_COLLATION), "mysql")
        .with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation=MARIADB_COLLATION), "mariadb")
    )


class Moment(TypeDecorator[datetime]):
    """A time in UTC with milliseconds: native where the database has such a type, sortable ISO text on SQLite.

    MySQL and MariaDB hold it without a zone, so the zone is taken off and put back here, whatever the session's is.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in the schema of each database."""
        match dialect.name:
            case "postgresql":
                return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3))
            case "mysql" | "mariadb":
                return dialect.type_descriptor(mysql.DATETIME(fsp=3))
            case _:
                return dialect.type_descriptor(String(24))

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:  # noqa: ARG002 - of the type's interface
        """Straight from the driver's value to ours; nothing where they are the same."""
        match dialect.name:
            case "postgresql":
                return None
            case "sqlite":
                return _from_text
            case _:
                return _from_local

    def bind_processor(self, dialect: Dialect) -> Any:
        """And back."""
        match dialect.name:
            case "postgresql":
                return None
            case "sqlite":
                return _to_text
            case _:
                return _to_local

    def process_literal_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """For what stands in a statement, such as a default."""
        to_driver = self.bind_processor(dialect)
        return value if to_driver is None else to_driver(value)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else clock.to_json(value)


def _from_local(value: datetime | None) -> datetime | None:
    return None if value is None else datetime.combine(value, value.time(), UTC)  # ``replace`` takes six times as long


def _to_local(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return datetime.combine(utc, utc.time())


class OneOf(TypeDecorator[StrEnum]):
    """A word out of an enumeration; what it may be is checked by the table."""

    impl = String
    cache_ok = True

    def __init__(self, enumeration: type[StrEnum]) -> None:
        super().__init__(20)
        self.enumeration = enumeration

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text like any other."""
        return dialect.type_descriptor(text(20).dialect_impl(dialect))

    def process_bind_param(self, value: StrEnum | None, _dialect: Dialect) -> str | None:
        """The plain word."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        """The member of the enumeration."""
        return None if value is None else self.enumeration(value)
