"""An event loop with a virtual clock, which advances only while all tasks wait: long waits are instant and exact."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from compare import loops

T = TypeVar("T")

ITERATION_SECONDS = 1e-5
"""That one iteration of the loop takes."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += max(ITERATION_SECONDS, timeout or 0)
        return super().select(0)


class VirtualClock:
    """Runs coroutines in virtual time, which ``compare.loops`` also uses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._selector = _Selector()
        monkeypatch.setattr(loops, "perf_counter", self)

    def __call__(self) -> float:
        return self._selector.now

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``."""
        loop = asyncio.SelectorEventLoop(self._selector)
        loop.time = self  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work)
