"""Storages that run a hook just before each commit, or just after it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import FastAPI

from core.storage import Storage, Transaction

T = TypeVar("T")

Hook = Callable[[], Awaitable[None]]


async def do_nothing() -> None:
    """The hook that changes nothing."""


class InterruptedStorage:
    """A storage that awaits a hook before each commit, and another one after it; either may raise."""

    def __init__(self, storage: Storage, before: Hook, after: Hook) -> None:
        self._storage = storage
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """As ``Storage.run``, with the hooks."""

        async def hooked(tx: Transaction) -> T:
            result = await work(tx)
            await self._before()
            return result

        result = await self._storage.run(hooked)
        await self._after()
        return result


@contextmanager
def interrupted(app: FastAPI, before: Hook = do_nothing, after: Hook = do_nothing) -> Iterator[None]:
    """Within the context, the application's storage runs these hooks."""
    storage = app.state.storage
    app.state.storage = InterruptedStorage(storage, before, after)
    try:
        yield
    finally:
        app.state.storage = storage
