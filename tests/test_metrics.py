"""Metrics of requests; the conformance suite tests those of each storage."""

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.middleware.admission import AdmissionControl
from conformance.defaults import settings_for
from conformance.metrics import METRICS_PATH, OPENMETRICS, MetricsSnapshot, scrape
from conformance.processes.servers import run_server
from conformance.shop import Shop
from core.settings import Settings

pytestmark = pytest.mark.only("sqlite")

REQUESTS = "http_requests_total"
SECONDS = "http_request_duration_seconds"


def kinds(figures: MetricsSnapshot) -> set[tuple[str, str]]:
    """Method and route of all counted requests."""
    counted = [dict(labels) for name, labels in figures.values if name == f"stockroom_{REQUESTS}"]
    return {(labels["method"], labels["route"]) for labels in counted}


async def test_requests_are_counted_by_method_route_status(shop: Shop) -> None:
    before = await scrape(shop.client)
    await shop.tag()
    for path in ("/tags/1", "/tags/1/", "/tags/9", "/tags/x"):
        await shop.client.get(path)
    await shop.client.head("/tags/1")
    after = await scrape(shop.client)
    for method, route, status, times in (
        ("POST", "/tags", "201", 1),
        ("GET", "/tags/{id}", "200", 2),
        ("GET", "/tags/{id}", "404", 1),
        ("GET", "/tags/{id}", "422", 1),
        ("HEAD", "/tags/{id}", "200", 1),
        ("GET", "/metrics", "200", 1),
    ):
        assert after.delta(before, REQUESTS, method=method, route=route, status=status) == times, (
            method,
            route,
            status,
        )


async def test_unknown_methods_and_paths_are_no_labels(shop: Shop) -> None:
    await shop.client.get("/made/up")
    await shop.client.request("BREW", "/made/up")
    before = await scrape(shop.client)
    for number in range(50):
        await shop.client.get(f"/made/up/{number}")
        await shop.client.request(f"BREW{number}", "/tags")
        await shop.client.request("DELETE", f"/tags/{number}/{number}")
    after = await scrape(shop.client)
    assert after.delta(before, REQUESTS, method="GET", route="none", status="404") == 50
    assert after.delta(before, REQUESTS, method="_OTHER", route="none", status="405") == 50
    assert kinds(after) - kinds(before) <= {("DELETE", "none"), ("GET", "/metrics")}
    assert not [labels for _, labels in after.values if "BREW" in str(labels) or "made" in str(labels)]


async def test_latencies_are_a_histogram(shop: Shop) -> None:
    for _ in range(3):
        await shop.client.get("/livez")
    figures = await scrape(shop.client, OPENMETRICS)
    of = {"method": "GET", "route": "/livez"}
    buckets = sorted(
        (float(dict(labels)["le"]), value)
        for (name, labels), value in figures.values.items()
        if name == f"stockroom_{SECONDS}_bucket" and dict(labels)["route"] == "/livez"
    )
    values = [value for _, value in buckets]
    assert values == sorted(values)
    assert buckets[-1] == (float("inf"), figures.value(f"{SECONDS}_count", **of))
    assert figures.value(f"{SECONDS}_count", **of) >= 3
    assert figures.value(f"{SECONDS}_sum", **of) > 0


async def test_metrics_have_two_formats(shop: Shop) -> None:
    for accept, kind in (
        ("*/*", "text/plain; version=0.0.4"),
        ("text/html", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3", OPENMETRICS),
    ):
        answer = await shop.client.get(METRICS_PATH, headers={"Accept": accept})
        assert answer.headers["content-type"].startswith(kind), accept
    assert answer.text.endswith("# EOF\n")
    assert (await shop.client.post(METRICS_PATH)).status_code == 405


async def test_scrape_counts_itself_in_progress(shop: Shop) -> None:
    assert (await scrape(shop.client)).value("http_requests_in_progress") == 1


async def test_untrusted_scrape_is_rejected_and_counted(app: FastAPI, shop: Shop) -> None:
    before = await scrape(shop.client)
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.1", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as untrusted:
        assert (await untrusted.get(METRICS_PATH)).status_code == 403
    after = await scrape(shop.client)
    assert after.delta(before, REQUESTS, method="GET", route="none", status="403") == 1


def test_overloaded_process_serves_metrics() -> None:
    admission = AdmissionControl(settings_for("nowhere://", max_requests=1))
    admission.in_progress = 1
    scope = {"client": ("127.0.0.1", 1), "headers": [], "state": {}}
    assert admission.rejection({**scope, "path": METRICS_PATH}) is None
    assert admission.rejection({**scope, "path": "/tags"}) is not None


async def test_applications_have_separate_metrics(shop: Shop, settings: Settings) -> None:
    other = create_app(settings)
    async with other.router.lifespan_context(other):
        transport = httpx2.ASGITransport(app=other)
        async with httpx2.AsyncClient(transport=transport, base_url="http://other.test") as client:
            before = await scrape(client)
            await shop.tag()
            after = await scrape(client)
    assert kinds(after) == {("GET", "/metrics")}
    assert after.delta(before, "units_of_work_total", backend="sqlite") == 0


async def test_closed_storage_has_no_pool_metrics(app: FastAPI) -> None:
    metrics = app.state.metrics
    assert "stockroom_pool_size{" in bytes(metrics.render("").body).decode()
    with metrics.of("another", app.state.storage):
        assert 'stockroom_pool_size{backend="another"}' in bytes(metrics.render("").body).decode()
    assert 'stockroom_pool_size{backend="another"}' not in bytes(metrics.render("").body).decode()


def test_server_can_be_scraped(settings: Settings, tmp_path: Path) -> None:
    with run_server(settings, tmp_path) as url:
        httpx2.post(f"{url}/tags", json={"name": "x"}).raise_for_status()
        answer = httpx2.get(f"{url}{METRICS_PATH}")
    assert 'stockroom_http_requests_total{method="POST",route="/tags",status="201"} 1.0' in answer.text.splitlines()
    assert 'stockroom_units_of_work_total{backend="sqlite"} 1.0' in answer.text.splitlines()
