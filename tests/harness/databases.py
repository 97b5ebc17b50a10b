"""The databases that one worker uses for its tests, one after the other."""

from itertools import count

from typing_extensions import override

from conformance import Target
from conformance.defaults import settings_for
from core.plugins import Registry
from tests.harness.kind import Restore
from tests.harness.server import Server


class Databases(Target):
    """Databases on one server, with names that begin with ``prefix``."""

    def __init__(self, server: Server, registry: Registry, prefix: str) -> None:
        self.name = server.name
        self.server = server
        self._registry = registry
        self._names = (f"{prefix}_{number}" for number in count())
        self._created: list[str] = []
        self._restorable: tuple[str, Restore] | None = None

    @override
    async def blank(self) -> str:
        url = await self.server.kind.create(self.server.url, next(self._names))
        self._created.append(url)
        return url

    @override
    async def fresh(self) -> str:
        """As ``Target.fresh``; the same database again where its kind can restore it."""
        if self._restorable is not None:
            url, restore = self._restorable
            await restore()
            return url
        url = await self.blank()
        settings = settings_for(url)
        await self._registry.choose(settings).migrations(settings).up()
        snapshot = await self.server.kind.take_snapshot(url)
        client_url = await self.server.kind.add_client(url)
        self._restorable = (client_url, snapshot) if snapshot else None
        return client_url

    @override
    async def close(self) -> None:
        self._restorable = None
        while self._created:
            await self.server.kind.drop(self._created.pop())
