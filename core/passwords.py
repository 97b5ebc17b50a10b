"""Password hashing: argon2id through argon2-cffi, the well-kept binding to the reference code."""

import secrets

import argon2
from anyio import CapacityLimiter, to_thread

from core.settings import Settings

_MAX_CONCURRENT = 2


class PasswordHasher:
    """Hashes off the event loop, ``_MAX_CONCURRENT`` at a time: a hash fills tens of MiB and a core."""

    def __init__(self, settings: Settings) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_cost,
            parallelism=settings.argon2_parallelism,
            type=argon2.Type.ID,
        )
        self._limiter = CapacityLimiter(_MAX_CONCURRENT)
        self._dummy_hash: str | None = None

    async def hash(self, password: str) -> str:
        """The argon2id hash of a password, salted anew, in the PHC string format."""
        return await to_thread.run_sync(self._argon2.hash, password, limiter=self._limiter)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; False, after the same work as always, where there is no hash."""
        dummy = await self._get_dummy_hash()  # before it is known whether it is needed: the first call makes it
        verified = await self._verify(password_hash or dummy, password)
        return verified and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of the settings."""
        return self._argon2.check_needs_rehash(password_hash)

    async def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return await to_thread.run_sync(self._argon2.verify, password_hash, password, limiter=self._limiter)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _get_dummy_hash(self) -> str:
        """A hash of a random password with the current parameters; computed once."""
        if self._dummy_hash is None:
            self._dummy_hash = await self.hash(secrets.token_urlsafe())
        return self._dummy_hash
