"""The types of fields in the OpenAPI document: JSON Schema for what ``core.entities.fields`` validates."""

from collections.abc import Callable

from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue

from core.entities.fields import (
    Amount,
    FieldAnnotation,
    Integer,
    Notation,
    Text,
    check_email,
    check_sku,
    check_slug,
    check_username,
)

_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as Python defines it: what ``\\s`` matches differs between languages."""

_AMOUNT = r"^([1-9][0-9]{0,7}\.[0-9]{2}|0\.[1-9][0-9]|0\.0[1-9])$"
_AMOUNT_OR_ZERO = r"^(0|[1-9][0-9]{0,7})\.[0-9]{2}$"

_ALLOWED: dict[Callable[[str], str] | None, str] = {
    check_username: "A-Za-z0-9_",
    check_slug: rf"^{_SPACE}/?#%\\\x00",
    check_sku: "A-Za-z0-9-",
}
"""The characters that a rule of text allows."""

_NOTATIONS: dict[Notation, JsonSchemaValue] = {
    Notation.TIME: {"type": "string", "format": "date-time", "examples": ["2026-11-22T12:00:00.123Z"]},
    Notation.MONEY: {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", "examples": ["79.99"]},
    Notation.SUBMITTED_PASSWORD: {"type": "string", "format": "password", "minLength": 1, "maxLength": 100},
    Notation.PASSWORD: {
        "type": "string",
        "format": "password",
        "minLength": 8,
        "maxLength": 100,
        # An upper-case letter and a digit in either order; without look-ahead, which many languages do not have.
        "pattern": r"^[^\x00]*([A-Z][^\x00]*[0-9]|[0-9][^\x00]*[A-Z])[^\x00]*$",
    },
}


def field_schema(field: FieldAnnotation, mode: JsonSchemaMode) -> JsonSchemaValue:
    """The JSON Schema of a field, as input or (``serialization``) as output."""
    return _output(field) if mode == "serialization" else _input(field)


def _output(field: FieldAnnotation) -> JsonSchemaValue:
    match field:
        case Notation():
            return dict(_NOTATIONS[field])
        case Amount():
            return dict(_NOTATIONS[Notation.MONEY])
        case Integer():
            return {"type": "integer"}
    return {"type": "string"}


def _input(field: FieldAnnotation) -> JsonSchemaValue:
    match field:
        case Notation():
            return dict(_NOTATIONS[field])
        case Amount():
            return _amount(field)
        case Integer(low, high):
            return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})
        case Text():
            return _text(field)
    raise TypeError(f"{field} is not described")


def _amount(amount: Amount) -> JsonSchemaValue:
    number = {"type": "number", "minimum": amount.low / 100, "maximum": amount.high / 100, "multipleOf": 0.01}
    text = {"type": "string", "pattern": _AMOUNT if amount.low else _AMOUNT_OR_ZERO}
    return {"anyOf": [number, text], "examples": ["79.99"]}


def _text(text: Text) -> JsonSchemaValue:
    if text.rule is check_email:
        return {"type": "string", "format": "email", "minLength": 3, "maxLength": 254}
    if allowed := _ALLOWED.get(text.rule):  # the bounds are in the pattern, because outer white space does not count
        bounds = f"{{{text.low},{text.high}}}"
        return {"type": "string", "pattern": rf"^[{_SPACE}]*[{allowed}]{bounds}[{_SPACE}]*$"}
    pattern = rf"^([^\x00]*[^\x00{_SPACE}][^\x00]*)$" if text.low else r"^[^\x00]*$"
    return {"type": "string", "minLength": text.low, "maxLength": text.high, "pattern": pattern}
