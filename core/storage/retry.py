"""Re-running a whole unit of work after a transient conflict: bounded, with jitter."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from core.errors import RetriesExhausted, TransientConflict
from core.storage.observer import Observer, current

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a unit of work is tried again.

    Attributes:
        attempts: runs at most, the first included.
        initial_backoff: seconds; the longest wait before the second run. Doubles with each further run.
        max_backoff: seconds; no single wait is longer.
        deadline: seconds after which no further run begins.
    """

    attempts: int = 12
    initial_backoff: float = 0.01
    max_backoff: float = 0.5
    deadline: float = 15.0


async def run_with_retry(
    attempt: Callable[[], Awaitable[T]], policy: RetryPolicy, observer: Observer | None = None
) -> T:
    """The outcome of the first ``attempt`` that ends without ``TransientConflict``.

    Waits are drawn evenly from zero to a bound that doubles ("full jitter"), so that units of work that collided
    do not collide again. The observer, by default that of the task, is called for every run.

    Raises:
        RetriesExhausted: attempts or time ran out.
    """
    started, observer = time.monotonic(), observer or current()
    for number in range(policy.attempts):
        try:
            with observer.attempt(number + 1):
                return await attempt()
        except TransientConflict as conflict:
            last = conflict
        if time.monotonic() - started > policy.deadline:
            break
        if number + 1 < policy.attempts:
            await asyncio.sleep(random.uniform(0, min(policy.max_backoff, policy.initial_backoff * 2**number)))  # noqa: S311
    observer.retries_exhausted()
    raise RetriesExhausted from last
