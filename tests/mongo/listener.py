"""Applications and storages whose driver reports its commands to a listener."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI

from backends.mongo import driver
from conformance.shop import Shop
from core.settings import Settings
from tests.serving import serving


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
    async with serving(app) as client:
        yield Shop(client)
