"""A shop whose driver has somebody looking over its shoulder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI

from backends.mongo import driver
from conformance.shop import Shop
from core.settings import Settings


@asynccontextmanager
async def watched(
    settings: Settings, app: FastAPI, patch: pytest.MonkeyPatch, listener: driver.monitoring.CommandListener
) -> AsyncIterator[Shop]:
    """The shop that ``app`` serves on a database; ``listener`` hears of every command."""
    connect = driver.client
    patch.setattr(driver, "client", lambda url, heard, options: connect(url, [*heard, listener], options))
    app.state.settings = settings
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield Shop(client)
