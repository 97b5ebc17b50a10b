"""Gives the suite its fixtures, also where it is installed and not a part of the repository that runs it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.defaults import settings_for
from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
from conformance.house import LOCKED, House
from conformance.shop import Shop, furnish
from conformance.suite.errands import Belongings
from core.plugins import Registry
from core.settings import Settings


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Its tests are coroutines; whoever runs them need not configure that."""
    if isinstance(collector, pytest.Module):
        collector.add_marker("anyio")


@pytest.fixture
async def furnished(shop: Shop) -> Shop:
    """A shop with one or two of everything."""
    await furnish(shop)
    return shop


@pytest.fixture
async def untouched(furnished: Shop) -> AsyncIterator[Shop]:
    """The same, which must be as it was when the test has ended."""
    before = await furnished.contents()
    yield furnished
    assert await furnished.contents() == before


@pytest.fixture(scope="session")
def locked_app(registry: Registry) -> FastAPI:
    """The API with authentication, not started."""
    return create_app(settings_for("nowhere://", **LOCKED), registry=registry)


@pytest.fixture
async def house(locked_app: FastAPI, settings: Settings) -> AsyncIterator[House]:
    """The same, started on the test's store."""
    locked_app.state.settings = settings_for(settings.url, **LOCKED)
    async with locked_app.router.lifespan_context(locked_app), House.of(locked_app) as house:
        yield house


@pytest.fixture
async def owner(house: House) -> tuple[Belongings, httpx2.AsyncClient]:
    """What somebody has, and its client."""
    user, client = await house.newcomer()
    return Belongings(house.staff, user), client


@pytest.fixture
async def other(house: House) -> httpx2.AsyncClient:
    """The client of somebody else."""
    return (await house.newcomer())[1]
