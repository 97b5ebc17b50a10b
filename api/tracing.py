"""Traces through OpenTelemetry: a span per request, per run of a unit of work, and per round trip to the database.

The standard ``OTEL_…`` variables set where they are sent. Of a request, only method, id and trace are written into a
span: a path may hold an e-mail address, and a statement of a third-party backend may hold values.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.metrics import METHODS, OTHER_METHOD
from core.errors import StockroomError
from core.storage import round_trips
from core.storage.observer import Observer, observe_with

_SERVICE = "stockroom"
_ATTEMPT = "unit of work"
_CACHE_SIZE = 500  # names of round trips
_W3C = TraceContextTextMapPropagator()
_HEADERS = (b"traceparent", b"tracestate")
_OPERATION = re.compile(
    r"\s*([A-Za-z]+)"
    r"(?:\s+([A-Za-z_]+)\s*$|(?<=UPDATE)\s+([A-Za-z_]\w*)|[^'\"]*?\b(?:FROM|INTO)\s+([A-Za-z_]\w*))?"
)


class Tracing:
    """Creates the spans of one application.

    Attributes:
        backend: name of the backend whose storage is open.
    """

    def __init__(self, provider: TracerProvider, backend: str) -> None:
        self._tracer = provider.get_tracer(_SERVICE, version(_SERVICE))
        self._backend = backend

    @contextmanager
    def request(self, scope: Mapping[str, Any], units: Observer) -> Iterator[str]:
        """A span of a request, the child of a span that its headers name; yields the id of the trace.

        ``route`` and ``status`` are taken from the request's state at its end.
        """
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        known: dict[str, Any] = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "stockroom.request_id": scope["state"]["request_id"],
        }
        with (
            self._span(method, known, kind=SpanKind.SERVER, context=_parent(scope)) as span,
            observe_with(_TracingObserver(self, units)),
            self._record_round_trips(span),
        ):
            try:
                yield format_trace_id(span.get_span_context().trace_id)
            finally:
                _finish_span(span, method, scope["state"])

    @contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        """A span of one run of a unit of work."""
        known = {"stockroom.backend": self._backend, "stockroom.attempt": number}
        with self._span(_ATTEMPT, known) as span, self._record_round_trips(span):
            try:
                yield
            except BaseException as error:
                _fail(span, error.code if isinstance(error, StockroomError) else type(error).__name__)
                raise

    @contextmanager
    def _record_round_trips(self, within: Span) -> Iterator[None]:
        """Spans of the round trips in this context, created afterwards: some backends do not report their ends."""
        with round_trips.collect_timed() as trips:
            try:
                yield
            finally:
                for trip in trips if within.is_recording() else ():
                    name, known = operation(trip.what), {"stockroom.backend": self._backend}
                    span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=known, start_time=trip.began)
                    span.end(trip.began if trip.ended is None else trip.ended)

    def _span(self, name: str, attributes: dict[str, Any], **options: Any) -> AbstractContextManager[Span]:
        """A span without the library's record of errors, which would include their messages."""
        return self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False, **options
        )


class _TracingObserver(Observer):
    """Creates a span of each run of a unit of work, and notifies another observer."""

    def __init__(self, tracing: Tracing, other: Observer) -> None:
        self._tracing, self._other = tracing, other

    @contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        with self._other.attempt(number), self._tracing.attempt(number):
            yield

    def retries_exhausted(self) -> None:
        self._other.retries_exhausted()


@asynccontextmanager
async def otlp_tracing(backend: str) -> AsyncIterator[Tracing]:
    """Tracing that exports over OTLP and HTTP as the environment says, and flushes at the end.

    The provider belongs to the application; the library's global one is not changed.
    """
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Tracing(provider, backend)
    finally:
        await asyncio.to_thread(provider.shutdown)


def _resource() -> Resource:
    """Name and version of the service; ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` override them."""
    ours = Resource({"service.name": _SERVICE, "service.version": version(_SERVICE)})
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _parent(scope: Mapping[str, Any]) -> Context:
    """The client's span from the header ``traceparent``; an empty context without one."""
    carried = {str(name, "ascii"): str(value, "latin-1") for name, value in scope["headers"] if name in _HEADERS}
    return _W3C.extract(carried, Context())


def _finish_span(span: Span, method: str, state: Mapping[str, Any]) -> None:
    route, status = state.get("route"), state.get("status", 0)
    if route:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if not status or status >= 500:
        _fail(span, str(status) if status else "unanswered")


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


@lru_cache(_CACHE_SIZE)
def operation(what: str) -> str:
    """Verb and object of a statement or command, such as ``SELECT products``, without any value."""
    found = _OPERATION.match(what)
    return " ".join(filter(None, found.groups())) if found else "round trip"
