"""Doing a thing once: its effect, and the answer to whoever asked for it, are stored in one unit of work under a key.

Whoever asks again with the key gets that answer, also from another process and after a restart, until it expires.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from core import clock
from core.entities import Ticket, TicketKind
from core.errors import AnswerTooLarge, KeyInUse, KeyReused
from core.passwords import PasswordHasher
from core.storage import Storage, Transaction

T = TypeVar("T")

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of a stored answer at most, with the seal of its request."""


class AnsweredBefore(Exception):
    """All that was asked for was done before. No ``StockroomError``: no use case shall take it for a failure.

    Attributes:
        answer: what was stored with it.
    """

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is to be done once.

    Attributes:
        key: of the ticket that holds the answer.
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

    async def seal(self) -> str:
        """What is stored of the request, in one line."""
        return self.digest if self.hasher is None else await self.hasher.hash(self.digest)

    async def matches(self, seal: str) -> bool:
        """Whether a seal is that of this request."""
        return seal == self.digest if self.hasher is None else await self.hasher.verify(seal, self.digest)


class Once:
    """A storage whose first unit of work that succeeds stores, under the key of a demand, what ``render`` makes of it.

    What it does after that is no part of the answer, and passes through; so does whatever only reads.

    Its ``run`` also raises:
        AnsweredBefore: the same demand was met before; nothing is done.
        KeyReused: another demand was met under the key; nothing is done.
        AnswerTooLarge: all is undone.
    """

    def __init__(self, storage: Storage, demand: Demand, render: Callable[[Any], str]) -> None:
        self._storage = storage
        self._demand = demand
        self._render = render
        self._seal: str | None = None
        self._met = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def look(self) -> None:
        """Raise as ``run`` would where the key has an answer: before work that costs much and is not undone."""
        found = await self._storage.tickets.get(self._demand.key, clock.now())
        if found is not None:
            await self._refuse(found)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See ``Storage.run``."""
        if self._met:
            return await self._storage.run(work)
        seal = self._seal = self._seal or await self._demand.seal()
        try:
            outcome = await self._storage.run(lambda tx: self._work(tx, work, seal))
        except _Found as found:
            await self._refuse(found.ticket)
        self._met = True
        return outcome

    async def _work(self, tx: Transaction, work: Callable[[Transaction], Awaitable[T]], seal: str) -> T:
        now, demand = clock.now(), self._demand
        expires_at = now + demand.lifetime
        mine = Ticket(key=demand.key, kind=TicketKind.ANSWER, user_id=demand.user_id, value=seal, expires_at=expires_at)
        found = await tx.tickets.claim(mine, now)
        if found is not None:
            raise _Found(found)
        outcome = await work(tx)
        value = f"{seal}\n{self._render(outcome)}"
        if len(value.encode()) > MAX_ANSWER:
            raise AnswerTooLarge
        await tx.tickets.save(replace(mine, value=value))
        return outcome

    async def _refuse(self, found: Ticket) -> NoReturn:
        seal, _, answer = found.value.partition("\n")
        if await self._demand.matches(seal):
            raise AnsweredBefore(answer)
        raise KeyReused


class _Found(Exception):
    """Undoes a unit of work whose key is taken; the seal is looked at outside of it, for that may take long."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__()
        self.ticket = ticket


class KeysInUse:
    """The keys whose requests this process is busy with. Whoever comes with one from another process waits."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """While it lasts, the key is in use.

        Raises:
            KeyInUse: it is already.
        """
        if key in self._keys:
            raise KeyInUse
        self._keys.add(key)
        try:
            yield
        finally:
            self._keys.discard(key)
