"""JSON on its way in, read exactly: decimals stay decimal, and what JSON leaves open is refused."""

import json
import re
from decimal import Decimal
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.arguments import MISSING
from core.settings import Settings
from core.timeouts import DeadlineTimer


def parse(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        json.JSONDecodeError: it is malformed: not UTF-8, a byte order mark, NaN, a member named twice, nested or
            numbered beyond reason, a name that is no text, more values or members than anything here has.
    """
    try:
        if len(body) > MAX_VALUES:  # one byte each is the least
            _require_few_values(body)
        text = body.decode()
        return _JSON.decode(text)
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


MAX_VALUES = 100_000
"""Values in a body at most, all levels together: ten times those of a bulk of a thousand."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

MAX_MEMBERS = 100
"""Members of an object at most: far more than anything here has, and few enough to complain about each."""


class _Refused(Exception):
    """Python's reader would take it, but it is not JSON, or not clear."""


def _refuse(constant: str) -> NoReturn:
    raise _Refused(f"has {constant}, which is not JSON")


def _require_few_values(body: bytes) -> None:
    """Count before reading: millions of small values take seconds to read, and nobody else is served meanwhile."""
    if _marks(body) > MAX_VALUES and _marks(_STRING.sub(b"", body)) > MAX_VALUES:
        raise _Refused(f"has more than {MAX_VALUES} values")


def _marks(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_MEMBERS:
        raise _Refused(f"has an object with more than {MAX_MEMBERS} members")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("has an object with two members of the same name")
    return members


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_members)

_CLOSE = {"Connection": "close"}  # what is still to come is not read
_DIGITS = 20  # no length that anybody can mean has more


class JsonRequest(Request):
    """A request whose body is read by ``parse``."""

    async def content(self) -> Any:
        """The value of the body; ``MISSING`` where there is none.

        Raises:
            HTTPException: 408, it takes too long; 413, it is too large; 415, it does not call itself JSON.
            RequestValidationError: it is malformed.
        """
        body = await self.received()
        if not body:
            return MISSING
        if not _is_json(self.headers.get("content-type", "")):
            raise HTTPException(415, headers={"Accept": "application/json"})
        try:
            return parse(body)
        except json.JSONDecodeError as error:
            malformed = {"type": "json_invalid", "loc": ("body",), "msg": "", "ctx": {"error": error.msg}}
            raise RequestValidationError([malformed]) from error

    async def received(self) -> bytes:
        """The body as it came.

        Raises:
            HTTPException: 408, it takes too long; 413, it is too large.
        """
        settings: Settings = self.app.state.settings
        limit = settings.max_body_size
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < _DIGITS and int(declared) > limit:
            raise HTTPException(413, headers=_CLOSE)
        timer: DeadlineTimer = self.app.state.timer
        return await timer.wait_for(settings.body_timeout, self._read(limit), _too_slow)

    async def _read(self, limit: int) -> bytes:
        body = bytearray()
        async for chunk in self.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413, headers=_CLOSE)
        return bytes(body)


def _too_slow() -> HTTPException:
    return HTTPException(408, headers=_CLOSE)


def _is_json(content_type: str) -> bool:
    if content_type == "application/json":
        return True
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset("utf-8")
    return message.get_content_type() == "application/json" and charset in ("utf-8", "utf8")
