"""Which migrations a database has seen, and whose turn it is to migrate it."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from backends.mongo.collection import Collection
from backends.mongo.errors import Clash
from core import clock
from core.errors import Unavailable

REVISIONS = "schema_migrations"
"""One document for each revision that was applied, its id the revision's, and the lock while somebody migrates."""

_LOCK = "lock"
_LEASE = timedelta(seconds=30)
_PATIENCE = 600.0
"""Seconds for which a process waits while another migrates."""


async def latest(revisions: Collection) -> str | None:
    """The revision a database is at; None before the first."""
    found = await revisions.find({"_id": {"$ne": _LOCK}}, {"_id": 1}, order=[("_id", -1)], limit=1)
    return found[0]["_id"] if found else None


@asynccontextmanager
async def migrating(revisions: Collection) -> AsyncIterator[None]:
    """Wait until nobody else migrates, and keep the others waiting.

    The lock is a lease that is renewed while its holder lives: one who dies keeps the others waiting for half a minute.

    Raises:
        Unavailable: another process has been at it for ten minutes.
    """
    owner = uuid.uuid4().hex
    await _acquire(revisions, owner)
    renewal = asyncio.create_task(_renew(revisions, owner))
    try:
        yield
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewal
        await revisions.delete({"_id": _LOCK, "owner": owner})


async def _acquire(revisions: Collection, owner: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            while not await _take(revisions, owner):  # noqa: ASYNC110 - the other is another process
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise Unavailable("Another process is migrating the database.") from None


async def _take(revisions: Collection, owner: str) -> bool:
    lease: dict[str, Any] = {"owner": owner, "until": clock.now() + _LEASE}
    if await revisions.update_one({"_id": _LOCK, "until": {"$lt": clock.now()}}, {"$set": lease}):
        return True
    try:
        await revisions.insert([{"_id": _LOCK, **lease}])
    except Clash:
        return False
    return True


async def _renew(revisions: Collection, owner: str) -> None:
    while True:
        await asyncio.sleep(_LEASE.total_seconds() / 3)
        await revisions.update_one({"_id": _LOCK, "owner": owner}, {"$set": {"until": clock.now() + _LEASE}})
