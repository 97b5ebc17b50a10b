"""Who may do what, with ``AUTH=required``: every row of the table of access, by everybody who can come."""

from collections.abc import Callable
from contextlib import AbstractContextManager
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
from conformance.house import LOCKED, Actor, House
from conformance.problem import refusal
from conformance.suite.errands import Belongings, errand
from core.plugins import Registry
from core.settings import Settings

Trips = Callable[[], AbstractContextManager[list[str]]]

TRUSTED = ("10.0.0.7", 5)
MISSING, FORBIDDEN = (404, "not-found"), (403, "forbidden")
NOBODY = (401, "unauthenticated")

FINE = 200
"""Stands for every success."""

OF_ANOTHER = {
    "POST /auth/logout": FINE,
    "PUT /auth/password": FINE,
    "GET /orders": FINE,
    "POST /orders": 403,
    "POST /orders/with-notifications": 403,
    "POST /accounts": 403,
    "POST /accounts/transfers": 400,
}
"""What users are answered about what belongs to another, where it is not 404."""

SAID = {
    "GET /": (200, 200, 200, 200, 200),
    "GET /health": (401, 401, 404, 404, 200),
    "GET /metrics": (401, 401, 404, 404, 200),
    "POST /users": (200, 200, 200, 200, 200),
    "GET /users": (401, 401, 404, 404, 200),
    "GET /users/search": (401, 401, 404, 404, 200),
    "GET /users/by-email/{email}": (401, 401, 404, 404, 200),
    "GET /users/stats/active-count": (401, 401, 404, 404, 200),
    "DELETE /users/bulk/inactive": (401, 401, 403, 403, 200),
    "GET /users/{id}": (401, 401, 404, 200, 200),
    "PATCH /users/{id}": (401, 401, 404, 200, 200),
    "DELETE /users/{id}": (401, 401, 404, 200, 200),
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
    "PATCH /orders/{id}/status": (401, 401, 404, 200, 200),
    "POST /orders/{id}/payments": (401, 401, 404, 200, 200),
    "GET /posts/{id}": (200, 401, 200, 200, 200),
    "POST /posts": (401, 401, 403, 403, 200),
    "GET /accounts/{id}": (401, 401, 404, 200, 200),
    "POST /accounts/{id}/deposit": (401, 401, 403, 403, 200),
    "POST /accounts/transfers": (401, 401, 400, 200, 200),
    "POST /notifications/{id}/read": (401, 401, 404, 200, 200),
}
"""What the table must come to at the least, to each of ``Actor``: written by hand, so that the table can be wrong."""


# The table


@pytest.mark.parametrize("actor", Actor)
async def test_every_request_is_answered_as_the_table_says(house: House, actor: Actor) -> None:
    wrong = []
    fixed = {Actor.ANONYMOUS: house.anonymous, Actor.DEACTIVATED: await house.deactivated()}
    superuser = await house.staff.get("/users?search=user_1&sort=id&page_size=1")
    documented = house.app.openapi()["paths"]
    for name, row in PERMISSIONS.items():
        belongings = Belongings(house.staff, await house.user())
        method, url, body = await errand(name, belongings)
        people = {Actor.OWNER: belongings.owner, Actor.SUPERUSER: superuser["items"][0]}
        client = fixed.get(actor) or await house.enter(people.get(actor) or await house.user())
        answer = await client.request(method, url, **body)
        status = FINE if answer.is_success else answer.status_code
        demanded = {status_by_table(name, row, actor), SAID.get(name, (status,) * 5)[list(Actor).index(actor)]}
        method_and_path = name.lower().split()
        operation = documented.get(method_and_path[1], {}).get(method_and_path[0])
        if operation is not None and str(answer.status_code) not in operation["responses"]:
            wrong.append(f"{name}: {answer.status_code} is not in the document")
        if demanded != {status}:
            wrong.append(f"{name}: {answer.status_code} instead of {demanded}: {answer.text[:200]}")
        if name == "PUT /auth/password" and actor is Actor.SUPERUSER:
            back = {"current_password": body["json"]["new_password"], "new_password": body["json"]["current_password"]}
            assert (await client.put(url, json=back)).is_success
            house.staff.client = await house.enter(superuser["items"][0])
    assert not wrong, "\n".join(wrong)


def status_by_table(name: str, row: Permission, actor: Actor) -> int:
    """What ``actor`` is answered about what belongs to the owner."""
    if row.audience is Audience.PUBLIC or actor is Actor.SUPERUSER:
        return FINE
    if actor is Actor.DEACTIVATED or (actor is Actor.ANONYMOUS and row.audience is not Audience.READER):
        return 401
    if row.audience is Audience.READER or (row.audience is Audience.USER and actor is Actor.OWNER):
        return FINE
    if row.audience is Audience.USER:
        return OF_ANOTHER.get(name, 404)
    return 404 if name.startswith("GET ") else 403


async def test_every_route_has_a_permission(house: House) -> None:
    assert permissions_of(house.app.routes) == PERMISSIONS


async def test_endpoint_without_permission_fails_at_creation(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = Router("secrets")
    with pytest.raises(TypeError, match="permission"):
        router.get("/{id}")  # type: ignore[call-arg]
    undeclared: list[BaseRoute] = [APIRoute("/secrets/{id}", get_secret)]
    monkeypatch.setattr("api.app.ROUTERS", (*ROUTERS, SimpleNamespace(routes=undeclared)))
    with pytest.raises(TypeError, match="GET /secrets/"):
        create_app(settings_for(settings.url, **LOCKED), registry=registry)


async def test_endpoint_for_superusers_rejects_all_others(registry: Registry, settings: Settings) -> None:
    router = Router("secrets")
    router.get("/{id}", permission=SUPERUSERS)(get_secret)
    app = create_app(settings_for(settings.url, **LOCKED), registry=registry)
    app.router.routes[1:1] = router.routes
    async with app.router.lifespan_context(app), House.of(app) as house:
        assert refusal(await house.anonymous.get("/secrets/1")) == NOBODY
        _, user = await house.newcomer()
        assert refusal(await user.get("/secrets/1")) == MISSING
        assert await house.staff.get("/secrets/1") == 7


async def get_secret() -> int:
    return 7


# Who asks


async def test_whoever_is_not_let_in_is_told_how_to_log_in(house: House) -> None:
    anonymous = await house.anonymous.get("/orders")
    assert (refusal(anonymous), anonymous.headers["www-authenticate"]) == (NOBODY, "Bearer")
    for given in ("Bearer", "Bearer x", "Bearer x.y.z", "Basic YTpi"):
        for path in ("/orders", "/posts"):
            answer = await house.anonymous.get(path, headers={"Authorization": given})
            assert refusal(answer) == NOBODY
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    _, user = await house.newcomer()
    token = user.headers["authorization"].removeprefix("Bearer ")
    assert (await house.anonymous.get("/orders", headers={"Authorization": f"bearer {token}"})).is_success
    for twisted in ([("Authorization", f"Basic {token}")], [("Authorization", f"Bearer {token}")] * 2):
        assert refusal(await house.anonymous.get("/orders", headers=twisted)) == NOBODY
    head = await house.anonymous.head("/orders")
    assert (head.status_code, head.content) == (401, b"")


async def test_a_body_is_not_read_from_whoever_may_not_send_it(house: House) -> None:
    _, user = await house.newcomer()
    for path, headers in [("/orders", []), ("/tags", [(b"authorization", user.headers["authorization"].encode())])]:
        statuses: list[int] = []

        async def send(message: Message, statuses: list[int] = statuses) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive() -> Message:
            raise AssertionError("the body was read")

        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [*headers, (b"content-type", b"application/json")], "client": ("192.0.2.1", 5),
            "server": ("shop.test", 80), "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await house.app(scope, receive, send)
        assert statuses == [401 if path == "/orders" else 403]


async def test_operators_are_known_by_a_named_network_and_by_nothing_that_is_sent(house: House) -> None:
    claims = {"X-Forwarded-For": TRUSTED[0], "X-Real-IP": TRUSTED[0], "Forwarded": f"for={TRUSTED[0]}"}
    for path in ("/health", "/health/db", "/metrics"):
        assert (await (await house.client(TRUSTED)).get(path)).is_success
        assert refusal(await house.anonymous.get(path, headers=claims)) == NOBODY
        assert refusal(await (await house.client(("127.0.0.1", 5))).get(path)) == NOBODY, "it may be a proxy"
    assert refusal(await (await house.client(TRUSTED)).get("/users")) == NOBODY, "it is trusted with no more"


async def test_without_authentication_nobody_looks_at_a_token(client: httpx2.AsyncClient, trips: Trips) -> None:
    await client.get("/users")
    with trips() as counted:
        assert (await client.get("/orders/stats/summary", headers={"Authorization": "Bearer x"})).is_success
    assert len(counted) == 1


# The API document


async def test_the_document_says_what_each_request_needs(house: House, app: FastAPI) -> None:
    document = house.app.openapi()
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
