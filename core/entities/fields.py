"""The kinds of value of the contract's first section, as annotated types: how each is checked on the way in, written
on the way out, and described in the API document.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
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
"""For bodies: a field we do not know is an error, not noise."""


def _integral(value: object) -> object:
    """JSON has one number type: ``5.0`` is the integer 5."""
    if not isinstance(value, Decimal) or not value.is_finite() or value.copy_abs() >= 2**63:
        return value
    return int(value) if value == value.to_integral_value() else value


_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as Python has it, for the patterns of the API document: what ``\\s`` is differs between languages."""

_AMOUNT = r"^([1-9][0-9]{0,7}\.[0-9]{2}|0\.[1-9][0-9]|0\.0[1-9])$"
_AMOUNT_OR_ZERO = r"^(0|[1-9][0-9]{0,7})\.[0-9]{2}$"


class Amount:
    """Money on its way in: a JSON number or string with at most two decimals, ``low`` to ``high`` minor units."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def _check(self, value: object) -> int:
        minor = money.parse(value)
        if not self.low <= minor <= self.high:
            raise ValueError(f"must be between {money.to_json(self.low)} and {money.to_json(self.high)}")
        return minor

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check, serialization=_MONEY_OUT)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return dict(_MONEY_SCHEMA)
        number = {"type": "number", "minimum": self.low / 100, "maximum": self.high / 100, "multipleOf": 0.01}
        text = {"type": "string", "pattern": _AMOUNT if self.low else _AMOUNT_OR_ZERO}
        return {"anyOf": [number, text], "examples": ["79.99"]}


class Integer:
    """A JSON integer on its way in, ``low`` to ``high``."""

    def __init__(self, low: int, high: int | None = None) -> None:
        self.low, self.high = low, high

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        return core_schema.no_info_before_validator_function(_integral, bounded)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return {"type": "integer"}
        bounds = {"minimum": self.low, "maximum": self.high}
        return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}


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


class Text:
    """Text on its way in: cleaned (see ``core.text.clean``), ``low`` to ``high`` code points, then checked by ``rule``.

    ``allowed`` only describes the rule in the API document: the characters that it lets pass.
    """

    def __init__(self, low: int, high: int, rule: Callable[[str], str] | None = None, allowed: str = "") -> None:
        self.low, self.high, self._rule = low, high, rule
        self._allowed = allowed

    def _check(self, value: str) -> str:
        value = clean(value)
        _require_length(value, self.low, self.high)
        return self._rule(value) if self._rule else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return {"type": "string"}
        if self._allowed:  # the bounds are in the pattern, for outer white space does not count
            bounds = f"{{{self.low},{self.high}}}"
            return {"type": "string", "pattern": rf"^[{_SPACE}]*[{self._allowed}]{bounds}[{_SPACE}]*$"}
        pattern = rf"^([^\x00]*[^\x00{_SPACE}][^\x00]*)$" if self.low else r"^[^\x00]*$"
        return {"type": "string", "minLength": self.low, "maxLength": self.high, "pattern": pattern}


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


_SKU = _matching(r"[A-Z0-9-]+", "may contain letters A-Z, digits and hyphens only")


def _sku(value: str) -> str:
    return _SKU(value.upper())


def _email(value: str) -> str:
    try:
        email: str = validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValueError("must be a valid e-mail address") from None
    _require_length(email, 3, 255)
    return check_folded_length(email)


def check_folded_length(value: str) -> str:
    """Refuse a value of which the unique, folded key would be too long to be indexed: folding can multiply length."""
    _require_length(fold(value), 1, MAX_KEY)
    return value


def _any_password(value: str) -> str:
    clean(value)  # refuses what cannot be text; the password itself stays as it was typed
    _require_length(value, 1, 100)
    return value


def _password(value: str) -> str:
    _any_password(value)
    _require_length(value, 8, 100)
    if not any(char.isupper() for char in value) or not any(char.isdecimal() for char in value):
        raise ValueError("must contain an upper-case letter and a digit")
    return value


_MONEY_SCHEMA = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", "examples": ["79.99"]}
_MONEY_OUT = core_schema.plain_serializer_function_ser_schema(
    money.to_json, return_schema=core_schema.str_schema(), when_used="json"
)

Time = Annotated[
    datetime,
    PlainSerializer(clock.to_json, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T12:00:00.123Z"]}),
]
Money = Annotated[
    int,
    PlainSerializer(money.to_json, return_type=str, when_used="json"),
    WithJsonSchema(_MONEY_SCHEMA),
]
"""An amount on its way out, minor units inside; a sum may exceed what a price may be."""

Price = Annotated[int, Amount(1, money.MAX_PRICE)]
Total = Annotated[int, Amount(0, money.MAX_TOTAL)]
"""A stored sum of prices."""

Id = Annotated[int, Strict(), Field(ge=1, le=MAX_ID), BeforeValidator(_integral)]
Stock = Annotated[int, Integer(0, MAX_QUANTITY)]
Quantity = Annotated[int, Integer(1, MAX_QUANTITY)]
StockDelta = Annotated[int, Integer(-MAX_QUANTITY, MAX_QUANTITY)]
Flag = Annotated[bool, Strict()]

_USERNAME = _matching(r"[A-Za-z0-9_]+", "may contain letters A-Z, digits and underscores only")
_SLUG = _matching(r"[^\s/?#%\\]+", "must not contain white space or any of / ? # % \\")

Username = Annotated[str, Text(3, 50, _USERNAME, "A-Za-z0-9_")]
Slug = Annotated[str, Text(1, SLUG_LENGTH, _SLUG, rf"^{_SPACE}/?#%\\\x00")]
Sku = Annotated[str, Text(1, 50, _sku, "A-Za-z0-9-")]
Email = Annotated[
    str,
    Text(3, 255, _email),
    WithJsonSchema({"type": "string", "format": "email", "minLength": 3, "maxLength": 254}, mode="validation"),
]
SubmittedPassword = Annotated[
    str,
    Strict(),
    AfterValidator(_any_password),
    WithJsonSchema({"type": "string", "format": "password", "minLength": 1, "maxLength": 100}),
]
Password = Annotated[
    str,
    Strict(),
    AfterValidator(_password),
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": 8,
            "maxLength": 100,
            # An upper-case letter and a digit in either order; without look-ahead, which many languages do not have.
            "pattern": r"^[^\x00]*([A-Z][^\x00]*[0-9]|[0-9][^\x00]*[A-Z])[^\x00]*$",
        }
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedEntity:
    """What every stored, mutable entity has.

    Attributes:
        id: positive, assigned by storage, never reused.
        created_at: when it was stored first.
        updated_at: when it was changed last.
        version: 1 at birth, one more with each change.
    """

    id: Id
    created_at: Time
    updated_at: Time
    version: int
