"""The database servers of a run, and why others are absent."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from conformance.defaults import settings_for
from core.plugins import Registry
from tests.harness.kind import Absent, DatabaseKind
from tests.harness.mariadb import MariaDB
from tests.harness.mongodb import MongoDB
from tests.harness.mongomock import Mongomock
from tests.harness.mysql import MySQL
from tests.harness.postgresql import PostgreSQL
from tests.harness.run_directory import RunDirectory
from tests.harness.sqlite import SQLite

KINDS: dict[str, DatabaseKind] = {
    kind.name: kind for kind in (SQLite(), PostgreSQL(), MySQL(), MariaDB(), MongoDB(), Mongomock())
}


@dataclass(frozen=True, slots=True)
class Server:
    """A database that answers, as plain data that can be passed to worker processes.

    Attributes:
        name: of its kind, and in the ids of tests.
        url: where databases can be created.
        origin: ``embedded``, ``environment``, or what was started.
        product: name and version, as the opened storage reports them.
    """

    name: str
    url: str
    origin: str
    product: str

    @property
    def kind(self) -> DatabaseKind:
        """How the harness uses it."""
        return KINDS[self.name]


@dataclass(frozen=True, slots=True)
class AvailableServers:
    """What a run can test on.

    Attributes:
        run: prefix of the names of this run's databases, so that runs can share a server.
        servers: those that answer, in a fixed order.
        absent: the reason for each that is selected and does not answer.
    """

    run: str
    servers: tuple[Server, ...]
    absent: dict[str, str]

    def pack(self) -> dict[str, Any]:
        """As built-in types."""
        return asdict(self)

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> "AvailableServers":
        """The inverse of ``pack``."""
        return cls(**{**packed, "servers": tuple(Server(**server) for server in packed["servers"])})


async def obtain_servers(names: Iterable[str], registry: Registry, run_directory: RunDirectory) -> AvailableServers:
    """Find or start, concurrently, the selected databases for which a backend is installed."""
    run = f"stockroom_test_{secrets.token_hex(4)}"
    selected = [KINDS[name] for name in KINDS if name in set(names)]
    found = await asyncio.gather(*(_obtain_server(kind, registry, run_directory, run) for kind in selected))
    absent = {kind.name: reason for kind, reason in zip(selected, found, strict=True) if isinstance(reason, str)}
    servers = tuple(server for server in found if isinstance(server, Server))
    return AvailableServers(run, servers, absent)


async def _obtain_server(kind: DatabaseKind, registry: Registry, run_directory: RunDirectory, run: str) -> Server | str:
    if kind.name not in registry.by_scheme:
        return f"no installed backend answers to {kind.name}://"
    try:
        address = await kind.obtain(run_directory)
        url = await kind.create(address.url, f"{run}_probe")
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        product = storage.server
        await storage.close()
        await kind.drop(url)
    except Absent as reason:
        return str(reason)
    except Exception as error:  # of any driver or backend: a database that does not work is absent
        return f"it does not work: {type(error).__name__}: {error}"
    return Server(kind.name, address.url, address.origin, product)
