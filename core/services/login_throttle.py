"""Limits failed log-ins per name and per address. The counters are stored, so all processes share them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.errors import TooManyAttempts
from core.services.expiring import entry_key
from core.settings import Settings
from core.storage import Storage, Transaction

_PER_ADDRESS = 10
"""How many times as often an address may fail as a name: users behind one router share an address."""


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """The failed attempts of one address at one name.

    Attributes:
        name: key of the counter of the name.
        address: key of the counter of the address.
        limit: how many failures of the name are allowed in the window.
        seconds: length of the window, from the first failure on.
    """

    name: str
    address: str
    limit: int
    seconds: int

    @classmethod
    def of(cls, settings: Settings, kind: str, name: str, address: str) -> "LoginThrottle":
        """The attempts at a name of some kind from an address."""
        keys = (
            entry_key(EntryKind.ATTEMPT_COUNTER, kind, name),
            entry_key(EntryKind.ATTEMPT_COUNTER, "address", address),
        )
        return cls(*keys, settings.login_attempts, settings.login_window_seconds)

    async def check(self, storage: Storage) -> None:
        """Raise TooManyAttempts at the limit. This only saves work: the end of the attempt checks again."""
        now = clock.now()
        for key, limit in self._limits():
            _require(await storage.expiring.get(key, now), limit, now)

    async def record_failure(self, tx: Transaction) -> None:
        """Count a failed attempt.

        Raises:
            TooManyAttempts: the limit was reached before, so the result of this attempt must not show.
        """
        now = clock.now()
        expiry = now + timedelta(seconds=self.seconds)
        for key, limit in sorted(self._limits()):
            first = ExpiringEntry(key=key, kind=EntryKind.ATTEMPT_COUNTER, value="1", expires_at=expiry)
            found = await tx.expiring.insert_or_lock(first, now)
            if found is not None:
                _require(found, limit, now)
                await tx.expiring.save(replace(found, value=str(int(found.value) + 1)))

    async def record_success(self, tx: Transaction) -> None:
        """Reset the counter of the name.

        Raises:
            TooManyAttempts: the limit was reached before, so the result of this attempt must not show.
        """
        now = clock.now()
        _require(await tx.expiring.lock(self.name, now), self.limit, now)
        _require(await tx.expiring.get(self.address, now), self.limit * _PER_ADDRESS, now)
        await tx.expiring.delete(self.name)

    def _limits(self) -> list[tuple[str, int]]:
        return [(self.name, self.limit), (self.address, self.limit * _PER_ADDRESS)]


def _require(found: ExpiringEntry | None, limit: int, now: datetime) -> None:
    if found is not None and int(found.value) >= limit:
        raise TooManyAttempts(max(1, ceil((found.expires_at - now).total_seconds())))
