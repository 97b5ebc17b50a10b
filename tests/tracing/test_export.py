"""Traces are exported, and cost nothing where they are off."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry import trace

from conformance.processes.servers import start_servers
from core.errors import ConfigurationError
from core.settings import Settings
from tests.collector import Collector, run_collector
from tests.tracing.spans import CALLER, TRACE, UNIT


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with run_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


def traced(settings: Settings) -> Settings:
    return settings.model_copy(update={"tracing": True})


@pytest.mark.only("sqlite")
async def test_spans_are_flushed_at_shutdown(
    built_app: FastAPI, settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    built_app.state.settings = traced(settings)
    async with built_app.router.lifespan_context(built_app):
        transport = httpx2.ASGITransport(app=built_app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            await client.post("/tags", json={"name": "x"}, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    spans = collector.spans
    assert {"POST /tags", UNIT, "COMMIT"} <= set(spans)
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert spans["POST /tags"].parent_span_id.hex() == CALLER
    assert spans[UNIT].parent_span_id == spans["POST /tags"].span_id
    assert spans["COMMIT"].parent_span_id == spans[UNIT].span_id
    assert collector.resource["service.name"] == "stockroom"
    assert collector.resource["deployment.environment.name"] == "test"
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider), "the library's global one is left alone"


@pytest.mark.only("sqlite")
@pytest.mark.thorough
async def test_missing_collector_does_not_block_shutdown(
    built_app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    built_app.state.settings = traced(settings)
    async with built_app.router.lifespan_context(built_app):
        transport = httpx2.ASGITransport(app=built_app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            assert (await client.post("/tags", json={"name": "x"})).status_code == 201
        start = time.monotonic()
    assert time.monotonic() - start < 20


@pytest.mark.only("sqlite")
async def test_log_lines_hold_request_and_trace_id(
    settings: Settings, tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-7")
    with start_servers(traced(settings), tmp_path, 1) as [server]:
        await server.wait_until_ready()
        async with httpx2.AsyncClient(base_url=server.url) as client:
            headers = {"X-Request-ID": "abc", "traceparent": f"00-{TRACE}-{CALLER}-01"}
            await client.get("/tags/1?secret=hidden", headers=headers)
        server.process.stop()
        lines = [json.loads(line) for line in server.process.tail(50).splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == "abc"]
    assert line["trace_id"] == TRACE
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/tags/1", 422)
    assert {"level", "timestamp", "duration_ms"} <= set(line)
    assert collector.spans["GET /tags/{id}"].trace_id.hex() == TRACE
    assert collector.resource["service.name"] == "shop-7"


async def test_tracing_without_extra_fails(
    built_app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "api.tracing")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    built_app.state.settings = traced(settings)
    with pytest.raises(ConfigurationError, match=r"TRACING.*stockroom\[tracing\]"):
        async with built_app.router.lifespan_context(built_app):
            pass


def test_tracing_off_imports_no_opentelemetry() -> None:
    program = (
        "import sys; from api.app import create_app; create_app();"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
