"""The span of a request: its parent, and its outcome."""

from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.trace import StatusCode

from conformance.shop import Shop
from tests.tracing.spans import CALLER, TRACE, Spans, known, parent_of


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
