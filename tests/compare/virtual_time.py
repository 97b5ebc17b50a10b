"""An event loop whose time passes only while everybody waits: waits of minutes take no time, and are exact."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from compare import loops

T = TypeVar("T")

PASS = 1e-5
"""Seconds that one pass through the loop takes."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += max(PASS, timeout or 0)
        return super().select(0)


class Clock:
    """Runs coroutines in virtual time, which is also that of ``compare.loops``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._selector = _Selector()
        monkeypatch.setattr(loops, "perf_counter", self)

    def __call__(self) -> float:
        return self._selector.now

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns."""
        loop = asyncio.SelectorEventLoop(self._selector)
        loop.time = self  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work)
