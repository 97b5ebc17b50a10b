"""Doing a thing once: its effect, and the answer to whoever asked for it, are stored in one unit of work under a key.

Whoever asks again with the key gets that answer, also from another process and after a restart, until it expires.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.errors import IdempotencyKeyInProgress, IdempotencyKeyMismatch, StoredResponseTooLarge
from core.passwords import PasswordHasher
from core.storage import Storage, Transaction

T = TypeVar("T")

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of a stored answer at most, with the fingerprint of its request."""


class ReplayResponse(Exception):
    """All that was asked for was done before. No ``StockroomError``: no use case shall take it for a failure.

    Attributes:
        answer: what was stored with it.
    """

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """What is to be done once.

    Attributes:
        key: of the entry that holds the answer.
        user_id: who asks, where that is known.
        digest: of all that makes it the same request.
        hasher: where the request holds a password: its digest is stored as a password is, or whoever reads the store
            could try passwords on it quickly.
        lifetime: how long the answer is kept.
    """

    key: str
    user_id: int | None
    digest: str = field(repr=False)
    hasher: PasswordHasher | None
    lifetime: timedelta

    async def fingerprint(self) -> str:
        """What is stored of the request, in one line."""
        return self.digest if self.hasher is None else await self.hasher.hash(self.digest)

    async def matches(self, fingerprint: str) -> bool:
        """Whether a fingerprint is that of this request."""
        return fingerprint == self.digest if self.hasher is None else await self.hasher.verify(fingerprint, self.digest)


class IdempotentStorage:
    """A storage whose first unit of work that succeeds stores, under the key of a request, what ``render`` makes of it.

    What it does after that is no part of the answer, and passes through; so does whatever only reads.

    Its ``run`` also raises:
        ReplayResponse: the same request was met before; nothing is done.
        IdempotencyKeyMismatch: another request was met under the key; nothing is done.
        StoredResponseTooLarge: all is undone.
    """

    def __init__(self, storage: Storage, request: IdempotentRequest, render: Callable[[Any], str]) -> None:
        self._storage = storage
        self._request = request
        self._render = render
        self._fingerprint: str | None = None
        self._done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def check_replay(self) -> None:
        """Raise as ``run`` would where the key has an answer: before work that costs much and is not undone."""
        found = await self._storage.expiring.get(self._request.key, clock.now())
        if found is not None:
            await self._refuse(found)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See ``Storage.run``."""
        if self._done:
            return await self._storage.run(work)
        fingerprint = self._fingerprint = self._fingerprint or await self._request.fingerprint()
        try:
            outcome = await self._storage.run(lambda tx: self._work(tx, work, fingerprint))
        except _KeyTaken as found:
            await self._refuse(found.entry)
        self._done = True
        return outcome

    async def _work(self, tx: Transaction, work: Callable[[Transaction], Awaitable[T]], fingerprint: str) -> T:
        now, request = clock.now(), self._request
        expires_at = now + request.lifetime
        mine = ExpiringEntry(
            key=request.key,
            kind=EntryKind.IDEMPOTENT_RESPONSE,
            user_id=request.user_id,
            value=fingerprint,
            expires_at=expires_at,
        )
        found = await tx.expiring.insert_or_lock(mine, now)
        if found is not None:
            raise _KeyTaken(found)
        outcome = await work(tx)
        value = f"{fingerprint}\n{self._render(outcome)}"
        if len(value.encode()) > MAX_ANSWER:
            raise StoredResponseTooLarge
        await tx.expiring.save(replace(mine, value=value))
        return outcome

    async def _refuse(self, found: ExpiringEntry) -> NoReturn:
        fingerprint, _, answer = found.value.partition("\n")
        if await self._request.matches(fingerprint):
            raise ReplayResponse(answer)
        raise IdempotencyKeyMismatch


class _KeyTaken(Exception):
    """Undoes a unit of work whose key is taken; the fingerprint is looked at outside of it, for that may take long."""

    def __init__(self, entry: ExpiringEntry) -> None:
        super().__init__()
        self.entry = entry


class InProgressKeys:
    """The keys whose requests this process is busy with. Whoever comes with one from another process waits."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """While it lasts, the key is in use.

        Raises:
            IdempotencyKeyInProgress: it is already.
        """
        if key in self._keys:
            raise IdempotencyKeyInProgress
        self._keys.add(key)
        try:
            yield
        finally:
            self._keys.discard(key)
