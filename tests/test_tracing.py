"""Traces: the spans of a request on each storage, their content, and their export."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from api.tracing import Tracing, operation
from conformance.metrics import scrape
from conformance.processes.servers import start_servers
from conformance.shop import PASSWORD, Shop
from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import Transaction
from tests.collector import Collector, run_collector

Trips = Callable[[], AbstractContextManager[list[str]]]

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


@pytest.fixture
def spans(app: FastAPI) -> Iterator[Spans]:
    made = Spans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made.exporter))
    app.state.tracing = Tracing(provider, app.state.backend.name)
    yield made
    app.state.tracing = None
    provider.shutdown()


def known(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


# On every storage


async def test_change_has_unit_of_work_and_round_trips(shop: Shop, spans: Spans, app: FastAPI) -> None:
    server, within = await spans.of(shop.client.post("/tags", json={"name": "x"}, headers={"X-Request-ID": "abc"}))
    assert (server.name, server.parent, server.status.status_code) == ("POST /tags", None, StatusCode.UNSET)
    assert known(server) == {
        "http.request.method": "POST",
        "http.route": "/tags",
        "http.response.status_code": 201,
        "url.scheme": "http",
        "stockroom.request_id": "abc",
    }
    [unit] = [span for span in within if span.name == UNIT]
    assert known(unit) == {"stockroom.backend": app.state.backend.name, "stockroom.attempt": 1}
    assert parent_of(unit) == id_of(server)
    trips = [span for span in within if span.kind is SpanKind.CLIENT]
    assert len(trips) >= 2, "it writes, and it commits"
    assert {parent_of(trip) for trip in trips} == {id_of(unit)}
    assert [span for span in within if span not in trips] == [unit]


async def test_read_has_one_round_trip_span(shop: Shop, spans: Spans) -> None:
    await shop.tag()
    server, [trip] = await spans.of(shop.client.get("/tags/1"))
    assert server.name == "GET /tags/{id}"
    assert (trip.kind, parent_of(trip)) == (SpanKind.CLIENT, id_of(server))
    assert server.start_time <= trip.start_time <= trip.end_time <= server.end_time  # type: ignore[operator]


async def test_every_round_trip_has_a_span(shop: Shop, spans: Spans, round_trips: Trips) -> None:
    user = await shop.user()
    await shop.product()
    order = {"user_id": user["id"], "items": [{"product_id": 1, "quantity": 1}]}
    with round_trips() as made:
        _, within = await spans.of(shop.client.post("/orders/with-notifications", json=order))
    assert len([span for span in within if span.kind is SpanKind.CLIENT]) == len(made) > 2


async def test_each_run_of_unit_of_work_is_a_span(
    shop: Shop, spans: Spans, inject_conflicts: Callable[[int], None]
) -> None:
    inject_conflicts(2)
    server, within = await spans.of(shop.client.post("/tags", json={"name": "x"}))
    runs = [span for span in within if span.name == UNIT]
    assert [known(run)["stockroom.attempt"] for run in runs] == [1, 2, 3]
    assert [known(run).get("error.type") for run in runs] == ["transient-conflict", "transient-conflict", None]
    assert [run.status.status_code for run in runs] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert {parent_of(run) for run in runs} == {id_of(server)}
    assert {parent_of(trip) for trip in within if trip not in runs} == {id_of(run) for run in runs}
    assert server.status.status_code is StatusCode.UNSET


async def test_spans_hold_no_client_data(shop: Shop, spans: Spans) -> None:
    user = await shop.user(username="Secretive", email="hidden@example.com", full_name="Hush Hush", bio="FROM hidden")
    for path in (
        "/users/by-email/hidden@example.com",
        "/users?search=Secretive",
        "/users/search?q=hidden",
        "/hidden/Secretive",
        f"/users/{user['id']}/with-posts?cursor=",
    ):
        await shop.client.get(path, headers={"Authorization": "Bearer Hush", "Cookie": "hidden=1"})
    await shop.client.post("/users", json=shop.registration() | {"username": "Secretive"})
    await shop.client.patch("/users/1", json={"bio": "hidden", "password": PASSWORD + "Hush"})
    everything = "\n".join(span.to_json() for span in spans.taken())
    assert "GET /users/by-email/{email}" in everything
    assert re.findall(f"(?i)secretive|hidden|hush|{PASSWORD}|user_[0-9]", everything) == []


# On any storage


@pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb", "mongodb")
async def test_round_trip_span_has_duration(shop: Shop, spans: Spans) -> None:
    _, within = await spans.of(shop.client.post("/tags", json={"name": "x"}))
    _, [read] = await spans.of(shop.client.get("/tags/1"))
    made = [span for span in within if span.kind is SpanKind.CLIENT]
    assert read.name in ("SELECT tags", "find")
    assert [span.name for span in (*made, read) if span.end_time <= span.start_time] == []  # type: ignore[operator]


async def changed(tx: Transaction, id: int) -> None:
    tag = await tx.tags.lock(id)
    await tx.tags.save(replace(tag, version=tag.version + 1))


@pytest.mark.only("postgresql", "mysql", "mariadb", "mongodb")
async def test_real_conflict_is_counted_and_traced(shop: Shop, spans: Spans, app: FastAPI) -> None:
    for _ in range(2):
        await shop.tag()
    reached = {1: asyncio.Event(), 2: asyncio.Event()}

    async def crosswise(tx: Transaction, first: int, second: int) -> None:
        await changed(tx, first)
        reached[first].set()
        await reached[second].wait()
        await changed(tx, second)

    run, before = app.state.storage.run, await scrape(shop.client)
    both = (run(lambda tx: crosswise(tx, 1, 2)), run(lambda tx: crosswise(tx, 2, 1)))
    with app.state.tracing.request(
        {"method": "GET", "scheme": "http", "state": {"request_id": "x"}, "headers": []}, app.state.metrics.units
    ):
        await asyncio.gather(*both)
    after, by = await scrape(shop.client), app.state.backend.name
    retries = after.delta(before, "unit_of_work_retries_total", backend=by)
    assert retries == after.delta(before, "conflicts_total", backend=by, kind="transient") >= 1
    attempts = [known(span)["stockroom.attempt"] for span in spans.taken() if span.name == UNIT]
    assert len(attempts) == 2 + 2 + retries


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("SELECT id, name FROM tags WHERE id = ?", "SELECT tags"),
        ('select 1 from "tags"', "select"),
        ("UPDATE users SET bio = 'SELECT x FROM secret'", "UPDATE users"),
        ("INSERT INTO users VALUES ('secret')", "INSERT users"),
        ("SELECT 'FROM secret', 1 FROM users", "SELECT"),
        ("WITH x AS (SELECT 1 FROM a) SELECT 2 FROM b", "WITH a"),
        ("BEGIN IMMEDIATE", "BEGIN IMMEDIATE"),
        ("COMMIT", "COMMIT"),
        ("read products", "read products"),
        ("find", "find"),
        ("'secret'", "round trip"),
        ("", "round trip"),
    ],
)
def test_round_trip_name_holds_no_value(what: str, name: str) -> None:
    assert operation(what) == name


@pytest.mark.only("sqlite")
async def test_client_trace_is_continued(shop: Shop, spans: Spans) -> None:
    carried = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
    server, within = await spans.of(shop.client.post("/tags", json={"name": "x"}, headers=carried))
    assert parent_of(server) == int(CALLER, 16)
    assert {span.context.trace_id for span in (server, *within) if span.context} == {int(TRACE, 16)}


@pytest.mark.only("sqlite")
async def test_unsampled_trace_makes_no_spans(shop: Shop, spans: Spans) -> None:
    await shop.client.get("/livez", headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
    assert spans.taken() == []


@pytest.mark.only("sqlite")
async def test_invalid_traceparent_is_ignored(shop: Shop, spans: Spans) -> None:
    for given in ("", "x", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}", "é" * 2000):
        server, _ = await spans.of(shop.client.get("/livez", headers=[(b"traceparent", given.encode())]))
        assert server.parent is None, given


@pytest.mark.only("sqlite")
async def test_only_server_failures_are_span_errors(
    shop: Shop, spans: Spans, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = await spans.of(shop.client.get("/nothing"))
    assert (server.name, server.status.status_code) == ("GET", StatusCode.UNSET)
    server, _ = await spans.of(shop.client.request("BREW", "/tags"))
    assert (server.name, known(server)["http.response.status_code"]) == ("_OTHER", 405)

    async def fail(*_: Any) -> Any:
        raise RuntimeError("SELECT secret FROM users")

    monkeypatch.setattr(app.state.storage, "run", fail)
    server, within = await spans.of(shop.client.post("/tags", json={"name": "x"}))
    assert (server.status.status_code, known(server)["error.type"], within) == (StatusCode.ERROR, "500", [])
    assert "secret" not in server.to_json()


# Export


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
