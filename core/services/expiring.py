"""Expiring entries: their keys, and the deletion of the expired ones."""

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
"""Seconds between two deletions of expired entries, which count as absent before."""

_AT_ONCE = 1000

_log = logging.getLogger(__name__)


def entry_key(kind: EntryKind, *parts: str) -> str:
    """The key of the entry that ``parts`` name: of fixed length, and the parts cannot be read from it."""
    digest = sha256(kind.encode())
    for part in parts:
        encoded = part.encode()
        digest.update(b"%d:%b" % (len(encoded), encoded))  # the lengths keep ("ab", "c") and ("a", "bc") apart
    return digest.hexdigest()


def session_key(session: str) -> str:
    """The key of a session's entry."""
    return entry_key(EntryKind.SESSION, session)


async def end_sessions(tx: Transaction, user_id: int, keep: str | None = None) -> None:
    """End every session of a user but ``keep``."""
    await tx.expiring.delete_for_user(user_id, EntryKind.SESSION, None if keep is None else session_key(keep))


async def purge_expired(storage: Storage) -> int:
    """Delete the expired entries, a bounded number in each unit of work; return how many there were."""
    at, total = clock.now(), 0
    while True:
        number = await storage.run(lambda tx: tx.expiring.delete_expired(at, _AT_ONCE))
        total += number
        if number < _AT_ONCE:
            return total


@asynccontextmanager
async def purge_periodically(storage: Storage, every: float = PURGE_SECONDS) -> AsyncIterator[None]:
    """Delete expired entries every ``every`` seconds while the context is open. A failure is logged."""
    task = asyncio.create_task(_purge_loop(storage, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _purge_loop(storage: Storage, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await purge_expired(storage)
        except StockroomError as error:
            _log.warning("expired entries could not be deleted: %s", error.code)
        except Exception:
            _log.exception("expired entries could not be deleted")
