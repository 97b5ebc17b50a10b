"""A transaction that is none: of such pieces are made the units of work that are wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.kit.broken.defect import Defect


class Apart:
    """A repository each of whose calls is a unit of work of its own, seen by everybody at once."""

    def __init__(self, defect: Defect, name: str) -> None:
        self.defect = defect
        self.name = name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def call(*arguments: Any) -> Any:
            await asyncio.sleep(0)
            return await self.defect.storage.run(lambda tx: getattr(getattr(tx, self.name), method)(*arguments))

        return call


class Pieces:
    """Such repositories; ``special`` ones differ from the plain ones."""

    def __init__(self, defect: Defect, special: Mapping[str, type[Apart]]) -> None:
        self.defect = defect
        self.special = special

    def __getattr__(self, name: str) -> Any:
        return self.special.get(name, Apart)(self.defect, name)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Nothing to go back to."""
        yield
