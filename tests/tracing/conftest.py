"""What the tests of traces share."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from api.tracing import Tracing
from tests.tracing.spans import Spans


@pytest.fixture
def spans(app: FastAPI) -> Iterator[Spans]:
    made = Spans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made.exporter))
    app.state.tracing = Tracing(provider, app.state.backend.name)
    yield made
    app.state.tracing = None
    provider.shutdown()
