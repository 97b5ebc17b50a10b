"""Whether storage takes writes: learned from writes that failed, and verified by one that leaves nothing behind."""

import asyncio
import logging
import secrets
from datetime import timedelta
from time import monotonic

from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.errors import Unavailable
from core.services.expiring import entry_key
from core.storage import Storage, Transaction

VERIFY_SECONDS = 2.0
"""Seconds between two verifications while storage takes no writes."""

_log = logging.getLogger(__name__)


class WriteCheck:
    """What one process knows of its storage. Without a failure nothing is written."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._is_doubtful, self._takes_writes = True, False
        self._verified_at = -VERIFY_SECONDS
        self._lock = asyncio.Lock()

    def record_failure(self) -> None:
        """A write has failed because storage was unavailable: verify before the next answer."""
        self._is_doubtful = True

    async def require(self) -> None:
        """Return if storage takes writes, as far as is known.

        Raises:
            Unavailable: it does not.
        """
        async with self._lock:
            if self._is_doubtful and monotonic() - self._verified_at >= VERIFY_SECONDS:
                await self._verify()
        if not self._takes_writes:
            raise Unavailable("The storage takes no writes at the moment.")

    async def _verify(self) -> None:
        self._is_doubtful = self._takes_writes = False
        try:
            await self._storage.run(_write_nothing)
            self._takes_writes = True
        except Unavailable as error:
            _log.warning("storage takes no writes: %s", error.code)
        finally:
            self._is_doubtful |= not self._takes_writes  # a failure meanwhile is another doubt
            self._verified_at = monotonic()


async def _write_nothing(tx: Transaction) -> None:
    now = clock.now()
    key = entry_key(EntryKind.ATTEMPT_COUNTER, "readiness", secrets.token_hex())
    expires_at = now + timedelta(minutes=1)
    await tx.expiring.insert_or_lock(
        ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, value="", expires_at=expires_at), now
    )
    await tx.expiring.delete(key)
