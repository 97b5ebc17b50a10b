"""A database server of a test's own, which it may end and start again."""

from dataclasses import replace
from itertools import count

from conformance.defaults import settings_for
from conformance.processes.process import Process
from core.plugins import Registry
from tests.harness.kind import Installation, ServerKind
from tests.harness.run_directory import RunDirectory


class OwnServer:
    """A server with its data, on one port for as long as its site stands."""

    def __init__(self, kind: ServerKind, install: Installation, site: RunDirectory) -> None:
        self._kind = kind
        self._install = install
        self._site = site
        self._process: Process | None = None
        self._names = (f"stockroom_own_{number}" for number in count())

    @classmethod
    async def set_up(cls, kind: ServerKind, site: RunDirectory, name: str = "", *options: str) -> "OwnServer":
        """A new one, not yet started, with further options. Several on one site have names.

        Raises:
            Absent: its program is nowhere.
        """
        return cls(kind, replace(await kind.install(site, name), options=options), site)

    async def start(self) -> None:
        """Start it, unless it runs; it answers when this returns."""
        if self._process is None:
            self._process = await self._kind.start(self._install, self._site, self._kind.graceful_signal)

    def stop(self) -> None:
        """End it in good order, so that it keeps what it has committed."""
        if self._process is not None:
            self._process.stop(timeout=60)
            self._process = None

    async def restart(self) -> None:
        """Both."""
        self.stop()
        await self.start()

    async def database(self, registry: Registry) -> str:
        """The URL of a new database, migrated and empty."""
        url = await self._kind.create(self._kind.url(self._install.port), next(self._names))
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url
