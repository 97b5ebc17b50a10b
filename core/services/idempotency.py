"""Idempotent units of work: the effect and the response to its request are stored together, under the request's key.

A request with the same key gets the stored response, also from another process and after a restart, until it expires.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NoReturn, TypeVar

from typing_extensions import override

from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.entities.expiring import MAX_VALUE
from core.errors import IdempotencyKeyInProgress, IdempotencyKeyMismatch, StoredResponseTooLarge
from core.passwords import PasswordHasher
from core.storage import Storage, Transaction
from core.storage.delegating import DelegatingStorage

T = TypeVar("T")


class ReplayResponse(Exception):
    """The request was carried out before. Not a ``StockroomError``, so that use cases do not handle it as a failure.

    Attributes:
        response: the stored one.
    """

    def __init__(self, response: str) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request that takes effect once.

    Attributes:
        key: of the entry that holds the response.
        user_id: the user that sent it; None without authentication.
        digest: computes a digest of everything that makes two requests the same.
        hasher: for requests that hold a password: the digest is hashed as passwords are, because a plain digest would
            let a reader of the database test passwords quickly.
        lifetime: how long the response is kept.
    """

    key: str
    user_id: int | None
    digest: Callable[[], str] = field(repr=False)
    hasher: PasswordHasher | None
    lifetime: timedelta

    async def fingerprint(self) -> str:
        """What is stored of the request, one line."""
        return self.digest() if self.hasher is None else await self.hasher.hash(self.digest())

    async def matches(self, fingerprint: str) -> bool:
        """Whether a stored fingerprint is that of this request."""
        if self.hasher is None:
            return fingerprint == self.digest()
        return await self.hasher.verify(fingerprint, self.digest())


class IdempotentStorage(DelegatingStorage):
    """A storage whose first successful unit of work also stores ``render`` of its result under the request's key.

    Later units of work and reads are those of the wrapped storage.

    Its ``run`` also raises:
        ReplayResponse: the same request was carried out before; nothing is changed.
        IdempotencyKeyMismatch: the key belongs to another request; nothing is changed.
        StoredResponseTooLarge: everything is undone.
    """

    def __init__(self, storage: Storage, request: IdempotentRequest, render: Callable[[object], str]) -> None:
        super().__init__(storage)
        self.request = request
        self._render = render
        self._fingerprint: str | None = None
        self._done = False

    async def check_replay(self) -> None:
        """Raise as ``run`` would where the key has a response: called before expensive work outside of ``run``."""
        found = await self._storage.expiring.get(self.request.key, clock.now())
        if found is not None:
            await self._raise_for(found)

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        if self._done:
            return await self._storage.run(work)
        fingerprint = self._fingerprint = self._fingerprint or await self.request.fingerprint()
        try:
            outcome = await self._storage.run(lambda tx: self._work(tx, work, fingerprint))
        except _KeyTaken as found:
            await self._raise_for(found.entry)
        self._done = True
        return outcome

    async def _work(self, tx: Transaction, work: Callable[[Transaction], Awaitable[T]], fingerprint: str) -> T:
        now, request = clock.now(), self.request
        entry = ExpiringEntry(
            key=request.key,
            kind=EntryKind.IDEMPOTENT_RESPONSE,
            user_id=request.user_id,
            value=fingerprint,
            expires_at=now + request.lifetime,
        )
        found = await tx.expiring.insert_or_lock(entry, now)
        if found is not None:
            raise _KeyTaken(found)
        outcome = await work(tx)
        value = f"{fingerprint}\n{self._render(outcome)}"
        if len(value.encode()) > MAX_VALUE:
            raise StoredResponseTooLarge
        await tx.expiring.save(replace(entry, value=value))
        return outcome

    async def _raise_for(self, found: ExpiringEntry) -> NoReturn:
        fingerprint, _, response = found.value.partition("\n")
        if await self.request.matches(fingerprint):
            raise ReplayResponse(response)
        raise IdempotencyKeyMismatch


class _KeyTaken(Exception):
    """Undoes a unit of work whose key is taken. The fingerprint, slow to verify, is compared after that."""

    def __init__(self, entry: ExpiringEntry) -> None:
        super().__init__()
        self.entry = entry


class InProgressKeys:
    """The keys of the requests in progress in this process. A request of another process waits in the database."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """A context in which the key is in progress.

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
