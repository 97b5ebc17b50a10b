"""The service itself: health, ids of requests, paths and methods, and what errors look like."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.problem import read_problem, refusal
from conformance.shop import Shop
from core.errors import PoolExhausted, RetriesExhausted, Unavailable

Trips = Callable[[], AbstractContextManager[list[str]]]


async def test_root_names_the_service(shop: Shop) -> None:
    assert await shop.get("/") == {"name": "Stockroom", "version": version("stockroom"), "docs": "/docs"}


async def test_documentation_is_self_contained(shop: Shop) -> None:
    page = await shop.client.get("/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    assert not re.findall(r"https?://(?!shop\.test)", page.text), "nothing comes from another host"
    assert (await shop.get("/openapi.json"))["info"]["title"] == "Stockroom"


async def test_health_reports_pool(shop: Shop) -> None:
    health = await shop.get("/health")
    assert (health["status"], set(health)) == ("healthy", {"status", "database"})
    pool = health["database"]
    assert set(pool) == {"pool_size", "connections_in_use", "connections_available"}
    assert all(isinstance(figure, int) and figure >= 0 for figure in pool.values())


async def test_health_db_reports_pool_details(shop: Shop, app: FastAPI) -> None:
    health = await shop.get("/health/db")
    assert health["status"] == "healthy"
    assert health["backend"] == app.state.backend.name
    assert health["server"] == app.state.storage.server
    assert health["pool_size"] + health["max_overflow"] >= health["connections_in_use"]


async def test_busy_pool_is_reported_as_stressed(shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    status = app.state.storage.pool_status()
    for in_use, expected in ((7, "healthy"), (8, "stressed"), (10, "stressed")):
        busy = type(status)(pool_size=6, max_overflow=4, connections_in_use=in_use)
        monkeypatch.setattr(app.state.storage, "pool_status", lambda busy=busy: busy)
        health = await shop.get("/health/db")
        assert (health["status"], health["connections_in_use"]) == (expected, in_use)
        assert health["connections_available"] == 10 - in_use


async def test_liveness_makes_no_round_trip(shop: Shop, trips: Trips) -> None:
    with trips() as made:
        assert await shop.get("/livez") == {"status": "alive"}
    assert made == []


async def test_readiness_reads_schema_revision(shop: Shop, app: FastAPI, trips: Trips) -> None:
    with trips() as made:
        assert await shop.get("/readyz") == {"status": "ready", "schema_revision": app.state.head}
    assert made


async def test_outdated_schema_is_not_ready(shop: Shop, app: FastAPI) -> None:
    app.state.head = "something newer"
    answer = await shop.client.get("/readyz")
    assert refusal(answer) == (503, "storage-unavailable")
    assert "something newer" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert (await shop.client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Unavailable(), "storage-unavailable"),
        (PoolExhausted(), "pool-exhausted"),
        (RetriesExhausted(), "too-many-conflicts"),
    ],
)
async def test_unavailable_storage_is_503_with_retry_after(
    shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(app.state.storage, "run", fail)
    monkeypatch.setattr(app.state.storage, "ping", fail)
    for request in (
        shop.client.post("/tags", json={"name": "x"}),
        shop.client.get("/health"),
        shop.client.get("/health/db"),
        shop.client.get("/readyz"),
    ):
        answer = await request
        assert refusal(answer) == (503, kind)
        assert int(answer.headers["retry-after"]) >= 1


async def test_unexpected_error_is_500_without_details(
    shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise RuntimeError("SELECT secret FROM users")

    monkeypatch.setattr(app.state.storage, "run", fail)
    answer = await shop.client.post("/tags", json={"name": "x"}, headers={"X-Request-ID": "abc"})
    assert refusal(answer) == (500, "internal-error")
    assert answer.headers["x-request-id"] == "abc"
    assert "RuntimeError" not in answer.text
    assert "secret" not in answer.text


# Ids of requests


async def test_every_response_has_its_own_request_id(shop: Shop) -> None:
    answers = [
        await shop.client.get(path) for path in ("/livez", "/users", "/users/9", "/nothing", "/docs", "/users/x")
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)


async def test_valid_request_id_is_kept(shop: Shop) -> None:
    for given in ["abc", "A-b_c.9", "x" * 64]:
        answer = await shop.client.get("/users/9", headers={"X-Request-ID": given})
        assert answer.headers["x-request-id"] == read_problem(answer)["instance"] == given, given


async def test_invalid_request_id_is_replaced(shop: Shop) -> None:
    for given in ("", "x" * 65, "a b", "a;b", "<script>", "a/b"):
        answer = await shop.client.get("/livez", headers={"X-Request-ID": given})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"]), given


# Paths and methods


async def test_trailing_slash_is_optional_on_reads(shop: Shop, app: FastAPI) -> None:
    user = await shop.user()
    await shop.order(user, await shop.product(category_id=(await shop.category())["id"]), notify=True)
    await shop.article(user, tags=["a"])
    await shop.account(user)
    names = {"{id}": "1", "{user_id}": "1", "{email}": user["email"], "{sku}": "SKU-2", "{slug}": "product-2"}
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods and path != "/"]
    for template in paths:
        path = re.sub(r"{\w+}", lambda match: names[match[0]], template)
        plain, slashed = await shop.client.get(path), await shop.client.get(path + "/")
        assert plain.status_code == slashed.status_code, path
        if plain.status_code == 200:
            assert plain.content == slashed.content, path
        else:
            assert refusal(plain) == refusal(slashed), path
        assert plain.status_code in (200, 404, 422), path
        assert "location" not in slashed.headers


async def test_trailing_slash_is_optional_on_writes(shop: Shop) -> None:
    tag = await shop.post("/tags/", {"name": "a"})
    assert (await shop.client.patch(f"/tags/{tag['id']}/", json={"name": "b"})).status_code == 200
    assert (await shop.client.delete(f"/tags/{tag['id']}/")).status_code == 204
    assert refusal(await shop.client.get("/tags//")) == (404, "not-found")


async def test_unknown_path_is_404(shop: Shop) -> None:
    for path in ["/nothing", "/users/1/nothing", "/USERS", "/users/1/with-posts/2", "/%00", "/.env"]:
        answer = await shop.client.get(path)
        assert refusal(answer) == (404, "not-found"), path


METHODS = [
    ("DELETE", "/users", "GET, HEAD, POST"),
    ("POST", "/users/1", "DELETE, GET, HEAD, PATCH, PUT"),
    ("PUT", "/users/bulk", "POST"),
    ("GET", "/accounts/transfers", "POST"),
    ("DELETE", "/orders/1", "GET, HEAD"),
    ("POST", "/users/search", "GET, HEAD"),
    ("POST", "/", "GET, HEAD"),
    ("GET", "/products/1/stock/", "POST"),
]


async def test_unknown_method_is_405(shop: Shop) -> None:
    for method, path, allowed in METHODS:
        answer = await shop.client.request(method, path)
        assert refusal(answer) == (405, "method-not-allowed"), method
        assert answer.headers["allow"] == allowed, method


async def test_head_is_get_without_body(shop: Shop) -> None:
    await shop.tag()
    for path, status in (("/tags", 200), ("/tags/1", 200), ("/tags/9", 404), ("/", 200)):
        answer = await shop.client.head(path)
        assert (answer.status_code, answer.content) == (status, b"")


async def test_every_path_with_unknown_id_is_404(shop: Shop, app: FastAPI) -> None:
    user = shop.registration()
    bodies = {
        "/users/{id}": {"username": user["username"], "email": user["email"]},
        "/categories/{id}": {"name": "x"},
        "/products/{id}": shop.draft(),
        "/posts/{id}": {"title": "x", "content": "x", "author_id": 1},
        "/tags/{id}": {"name": "x"},
        "/products/{id}/stock": {"quantity_change": 1},
        "/orders/{id}/payments": {"amount": 1, "method": "card"},
        "/accounts/{id}/deposit": {"amount": 1},
    }
    asked = 0
    for template, methods in app.openapi()["paths"].items():
        if "{id}" not in template and "{user_id}" not in template:
            continue
        for method in methods:
            path = re.sub(r"{\w+}", "99", template) + ("?new_status=confirmed" if "status" in template else "")
            body = bodies.get(template) if method in ("put", "post", "patch") else None
            answer = await shop.client.request(method.upper(), path, json=body)
            assert refusal(answer) == (404, "not-found"), (method, path, answer.text)
            asked += 1
    assert asked >= 30


async def test_body_must_be_declared_json(shop: Shop) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        answer = await shop.client.post("/tags", content=b'{"name": "x"}', headers={"content-type": kind})
        assert refusal(answer) == (415, "unsupported-media-type")
    answer = await shop.client.post("/tags", content=b'{"name": ', headers={"content-type": "application/json"})
    assert refusal(answer) == (422, "validation-failed")
    assert (await shop.get("/tags"))["total"] == 0
