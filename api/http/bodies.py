"""Strict JSON bodies: decimals stay decimal, and what the JSON standard leaves open is an error."""

import json
import re
from decimal import Decimal
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.http.parameters import MISSING
from api.middleware.body_limits import read_body


def parse(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        json.JSONDecodeError: it is malformed: not UTF-8, a byte order mark, NaN, two members of one name, nesting or
            numbers out of range, too many values or members.
    """
    try:
        if len(body) > MAX_VALUES:  # a value has at least one byte
            _check_number_of_values(body)
        text = body.decode()
        return _JSON.decode(text)
    except _NotStrict as error:
        reason = str(error)
    except json.JSONDecodeError as error:
        reason = f"is malformed at character {error.pos}"
    except UnicodeDecodeError:
        reason = "must be encoded as UTF-8"
    except RecursionError:
        reason = "is nested too deeply"
    except (ValueError, ArithmeticError):  # thousands of digits, an exponent beyond decimal's range
        reason = "has a number that is out of range"
    raise json.JSONDecodeError(reason, "", 0)


MAX_VALUES = 100_000
"""Most values in a body, on all levels: ten times those of a bulk of a thousand."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

MAX_MEMBERS = 100
"""Most members of an object: far more than any entity has, and few enough to report an error for each."""


class _NotStrict(Exception):
    """Python's parser would accept the text, but it is not JSON, or ambiguous."""


def _refuse_constant(constant: str) -> NoReturn:
    raise _NotStrict(f"has {constant}, which is not JSON")


def _check_number_of_values(body: bytes) -> None:
    """Counted before parsing: millions of small values take seconds to parse, which blocks all other requests."""
    if _count_separators(body) > MAX_VALUES and _count_separators(_STRING.sub(b"", body)) > MAX_VALUES:
        raise _NotStrict(f"has more than {MAX_VALUES} values")


def _count_separators(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_MEMBERS:
        raise _NotStrict(f"has an object with more than {MAX_MEMBERS} members")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotStrict("has an object with two members of the same name")
    return members


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_members)


async def parse_body(request: Request) -> Any:
    """The value of a JSON body; ``MISSING`` without a body.

    Raises:
        HTTPException: 408, it takes too long; 413, it is too large; 415, its content type is not JSON.
        RequestValidationError: it is malformed.
    """
    body = await read_body(request)
    if not body:
        return MISSING
    if not _is_json(request.headers.get("content-type", "")):
        raise HTTPException(415, headers={"Accept": "application/json"})
    try:
        return parse(body)
    except json.JSONDecodeError as error:
        malformed = {"type": "json_invalid", "loc": ("body",), "msg": "", "ctx": {"error": error.msg}}
        raise RequestValidationError([malformed]) from error


def _is_json(content_type: str) -> bool:
    if content_type == "application/json":
        return True
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset("utf-8")
    return message.get_content_type() == "application/json" and charset in ("utf-8", "utf8")
