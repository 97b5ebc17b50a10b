"""Authorization with ``AUTH=required``: every request of the permission table, by every actor."""

from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Message

from api.app import create_app
from api.auth.permissions import SUPERUSERS, Audience, Permission
from api.routers import PERMISSIONS, ROUTERS
from api.routing import Router, permissions_of
from conformance.defaults import settings_for
from conformance.fixtures import RoundTrips
from conformance.problem import error_of
from conformance.protected_shop import AUTH_SETTINGS, Actor, ProtectedShop
from conformance.suite.sample_requests import OwnedEntities, sample_request
from core.plugins import Registry
from core.settings import Settings

TRUSTED = ("10.0.0.7", 5)
NOT_FOUND, FORBIDDEN = (404, "not-found"), (403, "forbidden")
UNAUTHENTICATED = (401, "unauthenticated")

SUCCESS = 200
"""Stands for every successful status."""

STATUS_FOR_OTHERS = {
    "POST /auth/logout": SUCCESS,
    "PUT /auth/password": SUCCESS,
    "GET /orders": SUCCESS,
    "GET /accounts": SUCCESS,
    "POST /orders": 403,
    "POST /orders/with-notifications": 403,
    "POST /accounts": 403,
    "POST /accounts/transfers": 400,
}
"""The statuses for users about an entity of another user, where they are not 404."""

EXPECTED = {
    "GET /": (200, 200, 200, 200, 200),
    "GET /health": (401, 401, 404, 404, 200),
    "GET /metrics": (401, 401, 404, 404, 200),
    "POST /users": (200, 200, 200, 200, 200),
    "GET /users": (401, 401, 404, 404, 200),
    "GET /users/search": (401, 401, 404, 404, 200),
    "GET /users/by-username/{username}": (401, 401, 404, 404, 200),
    "GET /products/{id}/with-category": (200, 200, 200, 200, 200),
    "GET /users/by-email/{email}": (401, 401, 404, 404, 200),
    "GET /users/stats/active-count": (401, 401, 404, 404, 200),
    "DELETE /users/bulk/inactive": (401, 401, 403, 403, 200),
    "GET /users/{id}": (401, 401, 404, 200, 200),
    "PATCH /users/{id}": (401, 401, 404, 200, 200),
    "DELETE /users/{id}": (401, 401, 404, 200, 200),
    "POST /users/{id}/anonymise": (401, 401, 404, 200, 200),
    "GET /users/{id}/notifications": (401, 401, 404, 200, 200),
    "GET /categories/{id}": (200, 200, 200, 200, 200),
    "GET /products": (200, 200, 200, 200, 200),
    "GET /products/low-stock": (401, 401, 404, 404, 200),
    "POST /products": (401, 401, 403, 403, 200),
    "POST /products/{id}/stock": (401, 401, 403, 403, 200),
    "DELETE /tags/{id}": (401, 401, 403, 403, 200),
    "POST /orders": (401, 401, 403, 200, 200),
    "GET /orders/stats/summary": (401, 401, 404, 404, 200),
    "GET /orders/user/{user_id}": (401, 401, 404, 200, 200),
    "GET /orders/{id}": (401, 401, 404, 200, 200),
    "PATCH /orders/{id}": (401, 401, 404, 200, 200),
    "PATCH /orders/{id}/status": (401, 401, 404, 200, 200),
    "POST /orders/{id}/payments": (401, 401, 404, 200, 200),
    "GET /orders/{id}/payments": (401, 401, 404, 200, 200),
    "GET /payments": (401, 401, 404, 404, 200),
    "GET /payments/{id}": (401, 401, 404, 200, 200),
    "POST /payments/{id}/refunds": (401, 401, 403, 403, 200),
    "GET /posts/{id}": (200, 401, 200, 200, 200),
    "POST /posts": (401, 401, 403, 403, 200),
    "GET /accounts": (401, 401, 200, 200, 200),
    "DELETE /accounts/{id}": (401, 401, 404, 200, 200),
    "GET /accounts/{id}": (401, 401, 404, 200, 200),
    "POST /accounts/{id}/deposit": (401, 401, 403, 403, 200),
    "POST /accounts/transfers": (401, 401, 400, 200, 200),
    "POST /notifications/{id}/read": (401, 401, 404, 200, 200),
}
"""Statuses per ``Actor``, written by hand, so that a mistake in the table is found."""


# The permission table


@pytest.mark.parametrize("actor", Actor)
async def test_requests_follow_permission_table(protected_shop: ProtectedShop, actor: Actor) -> None:
    faults = []
    clients = {
        Actor.ANONYMOUS: protected_shop.anonymous,
        Actor.DEACTIVATED: await protected_shop.register_deactivated_user(),
    }
    superuser = await protected_shop.superuser.get("/users?search=user_1&sort=id&page_size=1")
    documented = protected_shop.app.openapi()["paths"]
    for name, row in PERMISSIONS.items():
        owned = OwnedEntities(protected_shop.superuser, await protected_shop.create_user())
        method, url, body = await sample_request(name, owned)
        users = {Actor.OWNER: owned.owner, Actor.SUPERUSER: superuser["items"][0]}
        client = clients.get(actor) or await protected_shop.log_in(
            users.get(actor) or await protected_shop.create_user()
        )
        response = await client.request(method, url, **body)
        status = SUCCESS if response.is_success else response.status_code
        expected = {status_by_permission(name, row, actor), EXPECTED.get(name, (status,) * 5)[list(Actor).index(actor)]}
        method_and_path = name.lower().split()
        operation = documented.get(method_and_path[1], {}).get(method_and_path[0])
        if operation is not None and str(response.status_code) not in operation["responses"]:
            faults.append(f"{name}: {response.status_code} is not in the document")
        if expected != {status}:
            faults.append(f"{name}: {response.status_code} instead of {expected}: {response.text[:200]}")
        if name == "PUT /auth/password" and actor is Actor.SUPERUSER:
            await restore_password(client, url, body["json"])
            protected_shop.superuser.client = await protected_shop.log_in(superuser["items"][0])
    assert not faults, "\n".join(faults)


async def restore_password(client: httpx2.AsyncClient, url: str, changed: dict[str, str]) -> None:
    restored = {"current_password": changed["new_password"], "new_password": changed["current_password"]}
    assert (await client.put(url, json=restored)).is_success


def status_by_permission(name: str, row: Permission, actor: Actor) -> int:
    """The status for ``actor`` about an entity of the owner."""
    if row.audience is Audience.PUBLIC or actor is Actor.SUPERUSER:
        return SUCCESS
    if actor is Actor.DEACTIVATED or (actor is Actor.ANONYMOUS and row.audience is not Audience.READER):
        return 401
    if row.audience is Audience.READER or (row.audience is Audience.USER and actor is Actor.OWNER):
        return SUCCESS
    if row.audience is Audience.USER:
        return STATUS_FOR_OTHERS.get(name, 404)
    return 404 if name.startswith("GET ") else 403


async def test_every_route_has_a_permission(protected_shop: ProtectedShop) -> None:
    assert permissions_of(protected_shop.app.routes) == PERMISSIONS


async def test_endpoint_without_permission_fails_at_creation(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = Router("secrets")
    with pytest.raises(TypeError, match="permission"):
        router.get("/{id}")  # type: ignore[call-arg]
    undeclared: list[BaseRoute] = [APIRoute("/secrets/{id}", get_secret)]
    monkeypatch.setattr("api.app.ROUTERS", (*ROUTERS, SimpleNamespace(routes=undeclared)))
    with pytest.raises(TypeError, match="GET /secrets/"):
        create_app(settings_for(settings.url, **AUTH_SETTINGS), registry=registry)


async def test_endpoint_for_superusers_rejects_all_others(registry: Registry, settings: Settings) -> None:
    router = Router("secrets")
    router.get("/{id}", permission=SUPERUSERS)(get_secret)
    app = create_app(settings_for(settings.url, **AUTH_SETTINGS), registry=registry)
    app.router.routes[1:1] = router.routes
    async with app.router.lifespan_context(app), ProtectedShop.open(app) as protected_shop:
        assert error_of(await protected_shop.anonymous.get("/secrets/1")) == UNAUTHENTICATED
        _, user = await protected_shop.register_user()
        assert error_of(await user.get("/secrets/1")) == NOT_FOUND
        assert await protected_shop.superuser.get("/secrets/1") == 7


async def get_secret() -> int:
    return 7


# Authentication


async def test_401_has_www_authenticate_header(protected_shop: ProtectedShop) -> None:
    anonymous = await protected_shop.anonymous.get("/orders")
    assert (error_of(anonymous), anonymous.headers["www-authenticate"]) == (UNAUTHENTICATED, "Bearer")
    for credentials in ("Bearer", "Bearer x", "Bearer x.y.z", "Basic YTpi"):
        for path in ("/orders", "/posts"):
            response = await protected_shop.anonymous.get(path, headers={"Authorization": credentials})
            assert error_of(response) == UNAUTHENTICATED
            assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    _, user = await protected_shop.register_user()
    token = user.headers["authorization"].removeprefix("Bearer ")
    assert (await protected_shop.anonymous.get("/orders", headers={"Authorization": f"bearer {token}"})).is_success
    for headers in ([("Authorization", f"Basic {token}")], [("Authorization", f"Bearer {token}")] * 2):
        assert error_of(await protected_shop.anonymous.get("/orders", headers=headers)) == UNAUTHENTICATED
    head = await protected_shop.anonymous.head("/orders")
    assert (head.status_code, head.content) == (401, b"")


async def test_body_is_not_read_before_authorization(protected_shop: ProtectedShop) -> None:
    _, user = await protected_shop.register_user()
    for path, headers in [("/orders", []), ("/tags", [(b"authorization", user.headers["authorization"].encode())])]:
        statuses: list[int] = []

        async def send(message: Message, statuses: list[int] = statuses) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive() -> Message:
            raise AssertionError("the body was read")

        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [*headers, (b"host", b"shop.test"), (b"content-type", b"application/json")],
            "client": ("192.0.2.1", 5),
            "server": ("shop.test", 80), "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await protected_shop.app(scope, receive, send)
        assert statuses == [401 if path == "/orders" else 403]


async def test_operator_is_known_by_network_not_by_headers(protected_shop: ProtectedShop) -> None:
    spoofed = {"X-Forwarded-For": TRUSTED[0], "X-Real-IP": TRUSTED[0], "Forwarded": f"for={TRUSTED[0]}"}
    for path in ("/health", "/health/db", "/metrics"):
        assert (await (await protected_shop.connect(TRUSTED)).get(path)).is_success
        assert error_of(await protected_shop.anonymous.get(path, headers=spoofed)) == UNAUTHENTICATED
        assert error_of(await (await protected_shop.connect(("127.0.0.1", 5))).get(path)) == UNAUTHENTICATED, (
            "it may be a proxy"
        )
    assert error_of(await (await protected_shop.connect(TRUSTED)).get("/users")) == UNAUTHENTICATED, (
        "its network allows nothing else"
    )


async def test_token_is_ignored_without_authentication(client: httpx2.AsyncClient, round_trips: RoundTrips) -> None:
    await client.get("/users")
    with round_trips() as counted:
        assert (await client.get("/orders/stats/summary", headers={"Authorization": "Bearer x"})).is_success
    assert len(counted) == 1


# The API document


async def test_openapi_documents_security(protected_shop: ProtectedShop, app: FastAPI) -> None:
    document = protected_shop.app.openapi()
    [scheme] = document["components"]["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            row = PERMISSIONS[f"{method.upper()} {path}"]
            needed: list[dict[str, list[str]]] = [{scheme: []}]
            public, only = row.audience is Audience.PUBLIC, row.audience in (Audience.USER, Audience.SUPERUSER)
            assert operation["security"] == ([] if public else needed if only else [{}, *needed]), path
            assert ("401" in operation["responses"]) == (not public), path
            if row.audience is Audience.SUPERUSER:
                assert ("404" if method == "get" else "403") in operation["responses"], path
    plain = app.openapi()
    assert "securitySchemes" not in plain["components"]
    assert not any("security" in operation for methods in plain["paths"].values() for operation in methods.values())
