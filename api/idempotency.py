"""Idempotency keys: a request sent again with its ``Idempotency-Key`` gets the response that it got first.

As in draft-ietf-httpapi-idempotency-key-header. Decided here for all endpoints: they get a storage whose first unit of
work also stores the response, so what a ``POST`` endpoint returns must be what its first unit of work returned.
"""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any

from fastapi import Request, Response

from api.http.parameters import MISSING, Errors
from core.entities import EntryKind, User
from core.passwords import PasswordHasher
from core.services.expiring import entry_key
from core.services.idempotency import IdempotentRequest, IdempotentStorage, InProgressKeys, ReplayResponse
from core.settings import Settings

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PATTERN = r'^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$'
"""A key: 1 to 255 visible ASCII characters, plain or as a quoted string of RFC 9651."""

_KEY = re.compile(PATTERN)
_ESCAPED = re.compile(r"\\(.)")
_EXEMPT = ("/auth",)
"""Prefixes of paths whose requests create and move nothing that should take effect only once."""


def applies(methods: Collection[str] | None, path: str) -> bool:
    """Whether the requests of a route can have a key."""
    return "POST" in (methods or ()) and not any(path == prefix or path.startswith(f"{prefix}/") for prefix in _EXEMPT)


def parse_key(request: Request, errors: Errors) -> str | None:
    """The key of a request; None without one, or with an invalid one, which is added to ``errors``."""
    headers = request.headers.getlist(HEADER)
    if not headers:
        return None
    if len(headers) > 1 or not _KEY.fullmatch(headers[0]):
        message = "must be one key of 1 to 255 visible ASCII characters"
        errors.append({"type": "invalid", "loc": ("header", HEADER), "msg": message})
        return None
    return _ESCAPED.sub(r"\1", headers[0][1:-1]) if headers[0].startswith('"') else headers[0]


def idempotent_storage(
    request: Request, key: str, body: Any, hasher: PasswordHasher | None, respond: Callable[[Any], Response]
) -> IdempotentStorage:
    """The storage for a request with a key; ``hasher`` where it holds a password."""
    settings: Settings = request.app.state.settings
    user: User | None = getattr(request.state, "user", None)  # clients without a user share their keys
    scope = "anonymous" if user is None else f"user {user.id}"
    idempotent_request = IdempotentRequest(
        key=entry_key(EntryKind.IDEMPOTENT_RESPONSE, scope, key),
        user_id=None if user is None else user.id,
        digest=partial(_digest, request, body),
        hasher=hasher,
        lifetime=timedelta(seconds=settings.idempotency_seconds),
    )
    return IdempotentStorage(
        request.app.state.storage, idempotent_request, lambda outcome: _serialize(respond(outcome))
    )


async def execute_once(
    request: Request, storage: IdempotentStorage, call: Callable[[], Awaitable[Response]]
) -> Response:
    """The response of ``call``, which uses the storage; of a request that was sent before, the stored one."""
    in_progress: InProgressKeys = request.app.state.in_progress_keys
    with in_progress.holding(storage.request.key):
        try:
            if storage.request.hasher is not None:  # hashing many passwords takes minutes
                await storage.check_replay()
            return await call()
        except ReplayResponse as replay:
            return _deserialize(replay.response)


def _digest(request: Request, body: Any) -> str:
    """SHA-256 of what makes two requests the same; white space and the order of members in a body do not."""
    query = sorted(request.query_params.multi_items())
    parts = [request.method, request.scope["path"], query, [] if body is MISSING else [body]]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=_tagged_decimal)
    return sha256(text.encode()).hexdigest()


def _tagged_decimal(value: Any) -> Mapping[str, str]:
    """A decimal in a notation that no body has: ``1.5`` and ``"1.5"`` are two bodies."""
    if not isinstance(value, Decimal):
        raise TypeError
    return {"\x00": str(value)}


def _serialize(response: Response) -> str:
    headers = [pair for pair in response.headers.items() if pair[0] != "content-length"]
    head = json.dumps([response.status_code, headers])
    return f"{head}\n{bytes(response.body).decode()}"


def _deserialize(stored: str) -> Response:
    head, _, body = stored.partition("\n")
    status, headers = json.loads(head)
    return Response(body, status, {**dict(headers), REPLAYED: "true"})
