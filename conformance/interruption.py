"""Storages whose units of work meet with something, just before the commit or just after it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import FastAPI

from core.storage import Storage, Transaction

T = TypeVar("T")

Event = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """What usually happens."""


class Interrupted:
    """A storage that waits for an event before each commit, and for another one after it; either may raise."""

    def __init__(self, storage: Storage, before: Event, after: Event) -> None:
        self._storage = storage
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See ``Storage.run``."""

        async def delayed(tx: Transaction) -> T:
            outcome = await work(tx)
            await self._before()
            return outcome

        outcome = await self._storage.run(delayed)
        await self._after()
        return outcome


@contextmanager
def interrupted(app: FastAPI, before: Event = nothing, after: Event = nothing) -> Iterator[None]:
    """While it lasts, the application's storage is such a one."""
    storage = app.state.storage
    app.state.storage = Interrupted(storage, before, after)
    try:
        yield
    finally:
        app.state.storage = storage
