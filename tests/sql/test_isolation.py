"""``ISOLATION_LEVEL``: each level isolates as it says, and the guarantees hold with all of them."""

import asyncio
from collections import Counter
from itertools import count

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.interleaving import StoragePair
from conformance.shop import Shop
from conformance.suite import test_capabilities_isolation as isolation
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import IsolationLevel, Settings
from core.storage import SupportsIsolationLevels
from tests.serving import serving
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, SERVERS

CLIENTS = 16
PIECES = 5


@pytest.mark.only(*SERVERS)
@pytest.mark.parametrize("level", IsolationLevel)
async def test_level_isolates_as_it_says(opened: Opened, level: IsolationLevel) -> None:
    async with opened(isolation_level=level) as first, opened(isolation_level=level) as second:
        pair = StoragePair(first, second)
        assert first.capabilities.repeatable_reads is (level is not IsolationLevel.READ_COMMITTED)
        assert first.capabilities.serializable is (level is IsolationLevel.SERIALIZABLE)
        if first.capabilities.serializable:
            await isolation.test_write_skew_is_prevented(pair)
        else:
            await isolation.test_write_skew_is_possible(pair)


@pytest.mark.only(*SERVERS)
@pytest.mark.parametrize("level", IsolationLevel)
async def test_repeated_read_at_each_level(opened: Opened, level: IsolationLevel) -> None:
    async with opened(isolation_level=level) as first, opened(isolation_level=level) as second:
        if level is IsolationLevel.READ_COMMITTED:
            await isolation.test_repeated_read_returns_committed_state(StoragePair(first, second))
        else:
            await isolation.test_repeated_read_returns_same_state(StoragePair(first, second))


@pytest.mark.only(*ALL)
async def test_stock_is_kept_at_each_level(settings: Settings, registry: Registry) -> None:
    numbers = count(1)
    backend = registry.choose(settings)
    assert isinstance(backend, SupportsIsolationLevels)
    assert IsolationLevel.SERIALIZABLE in backend.isolation_levels
    for level in backend.isolation_levels:
        async with serving(create_app(settings_for(settings.url, isolation_level=level))) as client:
            await require_stock_kept(Shop(client, numbers))


async def require_stock_kept(shop: Shop) -> None:
    """Several clients order the last pieces at once."""
    user, product = await shop.user(), await shop.product(stock_quantity=PIECES)
    body = {"user_id": user["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
    answers = await asyncio.gather(*(shop.client.post("/orders/", json=body) for _ in range(CLIENTS)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 400, 503}
    assert (await shop.get(f"/orders/user/{user['id']}"))["total"] == statuses[201] > 0
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == PIECES - statuses[201]


@pytest.mark.only("sqlite")
def test_level_that_is_not_offered_is_refused(settings: Settings, registry: Registry) -> None:
    for url, offered in ((settings.url, "Offered: serializable."), ("mongodb://localhost/x", "remove the setting.")):
        with pytest.raises(ConfigurationError, match=f"ISOLATION_LEVEL is repeatable-read, which .*{offered}"):
            registry.choose(settings_for(url, isolation_level="repeatable-read"))
    with pytest.raises(ConfigurationError, match="ISOLATION_LEVEL: Input should be 'read-committed', "):
        settings_for(settings.url, isolation_level="dirty")
    assert settings_for(settings.url, isolation_level="").isolation_level is None
