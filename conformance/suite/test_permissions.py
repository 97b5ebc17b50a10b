"""Who may do what, with ``AUTH=required``: every row of the table of access, by everybody who can come."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message

from api.access import TABLE, Row, Who, named, without_row
from api.app import create_app
from api.routes import router as make_router
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
async def test_requests_follow_permission_table(house: House, actor: Actor) -> None:
    wrong = []
    fixed = {Actor.ANONYMOUS: house.anonymous, Actor.DEACTIVATED: await house.deactivated()}
    superuser = await house.staff.get("/users?search=user_1&sort=id&page_size=1")
    documented = house.app.openapi()["paths"]
    for name, row in TABLE.items():
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


def status_by_table(name: str, row: Row, actor: Actor) -> int:
    """What ``actor`` is answered about what belongs to the owner."""
    if row.who is Who.ANYBODY or actor is Actor.SUPERUSER:
        return FINE
    if actor is Actor.DEACTIVATED or (actor is Actor.ANONYMOUS and row.who is not Who.READER):
        return 401
    if row.who is Who.READER or (row.who is Who.USER and actor is Actor.OWNER):
        return FINE
    if row.who is Who.USER:
        return OF_ANOTHER.get(name, 404)
    return 404 if name.startswith("GET ") else 403


async def test_routes_and_permissions_match(house: House) -> None:
    assert without_row(house.app.routes) == []
    assert set(named(house.app.routes)) == set(TABLE)


async def test_route_without_permission_needs_superuser(registry: Registry, settings: Settings) -> None:
    router = make_router("secrets")

    @router.get("/{id}")
    async def get_secret() -> int:
        return 7

    app = create_app(settings_for(settings.url, **LOCKED), registry=registry)
    app.router.routes[1:1] = router.routes
    assert without_row(app.routes) == ["GET /secrets/{id}"]
    async with app.router.lifespan_context(app), House.of(app) as house:
        assert refusal(await house.anonymous.get("/secrets/1")) == NOBODY
        _, user = await house.newcomer()
        assert refusal(await user.get("/secrets/1")) == MISSING
        assert await house.staff.get("/secrets/1") == 7


# Who asks


async def test_401_has_www_authenticate_header(house: House) -> None:
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


async def test_body_is_not_read_before_authorization(house: House) -> None:
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


async def test_operator_is_known_by_network_not_by_headers(house: House) -> None:
    claims = {"X-Forwarded-For": TRUSTED[0], "X-Real-IP": TRUSTED[0], "Forwarded": f"for={TRUSTED[0]}"}
    for path in ("/health", "/health/db", "/metrics"):
        assert (await (await house.client(TRUSTED)).get(path)).is_success
        assert refusal(await house.anonymous.get(path, headers=claims)) == NOBODY
        assert refusal(await (await house.client(("127.0.0.1", 5))).get(path)) == NOBODY, "it may be a proxy"
    assert refusal(await (await house.client(TRUSTED)).get("/users")) == NOBODY, "it is trusted with no more"


async def test_token_is_ignored_without_authentication(client: httpx2.AsyncClient, trips: Trips) -> None:
    await client.get("/users")
    with trips() as counted:
        assert (await client.get("/orders/stats/summary", headers={"Authorization": "Bearer x"})).is_success
    assert len(counted) == 1


# The API document


async def test_openapi_documents_security(house: House, app: FastAPI) -> None:
    document = house.app.openapi()
    [scheme] = document["components"]["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            row = TABLE[f"{method.upper()} {path}"]
            needed: list[dict[str, list[str]]] = [{scheme: []}]
            public, only = row.who is Who.ANYBODY, row.who in (Who.USER, Who.SUPERUSER)
            assert operation["security"] == ([] if public else needed if only else [{}, *needed]), path
            assert ("401" in operation["responses"]) == (not public), path
            if row.who is Who.SUPERUSER:
                assert ("404" if method == "get" else "403") in operation["responses"], path
    plain = app.openapi()
    assert "securitySchemes" not in plain["components"]
    assert not any("security" in operation for methods in plain["paths"].values() for operation in methods.values())
