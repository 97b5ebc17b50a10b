"""Waiting for somebody else, but not for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

FAREWELL = 1.0
"""Seconds that whoever is cancelled, because time was up, has to clear up before it is cancelled again."""

_GLANCE = 0.05
"""Seconds between two looks at who is waiting: a limit is kept to within that."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Wait:
    """A task that waits.

    Attributes:
        task: who.
        end: until when, by the monotonic clock.
        cancelled_before: how often others have cancelled the task before.
        is_over: time was up, and the task has been cancelled for it.
    """

    task: asyncio.Task[object]
    end: float
    cancelled_before: int
    is_over: bool = False

    def is_why(self) -> bool:
        """Whether the task is cancelled for this alone."""
        return self.is_over and self.task.cancelling() <= self.cancelled_before + 1


class Watch:
    """Sees to it that no task waits for too long.

    One timer for all who wait, on the event loop that they share: a time-out of asyncio's own for each takes longer
    than SQLite does for a read.
    """

    def __init__(self) -> None:
        self._waits: set[Wait] = set()
        self._looking_on: asyncio.AbstractEventLoop | None = None

    async def limited(self, seconds: float, answer: Awaitable[T], refusal: Callable[[], Exception]) -> T:
        """What is awaited. It is cancelled when that takes longer, and again where it does not heed that.

        Raises:
            Exception: time was up; what ``refusal`` makes.
        """
        wait = self.begin(seconds)
        try:
            return await answer
        except asyncio.CancelledError:
            if not wait.is_why():
                raise
            raise refusal() from None
        finally:
            self.end(wait)

    def begin(self, seconds: float) -> Wait:
        """The task is cancelled unless it comes to ``end`` within that time."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - somebody waits
        wait = Wait(task, monotonic() + seconds, task.cancelling())
        self._waits.add(wait)
        if self._looking_on is not loop:  # nobody waited just now, or a loop was closed before its timer was due
            self._look_later(loop)
        return wait

    def end(self, wait: Wait) -> None:
        """Always called after ``begin``."""
        self._waits.discard(wait)
        if wait.is_over:
            wait.task.uncancel()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking_on = loop
        loop.call_later(_GLANCE, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for wait in self._waits:
            if now >= wait.end:
                wait.end = now + FAREWELL
                if wait.is_over:
                    wait.task.uncancel()
                wait.is_over = True
                wait.task.cancel()
        if self._waits:
            self._look_later(loop)
        else:
            self._looking_on = None
