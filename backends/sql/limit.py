"""How long a database is waited for."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from core.errors import Unavailable

FAREWELL = 1.0
"""Seconds that a driver has to take its leave of a server that did not answer."""

_GLANCE = 0.05
"""Seconds between two looks at what is being waited for: a limit is kept to within that."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Wait:
    """A task that waits, until when, and whether time was up."""

    task: asyncio.Task[object]
    end: float
    cancelled_before: int
    is_over: bool = False


class Watch:
    """Sees to it that no task waits for a database for too long.

    One timer for all who wait: a time-out of asyncio's for each statement takes longer than SQLite does for a read.
    """

    def __init__(self) -> None:
        self._waits: set[_Wait] = set()
        self._is_looking = False

    async def limited(self, seconds: float, answer: Awaitable[T], refusal: type[Unavailable] = Unavailable) -> T:
        """What is awaited, unless that takes longer; SQLAlchemy then throws the connection away.

        A driver that is cancelled tells the server so, and may wait for that as well: it is cancelled again after
        ``FAREWELL``.

        Raises:
            Unavailable: time was up; it is a ``refusal``.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - somebody awaits this
        wait = _Wait(task, monotonic() + seconds, task.cancelling())
        self._waits.add(wait)
        if not self._is_looking:
            self._look_again()
        try:
            return await answer
        except asyncio.CancelledError:
            if not wait.is_over or task.cancelling() > wait.cancelled_before + 1:
                raise  # others have cancelled it too
            logger.warning("%s: waited for %g s", refusal.__name__, seconds)
            raise refusal from None
        finally:
            self._waits.discard(wait)
            if wait.is_over:
                task.uncancel()

    def _look_again(self) -> None:
        self._is_looking = True
        asyncio.get_running_loop().call_later(_GLANCE, self._look)

    def _look(self) -> None:
        now = monotonic()
        for wait in self._waits:
            if now >= wait.end:
                wait.end = now + FAREWELL
                if wait.is_over:
                    wait.task.uncancel()
                wait.is_over = True
                wait.task.cancel()
        self._is_looking = False
        if self._waits:
            self._look_again()
