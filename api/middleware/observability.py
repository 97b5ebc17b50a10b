"""Observability: request ids, log lines, metrics and traces, the headers of every response, and unexpected errors."""

import re
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars
from structlog.typing import FilteringBoundLogger

from api.metrics import Metrics
from api.middleware.admission import QUOTA, AdmissionControl
from api.middleware.security_headers import security_headers
from api.problems import internal_error
from core.storage.observer import observe_with

if TYPE_CHECKING:
    from api.tracing import Tracing  # needs an extra

REQUEST_ID = "X-Request-ID"
ROUTE = "route"
"""Key of the request's state under which a route leaves the template of its path."""

_HEADER_NAME = REQUEST_ID.lower().encode()
_VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class ObservabilityMiddleware:
    """Gives each request an id, the client's own where it is valid, and logs and counts its outcome.

    With ``app.state.tracing`` each request is in a span, and its log lines hold the id of the trace.
    Queries, headers and bodies are never logged: they may hold secrets.
    """

    def __init__(self, app: ASGIApp, admission: AdmissionControl, metrics: Metrics, log: FilteringBoundLogger) -> None:
        self._app, self._admission, self._metrics, self._log = app, admission, metrics, log
        self._random = Random()  # noqa: S311 - ids are not secret

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        request_id = _client_request_id(scope) or f"{self._random.getrandbits(128):032x}"
        scope.setdefault("state", {})["request_id"] = request_id
        tracing: Tracing | None = scope["app"].state.tracing
        if tracing is None:
            return self._observe(scope, receive, send, observe_with(self._metrics.units), request_id=request_id)
        return self._trace(tracing, scope, receive, send, request_id)

    async def _trace(self, tracing: "Tracing", scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        with tracing.request(scope, self._metrics.units) as trace_id:
            await self._observe(scope, receive, send, nullcontext(), request_id=request_id, trace_id=trace_id)

    async def _observe(
        self, scope: Scope, receive: Receive, send: Send, observing: AbstractContextManager[None], **ids: str
    ) -> None:
        status = 0
        start = perf_counter()
        id_header = (_HEADER_NAME, ids["request_id"].encode())

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                state = scope["state"]
                status = state["status"] = message["status"]
                message["headers"] = [*message["headers"], *security_headers(state), *state.get(QUOTA, ()), id_header]
            await send(message)

        app = self._admission.rejection(scope) or self._app
        self._admission.in_progress += 1
        bound = bind_contextvars(**ids)  # for what is logged meanwhile
        try:
            with observing:
                await app(scope, receive, send_with_headers)
        except Exception:
            self._log.exception("unexpected error", **ids, method=scope["method"], path=scope["path"])
            if status:
                raise  # the response has started: only a closed connection shows the client that it is incomplete
            await internal_error(scope)(scope, receive, send_with_headers)
        finally:
            reset_contextvars(**bound)
            self._record(scope, status, perf_counter() - start, ids)

    def _record(self, scope: Scope, status: int, seconds: float, ids: dict[str, str]) -> None:
        self._admission.in_progress -= 1
        method, path = scope["method"], scope["path"]
        self._metrics.record_end(method, scope["state"].get(ROUTE), status, seconds)
        self._log.info("request", **ids, method=method, path=path, status=status, duration_ms=round(seconds * 1000, 2))


def _client_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER_NAME and _VALID_ID.fullmatch(value):
            return str(value, "ascii")
    return None
