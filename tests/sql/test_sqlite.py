"""SQLite's settings on every connection that serves, its one writer, and its requirements."""

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from backends.sql.backend import SqlBackend
from backends.sql.dialects import SQLITE
from backends.sql.storage import SqlStorage
from core.errors import ConfigurationError, Unavailable
from core.settings import Settings
from core.storage import Transaction, round_trips
from tests.clocks import SetClock
from tests.sql.conftest import Opened

pytestmark = pytest.mark.only("sqlite")

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


async def pragma(storage: SqlStorage, name: str) -> object:
    async with storage._engine.connect() as connection:
        return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()


async def test_connection_pragmas_are_set(opened: Opened) -> None:
    async with opened() as storage:
        assert isinstance(storage, SqlStorage)
        assert await pragma(storage, "journal_mode") == "wal"
        assert await pragma(storage, "busy_timeout") == 5000
        assert await pragma(storage, "foreign_keys") == 1
        assert await pragma(storage, "synchronous") == 2


async def test_reader_does_not_wait_for_writer(opened: Opened) -> None:
    async with opened() as storage:
        begun, end = asyncio.Event(), asyncio.Event()

        async def work(tx: Transaction) -> None:
            begun.set()
            await end.wait()

        writing = asyncio.create_task(storage.run(work))
        await begun.wait()
        assert await storage.users.active_count() == 0
        assert not writing.done()
        end.set()
        await writing


async def test_slow_statement_is_interrupted(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    monkeypatch.setattr("core.timeouts.monotonic", clock)
    async with opened(database_timeout=60, pool_size=1) as storage:
        assert isinstance(storage, SqlStorage)
        await storage.ping()
        threads = threading.active_count()
        for _ in range(3):
            await storage.ping()  # opens a connection if the last one was discarded
            reading = asyncio.create_task(storage._reads.rows(text(ENDLESS)))
            await clock.next_reading()  # the deadline is set
            clock.now += 59
            await clock.next_reading()  # the deadline is compared with the time
            assert not reading.done()
            clock.now += 1
            with pytest.raises(Unavailable):
                await reading
        await storage.ping()
        assert threading.active_count() == threads  # each connection has its own


async def test_second_writer_waits_for_first(opened: Opened) -> None:
    async with opened() as one, opened() as other:
        begun, end = asyncio.Event(), asyncio.Event()

        async def slow(tx: Transaction) -> str:
            begun.set()
            await end.wait()
            return "slow"

        async def quick(tx: Transaction) -> str:
            return "quick"

        writing = asyncio.create_task(one.run(slow))
        await begun.wait()
        with round_trips.collect() as sent:
            waiting = asyncio.create_task(other.run(quick))
        while "BEGIN IMMEDIATE" not in sent:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0)
        assert not waiting.done()
        end.set()
        assert await waiting == "quick"
        assert writing.done()
        assert await writing == "slow"


async def test_missing_fts5_is_refused_with_remedy(settings: Settings) -> None:
    [(query, _, remedy)] = SQLITE.requirements
    without = query.replace("fts5", "fts5, which this one lacks")
    with pytest.raises(ConfigurationError, match="built without FTS5"):
        await SqlBackend(replace(SQLITE, requirements=((without, 1, remedy),))).open(settings)
