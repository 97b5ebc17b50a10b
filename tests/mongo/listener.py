"""Applications and storages whose driver reports its commands to a listener."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI

from backends.mongo import driver
from conformance.shop import Shop
from core.settings import Settings


def add_listener(patch: pytest.MonkeyPatch, listener: driver.monitoring.CommandListener) -> None:
    """Report the commands of every client created from now on to ``listener``."""
    create = driver.create_client
    patch.setattr(driver, "create_client", lambda url, others, options: create(url, [*others, listener], options))


@asynccontextmanager
async def open_shop(
    settings: Settings, app: FastAPI, patch: pytest.MonkeyPatch, listener: driver.monitoring.CommandListener
) -> AsyncIterator[Shop]:
    """The API that ``app`` serves on a database; ``listener`` receives every command."""
    add_listener(patch, listener)
    app.state.settings = settings
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield Shop(client)
