"""The databases that one worker gives to its tests, one after the other."""

from core.plugins import Registry
from tests.harness.kind import Rewind
from tests.harness.server import Server, settings_for


class Databases:
    """Databases on one server, under names that begin with ``prefix``."""

    def __init__(self, server: Server, registry: Registry, prefix: str) -> None:
        self._server = server
        self._registry = registry
        self._prefix = prefix
        self._made: list[str] = []
        self._kept: tuple[str, Rewind] | None = None

    async def blank(self) -> str:
        """The URL of a new database with nothing in it, not even a schema."""
        url = await self._server.kind.create(self._server.url, f"{self._prefix}_{len(self._made)}")
        self._made.append(url)
        return url

    async def fresh(self) -> str:
        """The URL of a migrated database without data, whose first ids will be 1. Ends the use of the one before it."""
        if self._kept is not None:
            url, rewind = self._kept
            await rewind()
            return url
        url = await self.blank()
        settings = settings_for(url)
        await self._registry.choose(settings).migrations(settings).up()
        rewind_later = await self._server.kind.mark(url)
        self._kept = (url, rewind_later) if rewind_later else None
        return url

    async def close(self) -> None:
        """Drop them all."""
        for url in self._made:
            await self._server.kind.drop(url)
