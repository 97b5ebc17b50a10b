"""Gives the suite its fixtures, also where it is installed and not a part of the repository that runs it."""

from collections.abc import AsyncIterator

import pytest

from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
from conformance.shop import Shop, furnish


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
