"""How often something has failed of late, per name and per address, in tickets: so all processes count together."""

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
"""How many times as often an address may fail as a name: people behind one router share it."""


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """The attempts of one address at one name.

    Attributes:
        name: key of the count of the name.
        address: key of the count of the address.
        limit: how often the name may fail before nobody is let try again.
        seconds: how long after the first failure that is forgotten.
    """

    name: str
    address: str
    limit: int
    seconds: int

    @classmethod
    def of(cls, settings: Settings, kind: str, name: str, address: str) -> "LoginThrottle":
        """Those at a name of some kind, by who comes from an address."""
        keys = (
            entry_key(EntryKind.ATTEMPT_COUNTER, kind, name),
            entry_key(EntryKind.ATTEMPT_COUNTER, "address", address),
        )
        return cls(*keys, settings.login_attempts, settings.login_window_seconds)

    async def check(self, storage: Storage) -> None:
        """Raise TooManyAttempts where there were enough. Only saves work: what ends the attempt asks again."""
        now = clock.now()
        for key, limit in self._limits():
            _require(await storage.expiring.get(key, now), limit, now)

    async def record_failure(self, tx: Transaction) -> None:
        """Count one that failed.

        Raises:
            TooManyAttempts: there had been enough already, so nobody may learn that this one failed.
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
        """Forget those at the name.

        Raises:
            TooManyAttempts: there had been enough already, so nobody may learn that this one did not fail.
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
