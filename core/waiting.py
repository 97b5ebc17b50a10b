"""Waiting for somebody else, but not for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias, TypeVar

FAREWELL = 1.0
"""Seconds that whoever is cancelled, because time was up, has to clear up before it is cancelled again."""

_GLANCE = 0.05
"""Seconds between two looks at who is waiting: a limit is kept to within that."""

T = TypeVar("T")

_Task: TypeAlias = "asyncio.Task[object]"


class Watch:
    """Sees to it that no task waits for too long.

    One timer for all who wait, on the event loop that they share: a time-out of asyncio's own for each takes longer
    than SQLite does for a read.
    """

    def __init__(self) -> None:
        self._ends: dict[_Task, float] = {}  # until when, by the monotonic clock
        self._late: dict[_Task, int] = {}  # whose time was up, and how often others had cancelled them before
        self._looking_on: asyncio.AbstractEventLoop | None = None

    async def limited(self, seconds: float, answer: Awaitable[T], refusal: Callable[[], Exception]) -> T:
        """What is awaited. It is cancelled when that takes longer, and again where it does not heed that.

        Raises:
            Exception: time was up; what ``refusal`` makes.
        """
        task = self.begin(seconds)
        try:
            return await answer
        except asyncio.CancelledError:
            if not self.is_why(task):
                raise
            raise refusal() from None
        finally:
            self.end(task)

    def begin(self, seconds: float) -> _Task:
        """Let this task be cancelled unless it comes to ``end`` within that time. It waits for one thing at a time."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - somebody waits
        self._ends[task] = monotonic() + seconds
        if self._looking_on is not loop:  # nobody waited just now, or a loop was closed before its timer was due
            self._look_later(loop)
        return task

    def is_why(self, task: _Task) -> bool:
        """Whether a task is cancelled for this alone, that its time was up."""
        return task in self._late and task.cancelling() <= self._late[task] + 1

    def end(self, task: _Task) -> None:
        """Always called after ``begin``."""
        del self._ends[task]
        if self._late and self._late.pop(task, None) is not None:
            task.uncancel()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking_on = loop
        loop.call_later(_GLANCE, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for task, end in self._ends.items():
            if now >= end:
                self._ends[task] = now + FAREWELL
                if task in self._late:
                    task.uncancel()
                self._late[task] = task.cancelling()
                task.cancel()
        if self._ends:
            self._look_later(loop)
        else:
            self._looking_on = None
