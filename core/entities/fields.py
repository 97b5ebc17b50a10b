"""The types of fields, annotated with how each is validated and serialized.

Their JSON Schema is not known here: see ``described_by``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
)
from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from core import clock, money
from core.text import SLUG_LENGTH, clean, fold

MAX_ID = 2**53 - 1
"""Highest id: the highest integer that every JSON reader keeps exactly."""

MAX_QUANTITY = 2_147_483_647
"""Highest stock and highest quantity of an order line, in pieces."""

MAX_KEY = 255
"""Longest unique folded key, in code points."""

FORBID_EXTRA = ConfigDict(extra="forbid")
"""For bodies: an unknown field is an error."""


def _integral(value: object) -> object:
    """JSON has one number type: ``5.0`` is the integer 5."""
    if not isinstance(value, Decimal) or not value.is_finite() or value.copy_abs() >= 2**63:
        return value
    return int(value) if value == value.to_integral_value() else value


class FieldAnnotation:
    """Validates a field. Its JSON Schema is that of ``described_by``, else pydantic's own."""

    __slots__ = ()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        describe = _describe.get()
        return handler(schema) if describe is None else describe(self, handler.mode)


Describe = Callable[[FieldAnnotation, JsonSchemaMode], JsonSchemaValue]
"""Returns the JSON Schema of a field as it is validated, or as it is serialized."""

_describe: ContextVar[Describe | None] = ContextVar("describe", default=None)


@contextmanager
def described_by(describe: Describe) -> Iterator[None]:
    """A context in which generated JSON Schemas of fields are those that ``describe`` returns."""
    token = _describe.set(describe)
    try:
        yield
    finally:
        _describe.reset(token)


class Notation(FieldAnnotation, Enum):
    """Values with a notation of their own."""

    TIME = auto()
    MONEY = auto()
    PASSWORD = auto()
    SUBMITTED_PASSWORD = auto()


@dataclass(frozen=True, slots=True)
class Amount(FieldAnnotation):
    """Money as input: a JSON number or string with at most two decimals, ``low`` to ``high`` minor units."""

    low: int
    high: int

    def _check(self, value: object) -> int:
        minor = money.parse(value)
        if not self.low <= minor <= self.high:
            raise ValueError(f"must be between {money.to_json(self.low)} and {money.to_json(self.high)}")
        return minor

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check, serialization=_MONEY_OUT)


@dataclass(frozen=True, slots=True)
class Integer(FieldAnnotation):
    """A JSON integer as input, ``low`` to ``high``; None for the highest that can be stored."""

    low: int
    high: int | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        return core_schema.no_info_before_validator_function(_integral, bounded)


class default:  # noqa: N801 - reads like the keyword that it stands for
    """For an optional field that is never null: an explicit ``null`` means what leaving it out means."""

    def __init__(self, value: object) -> None:
        self._value = value

    def _fill(self, given: object) -> object:
        return self._value if given is None else given

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._fill, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema["schema"]), {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Text(FieldAnnotation):
    """Text as input: cleaned (see ``core.text.clean``), ``low`` to ``high`` code points, then validated by ``rule``."""

    low: int
    high: int
    rule: Callable[[str], str] | None = None

    def _check(self, value: str) -> str:
        value = clean(value)
        _require_length(value, self.low, self.high)
        return self.rule(value) if self.rule else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, core_schema.str_schema(strict=True))


def _require_length(value: str, low: int, high: int) -> None:
    if not low <= len(value) <= high:
        raise ValueError(f"must have {low} to {high} characters" if low else f"must have at most {high} characters")


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(message)
        return value

    return check


check_username = _matching(r"[A-Za-z0-9_]+", "may contain letters A-Z, digits and underscores only")
check_slug = _matching(r"[^\s/?#%\\]+", "must not contain white space or any of / ? # % \\")
_check_upper_sku = _matching(r"[A-Z0-9-]+", "may contain letters A-Z, digits and hyphens only")


def check_sku(value: str) -> str:
    """An SKU in upper case."""
    return _check_upper_sku(value.upper())


def check_email(value: str) -> str:
    """A normalized e-mail address."""
    try:
        email: str = validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValueError("must be a valid e-mail address") from None
    _require_length(email, 3, 255)
    return check_folded_length(email)


def check_folded_length(value: str) -> str:
    """A value whose folded, unique key is short enough to be indexed: folding can multiply the length."""
    _require_length(fold(value), 1, MAX_KEY)
    return value


def _any_password(value: str) -> str:
    clean(value)  # raises for what cannot be text; the password itself stays as submitted
    _require_length(value, 1, 100)
    return value


def _password(value: str) -> str:
    _any_password(value)
    _require_length(value, 8, 100)
    if not any(char.isupper() for char in value) or not any(char.isdecimal() for char in value):
        raise ValueError("must contain an upper-case letter and a digit")
    return value


_MONEY_OUT = core_schema.plain_serializer_function_ser_schema(
    money.to_json, return_schema=core_schema.str_schema(), when_used="json"
)

Time = Annotated[datetime, PlainSerializer(clock.to_json, return_type=str, when_used="json"), Notation.TIME]
Money = Annotated[int, PlainSerializer(money.to_json, return_type=str, when_used="json"), Notation.MONEY]
"""An amount as output, in minor units; a sum may exceed the highest price."""

Price = Annotated[int, Amount(1, money.MAX_PRICE)]
Total = Annotated[int, Amount(0, money.MAX_TOTAL)]
"""A stored sum of prices."""

Id = Annotated[int, Strict(), Field(ge=1, le=MAX_ID), BeforeValidator(_integral)]
Stock = Annotated[int, Integer(0, MAX_QUANTITY)]
Quantity = Annotated[int, Integer(1, MAX_QUANTITY)]
StockDelta = Annotated[int, Integer(-MAX_QUANTITY, MAX_QUANTITY)]
Flag = Annotated[bool, Strict()]

Username = Annotated[str, Text(3, 50, check_username)]
Slug = Annotated[str, Text(1, SLUG_LENGTH, check_slug)]
Sku = Annotated[str, Text(1, 50, check_sku)]
Email = Annotated[str, Text(3, 255, check_email)]
SubmittedPassword = Annotated[str, Strict(), AfterValidator(_any_password), Notation.SUBMITTED_PASSWORD]
Password = Annotated[str, Strict(), AfterValidator(_password), Notation.PASSWORD]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedEntity:
    """What every stored, mutable entity has.

    Attributes:
        id: positive, assigned by storage, never reused.
        created_at: when it was stored first.
        updated_at: when it was changed last.
        version: 1 when it was stored first, one more with each change.
    """

    id: Id
    created_at: Time
    updated_at: Time
    version: int
