"""JSON on its way in, read exactly: decimals stay decimal, and what JSON leaves open is refused."""

import json
from decimal import Decimal
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.arguments import MISSING


def parse(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        json.JSONDecodeError: it is malformed: not UTF-8, a byte order mark, NaN, a member named twice, nested or
            numbered beyond reason, a name that is no text.
    """
    try:
        text = body.decode()
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_members)
    except _Refused as refused:
        reason = str(refused)
    except json.JSONDecodeError as error:
        reason = f"is malformed at character {error.pos}"
    except UnicodeDecodeError:
        reason = "must be encoded as UTF-8"
    except RecursionError:
        reason = "is nested too deeply"
    except (ValueError, ArithmeticError):  # thousands of digits, an exponent beyond decimal's range
        reason = "has a number that is out of range"
    raise json.JSONDecodeError(reason, "", 0)


class _Refused(Exception):
    """Python's reader would take it, but it is not JSON, or not clear."""


def _refuse(constant: str) -> NoReturn:
    raise _Refused(f"has {constant}, which is not JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("has an object with two members of the same name")
    return members


class JsonRequest(Request):
    """A request whose body is read by ``parse``."""

    async def content(self) -> Any:
        """The value of the body; ``MISSING`` where there is none.

        Raises:
            HTTPException: 415, it does not call itself JSON.
            RequestValidationError: it is malformed.
        """
        body = await self.body()
        if not body:
            return MISSING
        if not _is_json(self.headers.get("content-type", "")):
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
