"""A transaction that is none: every call commits at once. Wrong units of work are made of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.kit.broken.defect import Defect


class AutocommitRepository:
    """A repository each of whose calls is a unit of work of its own."""

    def __init__(self, defect: Defect, name: str) -> None:
        self.defect = defect
        self.name = name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def call(*arguments: Any) -> Any:
            await asyncio.sleep(0)
            return await self.defect.storage.run(lambda tx: getattr(getattr(tx, self.name), method)(*arguments))

        return call


class AutocommitTransaction:
    """A transaction of such repositories; ``special`` ones replace those of the same name."""

    def __init__(self, defect: Defect, special: Mapping[str, type[AutocommitRepository]]) -> None:
        self.defect = defect
        self.special = special

    def __getattr__(self, name: str) -> Any:
        return self.special.get(name, AutocommitRepository)(self.defect, name)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A savepoint that never rolls back."""
        yield
