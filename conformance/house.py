"""A shop that asks who comes, and those who come to it."""

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

LOCKED: Any = {
    "auth": "required",
    "secret_keys": "0123456789abcdef" * 4,
    "rate_limit": "off",
    "trusted_networks": "10.0.0.0/28",
}
"""The settings of such a shop."""

STRANGER = ("192.0.2.1", 5)
"""Where everybody comes from: an address that nobody trusts."""


class Actor(StrEnum):
    """Who sends a request about something that belongs to the owner.

    Attributes:
        DEACTIVATED: somebody with a token, who has been deactivated since.
    """

    ANONYMOUS = "anonymous"
    DEACTIVATED = "deactivated"
    OTHER = "other"
    OWNER = "owner"
    SUPERUSER = "superuser"


class House:
    """The API with ``AUTH=required``, and a client for each who comes.

    Attributes:
        anonymous: a client without a token.
        staff: the shop in the hands of a superuser.
    """

    def __init__(self, app: FastAPI, clients: AsyncExitStack) -> None:
        self.app = app
        self._clients = clients
        self._numbers = count(1)
        self.anonymous: httpx2.AsyncClient
        self.staff: Shop

    @classmethod
    @asynccontextmanager
    async def of(cls, app: FastAPI) -> AsyncIterator["House"]:
        """Open the house of an application that has been started."""
        async with AsyncExitStack() as clients:
            house = cls(app, clients)
            house.anonymous = await house.client()
            superuser = await house.user()
            storage: Storage = app.state.storage
            await storage.run(lambda tx: change(tx.users, superuser["id"], {"is_superuser": True}))
            house.staff = Shop(await house.enter(superuser), house._numbers)
            yield house

    async def client(self, peer: tuple[str, int] = STRANGER, **headers: str) -> httpx2.AsyncClient:
        """A client that comes from ``peer`` and always sends ``headers``."""
        transport = httpx2.ASGITransport(app=self.app, client=peer, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url="http://shop.test", headers=headers)
        return await self._clients.enter_async_context(client)

    async def user(self) -> Json:
        """Somebody who has registered."""
        return await Shop(self.anonymous, self._numbers).user()

    async def enter(self, user: Json) -> httpx2.AsyncClient:
        """The client of somebody who has logged in."""
        answer = await self.anonymous.post("/auth/token", data=credentials(user))
        assert answer.status_code == 200, answer.text
        return await self.client(authorization=f"Bearer {answer.json()['access_token']}")

    async def newcomer(self) -> tuple[Json, httpx2.AsyncClient]:
        """Somebody who has registered and logged in."""
        user = await self.user()
        return user, await self.enter(user)

    async def deactivated(self) -> httpx2.AsyncClient:
        """The client of somebody who has logged in and was deactivated then."""
        user, client = await self.newcomer()
        answer = await self.staff.client.delete(f"/users/{user['id']}/soft")
        assert answer.status_code == 200, answer.text
        return client


def credentials(user: Json) -> dict[str, Any]:
    """The form of a log-in."""
    return {"grant_type": "password", "username": user["username"], "password": PASSWORD}
