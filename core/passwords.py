"""Password hashing: argon2id through argon2-cffi, the well-kept binding to the reference code."""

import argon2
from anyio import CapacityLimiter, to_thread

from core.settings import Settings

_AT_ONCE = 2


class PasswordHasher:
    """Hashes off the event loop, ``_AT_ONCE`` at a time: a hash fills tens of MiB and a core."""

    def __init__(self, settings: Settings) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_cost,
            parallelism=settings.argon2_parallelism,
            type=argon2.Type.ID,
        )
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The argon2id hash of a password, salted anew, in the PHC string format."""
        return await to_thread.run_sync(self._argon2.hash, password, limiter=self._limiter)
