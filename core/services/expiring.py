"""Tickets: their keys, and the end of those that have expired."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256

from core import clock
from core.entities import EntryKind
from core.errors import StockroomError
from core.storage import Storage, Transaction

PURGE_SECONDS = 600.0
"""How long the expired tickets of a process's storage are left lying about: they count as absent anyway."""

_AT_ONCE = 1000

_log = logging.getLogger(__name__)


def entry_key(kind: EntryKind, *parts: str) -> str:
    """The key of the entry that ``parts`` name: always of one length, and nothing of the parts can be read off it."""
    digest = sha256(kind.encode())
    for part in parts:
        encoded = part.encode()
        digest.update(b"%d:%b" % (len(encoded), encoded))  # so that no two ways to cut a text meet
    return digest.hexdigest()


def session_key(session: str) -> str:
    """The key of the entry of a session."""
    return entry_key(EntryKind.SESSION, session)


async def end_sessions(tx: Transaction, user_id: int, keep: str | None = None) -> None:
    """End every session of a user but ``keep``."""
    await tx.expiring.delete_for_user(user_id, EntryKind.SESSION, None if keep is None else session_key(keep))


async def purge_expired(storage: Storage) -> int:
    """Delete the expired tickets, so many in a unit of work that none takes long; their number."""
    at, total = clock.now(), 0
    while True:
        number = await storage.run(lambda tx: tx.expiring.delete_expired(at, _AT_ONCE))
        total += number
        if number < _AT_ONCE:
            return total


@asynccontextmanager
async def purge_periodically(storage: Storage, every: float = PURGE_SECONDS) -> AsyncIterator[None]:
    """While it lasts, expired tickets are deleted every so many seconds. Where that fails, the log says so."""
    task = asyncio.create_task(_sweep_on(storage, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_on(storage: Storage, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await purge_expired(storage)
        except StockroomError as error:
            _log.warning("expired tickets could not be deleted: %s", error.code)
        except Exception:
            _log.exception("expired tickets could not be deleted")
