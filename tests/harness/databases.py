"""The databases that one worker gives to its tests, one after the other."""

from itertools import count

from conformance import Target
from conformance.defaults import settings_for
from core.plugins import Registry
from tests.harness.kind import Rewind
from tests.harness.server import Server


class Databases(Target):
    """Databases on one server, under names that begin with ``prefix``."""

    def __init__(self, server: Server, registry: Registry, prefix: str) -> None:
        self.name = server.name
        self.server = server
        self._registry = registry
        self._names = (f"{prefix}_{number}" for number in count())
        self._made: list[str] = []
        self._kept: tuple[str, Rewind] | None = None

    async def blank(self) -> str:
        """The URL of a new database with nothing in it, not even a schema."""
        url = await self.server.kind.create(self.server.url, next(self._names))
        self._made.append(url)
        return url

    async def fresh(self) -> str:
        """As ``Target.fresh``; the same database again where the server knows how to bring it back."""
        if self._kept is not None:
            url, rewind = self._kept
            await rewind()
            return url
        url = await self.blank()
        settings = settings_for(url)
        await self._registry.choose(settings).migrations(settings).up()
        rewind_later = await self.server.kind.mark(url)
        self._kept = (url, rewind_later) if rewind_later else None
        return url

    async def close(self) -> None:
        """Drop them all."""
        self._kept = None
        while self._made:
            await self.server.kind.drop(self._made.pop())
