"""The spans of a request on each storage, and their content."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from fastapi import FastAPI
from opentelemetry.trace import SpanKind, StatusCode

from api.tracing import operation
from conformance.metrics import scrape
from conformance.shop import PASSWORD, Shop
from core.storage import Transaction
from tests.tracing.spans import UNIT, Spans, id_of, known, parent_of

Trips = Callable[[], AbstractContextManager[list[str]]]


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
