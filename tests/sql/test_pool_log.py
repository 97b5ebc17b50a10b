"""What ``POOL_ECHO`` logs, and what the health says of the same connections."""

import logging
from collections.abc import Iterator

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from tests.serving import serving
from tests.sql.conftest import Opened

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The words that each message of the pool begins with, as they come."""
    words: list[str] = []

    class Words(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words.append(record.getMessage().split()[0])

    handler, logger = Words(), logging.getLogger("backends.sql.pool")
    with caplog.at_level(logging.INFO, logger.name):
        logger.addHandler(handler)
        yield words
        logger.removeHandler(handler)


async def test_pool_echo_logs_each_event(opened: Opened, events: list[str]) -> None:
    async with opened(pool_echo=True, pool_recycle=-1) as storage:
        await storage.ping()
        assert events == ["connect", "checkout", "checkin"]
        events.clear()
        await storage.ping()
        assert events == ["checkout", "checkin"]
    async with opened(pool_echo=True, pool_recycle=0) as storage:
        await storage.ping()
        events.clear()
        await storage.ping()
        assert events == ["invalidate", "connect", "checkout", "checkin"]


async def test_pool_is_silent_without_echo(opened: Opened, events: list[str]) -> None:
    async with opened() as storage:
        await storage.ping()
    assert events == []


async def test_health_db_counts_open_connections(database_url: str) -> None:
    async with serving(create_app(settings_for(database_url, pool_size=2, pool_max_overflow=1))) as client:
        health = (await client.get("/health/db")).json()
    assert (health["checked_in"], health["checked_out"], health["overflow"], health["total_connections"]) == (
        1,
        0,
        0,
        1,
    )
