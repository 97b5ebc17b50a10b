"""Timeouts: one shared timer cancels tasks at their deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias, TypeVar

CANCEL_GRACE_SECONDS = 1.0
"""Seconds that a task has to end after its timeout, before it is cancelled again."""

_TICK_SECONDS = 0.05
"""Seconds between two checks of the deadlines: the precision of every timeout."""

T = TypeVar("T")

_Task: TypeAlias = "asyncio.Task[object]"


class DeadlineTimer:
    """Cancels tasks at their deadlines.

    One timer for all tasks of an event loop: an asyncio timeout for each statement takes longer than a read on SQLite.
    """

    def __init__(self) -> None:
        self._deadlines: dict[_Task, float] = {}  # until when, by the monotonic clock
        self._cancelled: dict[_Task, int] = {}  # and how often others had cancelled them before
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait_for(self, seconds: float, awaitable: Awaitable[T], make_error: Callable[[], Exception]) -> T:
        """Await ``awaitable`` for at most so many seconds; a task that ignores its cancellation is cancelled again.

        Raises:
            Exception: on timeout; made by ``make_error``.
        """
        task = self.start(seconds)
        try:
            return await awaitable
        except asyncio.CancelledError:
            if not self.is_timed_out(task):
                raise
            raise make_error() from None
        finally:
            self.stop(task)

    def start(self, seconds: float) -> _Task:
        """Cancel this task unless ``stop`` is called within that time. A task has one deadline at a time."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - called from a task
        self._deadlines[task] = monotonic() + seconds
        if self._loop is not loop:  # no timer is pending on this loop
            self._schedule(loop)
        return task

    def is_timed_out(self, task: _Task) -> bool:
        """Whether a task was cancelled by its timeout alone."""
        return task in self._cancelled and task.cancelling() <= self._cancelled[task] + 1

    def stop(self, task: _Task) -> None:
        """Remove the deadline of a task; always called after ``start``."""
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
