"""Keys of expiring entries, and the purging of those that have expired."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.defaults import settings_for
from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.errors import Unavailable
from core.plugins import discover
from core.services.expiring import entry_key, purge_expired, purge_periodically
from core.startup import open_storage
from core.storage import Storage, Transaction

Work = Callable[[Any], Awaitable[Any]]

HOUR = timedelta(hours=1)


def entry(name: str, expires_at: datetime) -> ExpiringEntry:
    key = entry_key(EntryKind.ATTEMPT_COUNTER, name)
    return ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, value="1", expires_at=expires_at)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Storage]:
    """A storage with one entry that has expired and one that has not."""
    settings = settings_for(f"sqlite:///{tmp_path / 'shop.db'}")
    now = clock.now()

    async def insert(tx: Transaction) -> None:
        for one in (entry("old", now - HOUR), entry("new", now + HOUR)):
            await tx.expiring.insert_or_lock(one, now - 2 * HOUR)

    async with open_storage(discover().choose(settings), settings) as opened:
        await opened.storage.run(insert)
        yield opened.storage


async def stored(storage: Storage) -> list[str]:
    """The names of the stored entries, expired or not."""
    names = {entry(name, clock.now()).key: name for name in ("old", "new")}
    at = clock.now() - 2 * HOUR
    return [name for key, name in names.items() if await storage.expiring.get(key, at)]


def test_key_has_a_fixed_length() -> None:
    keys = [entry_key(EntryKind.ATTEMPT_COUNTER, part) for part in ("", "x", "x" * 100_000, "\x00", "é")]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {64}
    assert all(set(key) <= set("0123456789abcdef") for key in keys)


def test_keys_of_different_parts_differ() -> None:
    parts = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("", "abc"), ("abc", ""), ("1:a", "bc")]
    keys = {entry_key(kind, *some) for kind in EntryKind for some in parts}
    assert len(keys) == len(EntryKind) * len(parts)


async def test_expired_entries_are_purged(store: Storage) -> None:
    assert await stored(store) == ["old", "new"]
    assert await purge_expired(store) == 1
    assert await stored(store) == ["new"]


def observe_purge(storage: Storage, monkeypatch: pytest.MonkeyPatch, *failures: Exception) -> asyncio.Event:
    """Let the first units of work fail; the event is set after the first that succeeds."""
    run, purged, remaining = storage.run, asyncio.Event(), iter(failures)

    async def run_or_fail(work: Work) -> Any:
        failure = next(remaining, None)
        if failure is not None:
            raise failure
        result = await run(work)
        purged.set()
        return result

    monkeypatch.setattr(storage, "run", run_or_fail)
    return purged


async def test_expired_entries_are_purged_periodically(store: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    purged = observe_purge(store, monkeypatch)
    before = asyncio.all_tasks()
    async with purge_periodically(store, every=0):
        await purged.wait()
    assert await stored(store) == ["new"]
    assert asyncio.all_tasks() == before


async def test_failed_purge_is_logged_and_repeated(
    store: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    purged = observe_purge(store, monkeypatch, Unavailable(), ZeroDivisionError())
    async with purge_periodically(store, every=0):
        await purged.wait()
    assert await stored(store) == ["new"]
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("core.services.periodic", logging.WARNING),
        ("core.services.periodic", logging.ERROR),
    ]
