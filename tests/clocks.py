"""Clocks under the control of a test: one that is set by hand, and one that drives an event loop."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

ITERATION_SECONDS = 1e-5
"""Virtual time that one iteration of the loop takes."""


class SetClock:
    """A clock that stands still until the test changes ``now``. Replaces ``monotonic`` in the module under test.

    Attributes:
        now: seconds.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._was_read = asyncio.Event()

    def __call__(self) -> float:
        self._was_read.set()
        return self.now

    async def next_reading(self) -> None:
        """Return once the clock has been read again: a deadline was set, or compared with the time."""
        self._was_read.clear()
        await self._was_read.wait()


class VirtualClock:
    """The clock of an event loop. Time advances only while all tasks wait, so long waits are instant and exact."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, in a new event loop."""
        loop = asyncio.SelectorEventLoop(_VirtualSelector(self))
        loop.time = self  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work)


class _VirtualSelector(selectors.DefaultSelector):
    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        self._clock.now += max(ITERATION_SECONDS, timeout or 0)
        return super().select(0)
