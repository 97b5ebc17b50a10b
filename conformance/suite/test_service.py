"""The service: health, request ids, paths and methods, and errors."""

import re
from importlib.metadata import version
from time import monotonic
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.fixtures import RoundTrips
from conformance.problem import error_of, read_problem
from conformance.shop import Shop
from core.errors import PoolExhausted, RetriesExhausted, Unavailable
from core.services import readiness
from core.services.readiness import VERIFY_SECONDS


async def test_root_names_the_service(shop: Shop) -> None:
    assert await shop.get("/") == {"name": "Stockroom", "version": version("stockroom"), "docs": "/docs"}


async def test_documentation_is_self_contained(shop: Shop) -> None:
    page = await shop.client.get("/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    assert not re.findall(r"https?://(?!shop\.test)", page.text), "everything comes from this host"
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
        busy = type(status)(pool_size=6, max_overflow=4, connections_in_use=in_use, connections_idle=1)
        monkeypatch.setattr(app.state.storage, "pool_status", lambda busy=busy: busy)
        health = await shop.get("/health/db")
        assert (health["status"], health["connections_in_use"]) == (expected, in_use)
        assert health["connections_available"] == 10 - in_use
        assert (health["checked_in"], health["checked_out"]) == (1, in_use)
        assert (health["overflow"], health["total_connections"]) == (in_use + 1 - 6, in_use + 1)


async def test_liveness_makes_no_round_trip(shop: Shop, round_trips: RoundTrips) -> None:
    with round_trips() as made:
        assert await shop.get("/livez") == {"status": "alive"}
    assert made == []


async def test_readiness_reads_schema_revision(shop: Shop, app: FastAPI, round_trips: RoundTrips) -> None:
    with round_trips() as made:
        assert await shop.get("/readyz") == {"status": "ready", "schema_revision": app.state.head}
    assert made


async def test_outdated_schema_is_not_ready(shop: Shop, app: FastAPI) -> None:
    app.state.head = "something newer"
    response = await shop.client.get("/readyz")
    assert error_of(response) == (503, "storage-unavailable")
    assert "something newer" in response.json()["detail"]
    assert int(response.headers["retry-after"]) >= 1
    assert (await shop.client.get("/livez")).status_code == 200


async def test_storage_without_writes_is_not_ready(shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, seconds = 0, monotonic() + VERIFY_SECONDS

    async def refuse(_work: object) -> None:
        nonlocal runs
        runs += 1
        raise Unavailable

    monkeypatch.setattr(readiness, "monotonic", lambda: seconds)
    with monkeypatch.context() as patch:
        patch.setattr(app.state.storage, "run", refuse)
        assert (await shop.get("/readyz"))["status"] == "ready"  # as no write has failed
        assert (await shop.client.post("/tags", json={"name": "x"})).status_code == 503
        for _ in range(3):
            assert error_of(await shop.client.get("/readyz")) == (503, "storage-unavailable")
        assert runs == 2  # the request, and one verification
    assert (await shop.client.get("/readyz")).status_code == 503
    seconds += VERIFY_SECONDS
    assert (await shop.get("/readyz"))["status"] == "ready"


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
    async def raise_error(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(app.state.storage, "run", raise_error)
    monkeypatch.setattr(app.state.storage, "ping", raise_error)
    for request in (
        shop.client.post("/tags", json={"name": "x"}),
        shop.client.get("/health"),
        shop.client.get("/health/db"),
        shop.client.get("/readyz"),
    ):
        response = await request
        assert error_of(response) == (503, kind)
        assert int(response.headers["retry-after"]) >= 1


async def test_unexpected_error_is_500_without_details(
    shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def raise_error(*_: Any) -> Any:
        raise RuntimeError("SELECT secret FROM users")

    monkeypatch.setattr(app.state.storage, "run", raise_error)
    response = await shop.client.post("/tags", json={"name": "x"}, headers={"X-Request-ID": "abc"})
    assert error_of(response) == (500, "internal-error")
    assert response.headers["x-request-id"] == "abc"
    assert "RuntimeError" not in response.text
    assert "secret" not in response.text


# Request ids


async def test_every_response_has_its_own_request_id(shop: Shop) -> None:
    responses = [
        await shop.client.get(path) for path in ("/livez", "/users", "/users/9", "/nothing", "/docs", "/users/x")
    ]
    ids = [response.headers["x-request-id"] for response in responses]
    assert len(set(ids)) == len(ids)


async def test_valid_request_id_is_kept(shop: Shop) -> None:
    for request_id in ["abc", "A-b_c.9", "x" * 64]:
        response = await shop.client.get("/users/9", headers={"X-Request-ID": request_id})
        assert response.headers["x-request-id"] == read_problem(response)["instance"] == request_id, request_id


async def test_invalid_request_id_is_replaced(shop: Shop) -> None:
    for request_id in ("", "x" * 65, "a b", "a;b", "<script>", "a/b"):
        response = await shop.client.get("/livez", headers={"X-Request-ID": request_id})
        assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"]), request_id


# Paths and methods


async def test_trailing_slash_is_optional_on_reads(shop: Shop, app: FastAPI) -> None:
    user = await shop.user()
    await shop.order(user, await shop.product(category_id=(await shop.category())["id"]), notify=True)
    await shop.new_post(user, tags=["a"])
    await shop.account(user)
    names = {"{id}": "1", "{user_id}": "1", "{email}": user["email"], "{sku}": "SKU-2", "{slug}": "product-2"}
    names["{username}"] = user["username"]
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods and path != "/"]
    for template in paths:
        path = re.sub(r"{\w+}", lambda match: names[match[0]], template)
        without_slash, with_slash = await shop.client.get(path), await shop.client.get(path + "/")
        assert without_slash.status_code == with_slash.status_code, path
        if without_slash.status_code == 200:
            assert without_slash.content == with_slash.content, path
        else:
            assert error_of(without_slash) == error_of(with_slash), path
        assert without_slash.status_code in (200, 404, 422), path
        assert "location" not in with_slash.headers


async def test_trailing_slash_is_optional_on_writes(shop: Shop) -> None:
    tag = await shop.post("/tags/", {"name": "a"})
    assert (await shop.client.patch(f"/tags/{tag['id']}/", json={"name": "b"})).status_code == 200
    assert (await shop.client.delete(f"/tags/{tag['id']}/")).status_code == 204
    assert error_of(await shop.client.get("/tags//")) == (404, "not-found")


async def test_unknown_path_is_404(shop: Shop) -> None:
    for path in ["/nothing", "/users/1/nothing", "/USERS", "/users/1/with-posts/2", "/%00", "/.env"]:
        response = await shop.client.get(path)
        assert error_of(response) == (404, "not-found"), path


METHODS = [
    ("DELETE", "/users", "GET, HEAD, POST"),
    ("POST", "/users/1", "DELETE, GET, HEAD, PATCH, PUT"),
    ("PUT", "/users/bulk", "POST"),
    ("GET", "/accounts/transfers", "POST"),
    ("DELETE", "/orders/1", "GET, HEAD, PATCH"),
    ("POST", "/users/search", "GET, HEAD"),
    ("POST", "/", "GET, HEAD"),
    ("GET", "/products/1/stock/", "POST"),
]


async def test_unknown_method_is_405(shop: Shop) -> None:
    for method, path, allowed in METHODS:
        response = await shop.client.request(method, path)
        assert error_of(response) == (405, "method-not-allowed"), method
        assert response.headers["allow"] == allowed, method


async def test_head_is_get_without_body(shop: Shop) -> None:
    await shop.tag()
    for path, status in (("/tags", 200), ("/tags/1", 200), ("/tags/9", 404), ("/", 200)):
        response = await shop.client.head(path)
        assert (response.status_code, response.content) == (status, b"")


async def test_every_path_with_unknown_id_is_404(shop: Shop, app: FastAPI) -> None:
    user = shop.registration()
    bodies = {
        "/users/{id}": {"username": user["username"], "email": user["email"]},
        "/categories/{id}": {"name": "x"},
        "/products/{id}": shop.draft(),
        "/posts/{id}": {"title": "x", "content": "x", "author_id": 1},
        "/tags/{id}": {"name": "x"},
        "/products/{id}/stock": {"quantity_change": 1},
        "/orders/{id}": {"shipping_address": "x"},
        "/orders/{id}/payments": {"amount": 1, "method": "card"},
        "/payments/{id}/refunds": {"amount": 1},
        "/accounts/{id}/deposit": {"amount": 1},
    }
    requests = 0
    for template, methods in app.openapi()["paths"].items():
        if "{id}" not in template and "{user_id}" not in template:
            continue
        for method in methods:
            path = re.sub(r"{\w+}", "99", template) + ("?new_status=confirmed" if "status" in template else "")
            body = bodies.get(template) if method in ("put", "post", "patch") else None
            response = await shop.client.request(method.upper(), path, json=body)
            assert error_of(response) == (404, "not-found"), (method, path, response.text)
            requests += 1
    assert requests >= 30


async def test_body_must_be_declared_json(shop: Shop) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        response = await shop.client.post("/tags", content=b'{"name": "x"}', headers={"content-type": kind})
        assert error_of(response) == (415, "unsupported-media-type")
    response = await shop.client.post("/tags", content=b'{"name": ', headers={"content-type": "application/json"})
    assert error_of(response) == (422, "validation-failed")
    assert (await shop.get("/tags"))["total"] == 0
