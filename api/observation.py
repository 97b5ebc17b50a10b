"""What is seen of a request from outside: its id, a log line, figures, whether it is let in, a problem if it fails."""

import re
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars
from structlog.typing import FilteringBoundLogger

from api.admission import Admission
from api.metrics import Metrics
from api.problems import internal_error
from api.rates import QUOTA
from core.storage.observer import observe_with

if TYPE_CHECKING:
    from api.tracing import Tracing  # needs an extra

HEADER = "X-Request-ID"
ROUTE = "route"
"""Where an endpoint leaves in the request's state the template of its path."""
POLICY = "content_security_policy"
"""Where a page leaves in the request's state which header says what it may load; anything else may load nothing."""

_HEADER_BYTES = HEADER.lower().encode()
_SECURITY = [
    (b"cache-control", b"private, no-cache"),  # may be kept, but not shown again without asking
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NOTHING = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Observation:
    """Gives each request an id, the client's own where it is a sane one, and logs and counts how it ended.

    Where the application has ``tracing``, a span is around it all, and log lines have the id of its trace.
    Query, headers and bodies are never logged: they may hold secrets.
    """

    def __init__(self, app: ASGIApp, admission: Admission, metrics: Metrics, log: FilteringBoundLogger) -> None:
        self._app, self._admission, self._metrics, self._log = app, admission, metrics, log
        self._dice = Random()  # noqa: S311 - an id tells requests apart and guards nothing

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        request_id = _own_id(scope) or f"{self._dice.getrandbits(128):032x}"
        scope.setdefault("state", {})["request_id"] = request_id
        tracing: Tracing | None = scope["app"].state.tracing
        if tracing is None:
            return self._observe(scope, receive, send, observe_with(self._metrics.units), request_id=request_id)
        return self._trace(tracing, scope, receive, send, request_id)

    async def _trace(self, tracing: "Tracing", scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        with tracing.request(scope, self._metrics.units) as trace_id:
            await self._observe(scope, receive, send, nullcontext(), request_id=request_id, trace_id=trace_id)

    async def _observe(
        self, scope: Scope, receive: Receive, send: Send, watching: AbstractContextManager[None], **ids: str
    ) -> None:
        status = 0
        start = perf_counter()
        id_header = (_HEADER_BYTES, ids["request_id"].encode())

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = scope["state"]["status"] = message["status"]
                policy = scope["state"].get(POLICY, _NOTHING)
                added = (*_SECURITY, policy, *scope["state"].get(QUOTA, ()), id_header)
                message["headers"] = [*message["headers"], *added]
            await send(message)

        served = self._admission.refusal(scope) or self._app
        self._admission.in_progress += 1
        bound = bind_contextvars(**ids)  # for what is logged meanwhile
        try:
            with watching:
                await served(scope, receive, send_with_id)
        except Exception:
            self._log.exception("unexpected error", **ids, method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is on its way: only closing the connection can tell the client
            await internal_error(scope)(scope, receive, send_with_id)
        finally:
            reset_contextvars(**bound)
            self._admission.in_progress -= 1
            seconds = perf_counter() - start
            self._metrics.record_end(scope["method"], scope["state"].get(ROUTE), status, seconds)
            what = {"method": scope["method"], "path": scope["path"], "status": status}
            self._log.info("request", **ids, **what, duration_ms=round(seconds * 1000, 2))


def _own_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER_BYTES and _SANE.fullmatch(value):
            return str(value, "ascii")
    return None
