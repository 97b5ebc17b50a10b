"""Waiting for somebody else, but not for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias, TypeVar

CANCEL_GRACE_SECONDS = 1.0
"""Seconds that whoever is cancelled, because time was up, has to clear up before it is cancelled again."""

_TICK_SECONDS = 0.05
"""Seconds between two looks at who is waiting: a limit is kept to within that."""

T = TypeVar("T")

_Task: TypeAlias = "asyncio.Task[object]"


class DeadlineTimer:
    """Sees to it that no task waits for too long.

    One timer for all who wait, on the event loop that they share: a time-out of asyncio's own for each takes longer
    than SQLite does for a read.
    """

    def __init__(self) -> None:
        self._deadlines: dict[_Task, float] = {}  # until when, by the monotonic clock
        self._cancelled: dict[_Task, int] = {}  # whose time was up, and how often others had cancelled them before
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait_for(self, seconds: float, answer: Awaitable[T], refusal: Callable[[], Exception]) -> T:
        """What is awaited. It is cancelled when that takes longer, and again where it does not heed that.

        Raises:
            Exception: time was up; what ``refusal`` makes.
        """
        task = self.start(seconds)
        try:
            return await answer
        except asyncio.CancelledError:
            if not self.is_timed_out(task):
                raise
            raise refusal() from None
        finally:
            self.stop(task)

    def start(self, seconds: float) -> _Task:
        """Let this task be cancelled unless it comes to ``end`` within that time. It waits for one thing at a time."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - somebody waits
        self._deadlines[task] = monotonic() + seconds
        if self._loop is not loop:  # nobody waited just now, or a loop was closed before its timer was due
            self._schedule(loop)
        return task

    def is_timed_out(self, task: _Task) -> bool:
        """Whether a task is cancelled for this alone, that its time was up."""
        return task in self._cancelled and task.cancelling() <= self._cancelled[task] + 1

    def stop(self, task: _Task) -> None:
        """Always called after ``begin``."""
        del self._deadlines[task]
        if self._cancelled and self._cancelled.pop(task, None) is not None:
            task.uncancel()

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_later(_TICK_SECONDS, self._on_tick, loop)

    def _on_tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for task, end in self._deadlines.items():
            if now >= end:
                self._deadlines[task] = now + CANCEL_GRACE_SECONDS
                if task in self._cancelled:
                    task.uncancel()
                self._cancelled[task] = task.cancelling()
                task.cancel()
        if self._deadlines:
            self._schedule(loop)
        else:
            self._loop = None
