"""What ``POOL_ECHO`` logs of MongoDB's driver."""

import logging

import pytest

from conformance.defaults import settings_for
from core.plugins import Registry

pytestmark = pytest.mark.only("mongodb")


@pytest.mark.parametrize("is_on", [True, False])
async def test_pool_echo_logs_connections(
    database_url: str, registry: Registry, caplog: pytest.LogCaptureFixture, is_on: bool
) -> None:
    settings = settings_for(database_url, pool_echo=is_on)
    with caplog.at_level(logging.INFO, "backends.mongo.driver"):
        storage = await registry.choose(settings).open(settings)
        await storage.ping()
        await storage.close()
    words = {record.getMessage().split()[0] for record in caplog.records if record.name == "backends.mongo.driver"}
    assert words == ({"connect", "checkout", "checkin", "invalidate"} if is_on else set())
