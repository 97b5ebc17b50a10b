"""Endpoints are protected whatever their parameters are called."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Path, Query

from api.app import create_app
from api.auth.permissions import SUPERUSERS
from api.dependencies import StorageDep
from api.http.fields import PathId, UserPathId
from api.pagination import PageResponse, sortable
from api.routers import orders as orders_api
from api.routers import posts as posts_api
from api.routers import users as users_api
from api.routing import Router
from conformance.defaults import protected_settings_for
from conformance.problem import read_problem
from conformance.shop import PASSWORD, Json
from core.entities import Order, OrderDraft, OrderStatus, OrderSummary, Post, User
from core.plugins import Registry
from core.services import orders
from core.services.versioning import change
from core.settings import Settings
from core.storage import OrderFilter, PageRequest, sorts

pytestmark = pytest.mark.only("sqlite")

renamed = Router("renamed")


@renamed.get("/users/{person}", permission=users_api.OWN_USER)
async def get_user(who: Annotated[UserPathId, Path(alias="person")], shop: StorageDep) -> User:
    return await shop.users.get(who)


@renamed.get("/orders/{number}", permission=orders_api.OWN_ORDERS)
async def get_order(key: Annotated[PathId, Path(alias="number")], shop: StorageDep) -> Order:
    return await shop.orders.get(key)


@renamed.get("/orders", permission=orders_api.OWN_ORDERS_LIST)
async def list_orders(
    shop: StorageDep, window: Annotated[PageRequest, Depends(sortable(sorts.ORDERS))]
) -> PageResponse[OrderSummary]:
    return PageResponse.of(await shop.orders.page(OrderFilter(), window), window)


@renamed.post("/orders", permission=orders_api.OWN_DRAFT, status_code=201)
async def place_order(wish: OrderDraft, shop: StorageDep) -> Order:
    return await orders.place(shop, wish)


@renamed.patch("/orders/{number}", permission=orders_api.OWN_CANCELLATION)
async def change_status(
    key: Annotated[PathId, Path(alias="number")],
    shop: StorageDep,
    state: Annotated[OrderStatus, Query(alias="target")],
) -> OrderSummary:
    return await orders.change_status(shop, key, state)


@renamed.get("/posts/{number}", permission=posts_api.VISIBLE_POSTS)
async def get_post(key: Annotated[PathId, Path(alias="number")], shop: StorageDep) -> Post:
    return await shop.posts.get(key)


@renamed.get("/figures", permission=SUPERUSERS)
async def get_figures(shop: StorageDep) -> int:
    return len(await shop.orders.totals_by_status())


Client = httpx2.AsyncClient


class Clients:
    """Clients without a token, of a superuser and of two users, the first with an order and an unpublished post."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.anonymous = self._client()

    @asynccontextmanager
    async def ready(self) -> AsyncIterator["Clients"]:
        async with self.anonymous:
            _, self.superuser = await self._log_in("root")
            await self._app.state.storage.run(lambda tx: change(tx.users, 1, {"is_superuser": True}))
            self.owner_id, self.owner = await self._log_in("owner")
            _, self.other = await self._log_in("other")
            product = {"name": "Cup", "sku": "CUP", "price": 1, "stock_quantity": 9}
            await created(self.superuser, "/products", product)
            self.draft = {"user_id": self.owner_id, "items": [{"product_id": 1, "quantity": 1}]}
            self.order = await created(self.owner, "/orders", self.draft)
            self.post = await created(
                self.superuser, "/posts", {"title": "T", "content": "C", "author_id": self.owner_id}
            )
            yield self
            for client in (self.superuser, self.owner, self.other):
                await client.aclose()

    async def _log_in(self, name: str) -> tuple[int, Client]:
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        user = await created(self.anonymous, "/users", body)
        form = {"grant_type": "password", "username": name, "password": PASSWORD}
        tokens = (await self.anonymous.post("/auth/token", data=form)).json()
        return user["id"], self._client({"Authorization": f"Bearer {tokens['access_token']}"})

    def _client(self, headers: dict[str, str] | None = None) -> Client:
        transport = httpx2.ASGITransport(app=self._app, raise_app_exceptions=False)
        return Client(transport=transport, base_url="http://shop.test", headers=headers or {})


async def created(client: Client, path: str, body: Json) -> Json:
    response = await client.post(path, json=body)
    assert response.status_code == 201, response.text
    entity: Json = response.json()
    return entity


@pytest.fixture
async def clients(settings: Settings, registry: Registry) -> AsyncIterator[Clients]:
    app = create_app(protected_settings_for(settings.url), registry=registry)
    app.router.routes[1:1] = renamed.routes
    async with app.router.lifespan_context(app), Clients(app).ready() as clients:
        yield clients


async def statuses(clients: Clients, method: str, path: str, body: Json | None = None) -> list[int]:
    """What a client without a token, another user, the owner and a superuser are answered."""
    senders = (clients.anonymous, clients.other, clients.owner, clients.superuser)
    return [(await client.request(method, path, json=body)).status_code for client in senders]


async def test_renamed_path_id_is_checked(clients: Clients) -> None:
    assert await statuses(clients, "GET", f"/renamed/users/{clients.owner_id}") == [401, 404, 200, 200]


async def test_renamed_storage_is_restricted(clients: Clients) -> None:
    assert await statuses(clients, "GET", f"/renamed/orders/{clients.order['id']}") == [401, 404, 200, 200]
    assert await statuses(clients, "GET", f"/renamed/posts/{clients.post['id']}") == [404, 404, 200, 200]
    assert await statuses(clients, "GET", "/renamed/figures") == [401, 404, 404, 200]
    totals = [
        (await c.get("/renamed/orders")).json()["total"] for c in (clients.other, clients.owner, clients.superuser)
    ]
    assert totals == [0, 1, 1]


async def test_renamed_body_is_checked(clients: Clients) -> None:
    assert await statuses(clients, "POST", "/renamed/orders", clients.draft) == [401, 403, 201, 201]


async def test_renamed_status_is_checked(clients: Clients) -> None:
    path = f"/renamed/orders/{clients.order['id']}?target="
    assert await statuses(clients, "PATCH", f"{path}confirmed") == [401, 404, 403, 200]
    assert await statuses(clients, "PATCH", f"{path}cancelled") == [401, 404, 403, 200]


async def test_renamed_storage_is_idempotent(clients: Clients) -> None:
    for number in (1, 1, 2):
        response = await clients.owner.post(
            "/renamed/orders", json=clients.draft, headers={"Idempotency-Key": f"key-{number}"}
        )
        assert response.status_code == 201
    assert (await clients.owner.get("/orders")).json()["total"] == 3
    response = await clients.other.post("/renamed/orders", json=clients.draft, headers={"Idempotency-Key": "key-1"})
    assert read_problem(response)["status"] == 403
