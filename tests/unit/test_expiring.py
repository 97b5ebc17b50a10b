"""Keys of tickets, and the end of those that have expired."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
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
from core.storage import Storage

OFTEN = 0.01


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Storage]:
    """A storage with one entry that has expired and one that has not."""
    settings = settings_for(f"sqlite:///{tmp_path / 'shop.db'}")
    async with open_storage(discover().choose(settings), settings) as shop:
        now = clock.now()
        for name, age in (("old", 1), ("new", -1)):
            key, expiry = entry_key(EntryKind.ATTEMPT_COUNTER, name), now - timedelta(hours=age)
            entry = ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, value="1", expires_at=expiry)
            await shop.storage.run(lambda tx, entry=entry: tx.expiring.insert_or_lock(entry, now - timedelta(hours=2)))  # type: ignore[misc]
        yield shop.storage


async def kept(storage: Storage) -> list[str]:
    """Which of the two are stored, expired or not."""
    ago = clock.now() - timedelta(hours=2)
    return [
        name for name in ("old", "new") if await storage.expiring.get(entry_key(EntryKind.ATTEMPT_COUNTER, name), ago)
    ]


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    """Return once something is so."""
    for _ in range(1000):
        if await reached():
            return
        await asyncio.sleep(OFTEN)
    raise TimeoutError


def test_a_key_is_of_one_length_whatever_it_names() -> None:
    keys = [entry_key(EntryKind.ATTEMPT_COUNTER, part) for part in ("", "x", "x" * 100_000, "\x00", "é")]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {64}
    assert all(set(key) <= set("0123456789abcdef") for key in keys)


def test_no_two_ways_to_name_a_ticket_meet() -> None:
    parts = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("", "abc"), ("abc", ""), ("1:a", "bc")]
    keys = {entry_key(kind, *some) for kind in EntryKind for some in parts}
    assert len(keys) == len(EntryKind) * len(parts)


async def test_what_has_expired_is_swept(shelf: Storage) -> None:
    assert await kept(shelf) == ["old", "new"]
    assert await purge_expired(shelf) == 1
    assert await kept(shelf) == ["new"]


async def test_it_is_swept_now_and_then_until_the_end(shelf: Storage) -> None:
    async def swept() -> bool:
        return await kept(shelf) == ["new"]

    before = asyncio.all_tasks()
    async with purge_periodically(shelf, OFTEN):
        await until(swept)
    assert asyncio.all_tasks() == before


async def test_a_sweep_that_fails_is_logged_and_tried_again(
    shelf: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original, failures = shelf.run, iter([Unavailable(), ZeroDivisionError()])

    async def run(work: Callable[[Any], Awaitable[Any]]) -> Any:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return await original(work)

    async def swept() -> bool:
        return await kept(shelf) == ["new"]

    monkeypatch.setattr(shelf, "run", run)
    async with purge_periodically(shelf, OFTEN):
        await until(swept)
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("core.services.expiring", logging.WARNING),
        ("core.services.expiring", logging.ERROR),
    ]
