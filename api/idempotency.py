"""The header ``Idempotency-Key``: a request that is sent again is answered again, and not carried out again.

As in draft-ietf-httpapi-idempotency-key-header. What it applies to is said here, and by no endpoint: an endpoint is
given a storage whose first unit of work also stores the answer, so what a ``POST`` returns must be what its first unit
of work returned.
"""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from fastapi import Request, Response

from api.arguments import MISSING
from core.entities import EntryKind, User
from core.passwords import PasswordHasher
from core.services.expiring import entry_key
from core.services.idempotency import IdempotentRequest, IdempotentStorage, InProgressKeys, ReplayResponse
from core.settings import Settings

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PATTERN = r'^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$'
"""A key: 1 to 255 visible ASCII characters, as they are or as a string of RFC 9651 in quotes."""

_KEY = re.compile(PATTERN)
_ESCAPED = re.compile(r"\\(.)")
_EXEMPT = ("/auth",)
"""Below these, nothing is created or moved that a client could want but once."""

Values = dict[str, Any]


def applies(methods: Collection[str] | None, path: str) -> bool:
    """Whether the requests of a route can have a key."""
    return "POST" in (methods or ()) and not any(path == prefix or path.startswith(f"{prefix}/") for prefix in _EXEMPT)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key, and its body as it was read."""

    request: Request
    key: str
    body: Any


def keyed(request: Request, body: Any, errors: list[Any]) -> Keyed | None:
    """The request with its key, if it has one; what is wrong with that is added to ``errors``."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        message = "must be one key of 1 to 255 visible ASCII characters"
        errors.append({"type": "invalid", "loc": ("header", HEADER), "msg": message})
        return None
    key = _ESCAPED.sub(r"\1", given[0][1:-1]) if given[0].startswith('"') else given[0]
    return Keyed(request, key, body)


def scope_of(request: Request) -> int | None:
    """Whose keys are meant: the id of who has logged in; None for all others, who share theirs."""
    user: User | None = getattr(request.state, "user", None)
    return None if user is None else user.id


async def once(
    asked: Keyed, values: Values, call: Callable[..., Awaitable[Any]], respond: Callable[[Any], Response]
) -> Response:
    """Call an endpoint with ``values``, or give the answer that it gave to the same request before."""
    hasher = next((value for value in values.values() if isinstance(value, PasswordHasher)), None)
    demand = _request_of(asked, hasher)
    storage = IdempotentStorage(values["storage"], demand, lambda outcome: _packed(respond(outcome)))
    in_use: InProgressKeys = asked.request.app.state.keys_in_use
    with in_use.holding(demand.key):
        try:
            if hasher is not None:  # to hash many passwords takes minutes
                await storage.check_replay()
            return respond(await call(**{**values, "storage": storage}))
        except ReplayResponse as before:
            return _unpacked(before.answer)


def _request_of(asked: Keyed, hasher: PasswordHasher | None) -> IdempotentRequest:
    settings: Settings = asked.request.app.state.settings
    user_id = scope_of(asked.request)
    whose = "anonymous" if user_id is None else f"user {user_id}"
    return IdempotentRequest(
        key=entry_key(EntryKind.IDEMPOTENT_RESPONSE, whose, asked.key),
        user_id=user_id,
        digest=_digest(asked),
        hasher=hasher,
        lifetime=timedelta(seconds=settings.idempotency_seconds),
    )


def _digest(asked: Keyed) -> str:
    """SHA-256 of what makes it the same request; white space and the order of members in its body do not."""
    request = asked.request
    query = sorted(request.query_params.multi_items())
    body = [] if asked.body is MISSING else [asked.body]
    parts = [request.method, request.scope["path"], query, body]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=_number)
    return sha256(text.encode()).hexdigest()


def _number(value: Any) -> Mapping[str, str]:
    """A decimal, written as nothing else in a body is: ``1.5`` and ``"1.5"`` are two bodies."""
    if not isinstance(value, Decimal):
        raise TypeError
    return {"\x00": str(value)}


def _packed(response: Response) -> str:
    headers = [pair for pair in response.headers.items() if pair[0] != "content-length"]
    head = json.dumps([response.status_code, headers])
    return f"{head}\n{bytes(response.body).decode()}"


def _unpacked(answer: str) -> Response:
    head, _, body = answer.partition("\n")
    status, headers = json.loads(head)
    return Response(body, status, {**dict(headers), REPLAYED: "true"})
