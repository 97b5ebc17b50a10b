"""The API with authentication, and clients with different rights."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from itertools import count
from typing import Any

import httpx2
from fastapi import FastAPI

from conformance.shop import PASSWORD, Json, Shop
from core.services.versioning import change
from core.storage import Storage

AUTH_SETTINGS: Any = {
    "auth": "required",
    "secret_keys": "0123456789abcdef" * 4,
    "rate_limit": "off",
    "trusted_networks": "10.0.0.0/28",
}
"""The settings of such an API."""

UNTRUSTED_PEER = ("192.0.2.1", 5)
"""The address and port of clients outside the trusted network."""


class Actor(StrEnum):
    """The sender of a request about an entity that belongs to the owner.

    Attributes:
        DEACTIVATED: a user who logged in and was deactivated afterwards.
    """

    ANONYMOUS = "anonymous"
    DEACTIVATED = "deactivated"
    OTHER = "other"
    OWNER = "owner"
    SUPERUSER = "superuser"


class ProtectedShop:
    """The API with ``AUTH=required``, and a client per user.

    Attributes:
        anonymous: a client without a token.
        superuser: creates and reads data with a superuser's token.
    """

    def __init__(self, app: FastAPI, clients: AsyncExitStack) -> None:
        self.app = app
        self._clients = clients
        self._numbers = count(1)
        self.anonymous: httpx2.AsyncClient
        self.superuser: Shop

    @classmethod
    @asynccontextmanager
    async def open(cls, app: FastAPI) -> AsyncIterator["ProtectedShop"]:
        """The shop of an application that has been started."""
        async with AsyncExitStack() as clients:
            shop = cls(app, clients)
            shop.anonymous = await shop.connect()
            superuser = await shop.create_user()
            storage: Storage = app.state.storage
            await storage.run(lambda tx: change(tx.users, superuser["id"], {"is_superuser": True}))
            shop.superuser = Shop(await shop.log_in(superuser), shop._numbers)
            yield shop

    async def connect(self, peer: tuple[str, int] = UNTRUSTED_PEER, **headers: str) -> httpx2.AsyncClient:
        """A client with the address ``peer`` that always sends ``headers``."""
        transport = httpx2.ASGITransport(app=self.app, client=peer, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url="http://shop.test", headers=headers)
        return await self._clients.enter_async_context(client)

    async def create_user(self) -> Json:
        """A new user, not logged in."""
        return await Shop(self.anonymous, self._numbers).user()

    async def log_in(self, user: Json) -> httpx2.AsyncClient:
        """A client with an access token of ``user``."""
        response = await self.anonymous.post("/auth/token", data=log_in_form(user))
        assert response.status_code == 200, response.text
        return await self.connect(authorization=f"Bearer {response.json()['access_token']}")

    async def register_user(self) -> tuple[Json, httpx2.AsyncClient]:
        """A new user, and its logged-in client."""
        user = await self.create_user()
        return user, await self.log_in(user)

    async def register_deactivated_user(self) -> httpx2.AsyncClient:
        """The client of a user who logged in and was deactivated afterwards."""
        user, client = await self.register_user()
        response = await self.superuser.client.delete(f"/users/{user['id']}/soft")
        assert response.status_code == 200, response.text
        return client


def log_in_form(user: Json) -> dict[str, Any]:
    """The form fields of a log-in."""
    return {"grant_type": "password", "username": user["username"], "password": PASSWORD}
