"""Expiring entries: their keys, and the deletion of the expired ones."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from hashlib import sha256

from core import clock
from core.entities import EntryKind
from core.services.periodic import repeated
from core.storage import Storage, Transaction

PURGE_SECONDS = 600.0
"""Seconds between two deletions of expired entries, which count as absent before."""

_AT_ONCE = 1000


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


def purge_periodically(storage: Storage, every: float = PURGE_SECONDS) -> AbstractAsyncContextManager[None]:
    """Delete expired entries every ``every`` seconds while the context is open. A failure is logged."""
    return repeated(partial(purge_expired, storage), every, "expired entries could not be deleted")
