"""The spans of an application, as its traces have them."""

from collections.abc import Awaitable
from typing import Any

import httpx2
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

UNIT = "unit of work"


TRACE = "0af7651916cd43dd8448eb211c80319c"


CALLER = "b7ad6b7169203331"


class Spans:
    """The spans that one application has exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def taken(self) -> list[ReadableSpan]:
        """Those since the last time, in the order in which they began."""
        spans = sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
        self.exporter.clear()
        return spans

    async def of(self, request: Awaitable[httpx2.Response]) -> tuple[ReadableSpan, list[ReadableSpan]]:
        """The span of a request, and those within it."""
        self.exporter.clear()
        await request
        spans = self.taken()
        [server] = [span for span in spans if span.kind is SpanKind.SERVER]
        return server, [span for span in spans if span is not server]


def known(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id
