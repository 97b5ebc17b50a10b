"""The shop that the contract's tests stand on."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from core import clock
from core.plugins import Registry
from core.settings import Settings
from tests.harness.server import settings_for
from tests.shop import Shop


@pytest.fixture(scope="session")
def built_app(registry: Registry) -> FastAPI:
    """The API, not started. Building it takes far longer than any of these tests, so it is built once."""
    return create_app(settings_for("nowhere://"), registry=registry)


@pytest.fixture
async def app(built_app: FastAPI, settings: Settings) -> AsyncIterator[FastAPI]:
    """The API, started on the test's own database."""
    built_app.state.settings = settings
    async with built_app.router.lifespan_context(built_app):
        yield built_app


@pytest.fixture
def shop(client: httpx2.AsyncClient) -> Shop:
    """An empty one."""
    return Shop(client)


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    """Stops the shop's clock; each call moves it on, and says what time it is then."""
    time = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)

    def move(step: timedelta) -> datetime:
        nonlocal time
        time += step
        return time

    monkeypatch.setattr(clock, "now", lambda: time)
    return move
