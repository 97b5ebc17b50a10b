"""The fixtures of the suite, which are there also where it is installed in another repository."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.authenticated_user import AuthenticatedUser
from conformance.defaults import settings_for
from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
from conformance.protected_shop import AUTH_SETTINGS, ProtectedShop
from conformance.shop import Shop, populate
from conformance.suite.sample_requests import OwnedEntities
from core.plugins import Registry
from core.settings import Settings


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Mark the tests as coroutines, so that a repository need not configure that."""
    if isinstance(collector, pytest.Module):
        collector.add_marker("anyio")


@pytest.fixture
async def populated_shop(shop: Shop) -> Shop:
    """A shop with one or two of every entity."""
    await populate(shop)
    return shop


@pytest.fixture
async def unchanged_shop(populated_shop: Shop) -> AsyncIterator[Shop]:
    """The same shop, whose data must be unchanged when the test ends."""
    before = await populated_shop.contents()
    yield populated_shop
    assert await populated_shop.contents() == before


@pytest.fixture(scope="session")
def built_auth_app(registry: Registry) -> FastAPI:
    """The API with authentication and a trusted network, not started."""
    return create_app(settings_for("nowhere://", **AUTH_SETTINGS), registry=registry)


@pytest.fixture
async def protected_shop(built_auth_app: FastAPI, settings: Settings) -> AsyncIterator[ProtectedShop]:
    """The same API, started on the test's store."""
    built_auth_app.state.settings = settings_for(settings.url, **AUTH_SETTINGS)
    async with (
        built_auth_app.router.lifespan_context(built_auth_app),
        ProtectedShop.open(built_auth_app) as protected_shop,
    ):
        yield protected_shop


@pytest.fixture
async def owner(protected_shop: ProtectedShop) -> tuple[OwnedEntities, httpx2.AsyncClient]:
    """The entities of a user, and its client."""
    user, client = await protected_shop.register_user()
    return OwnedEntities(protected_shop.superuser, user), client


@pytest.fixture
async def other_client(protected_shop: ProtectedShop) -> httpx2.AsyncClient:
    """The client of another user."""
    return (await protected_shop.register_user())[1]


@pytest.fixture
async def ada(anonymous_client: httpx2.AsyncClient) -> AuthenticatedUser:
    """A registered user."""
    return await AuthenticatedUser.register(anonymous_client)
