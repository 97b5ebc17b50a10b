"""The databases of a run: which there are, which are not and why, and what each says it is."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from conformance.defaults import settings_for
from core.plugins import Registry
from tests.harness.kind import Absent, Kind
from tests.harness.mariadb import MariaDB
from tests.harness.mongodb import MongoDB
from tests.harness.mongomock import Mongomock
from tests.harness.mysql import MySQL
from tests.harness.postgresql import PostgreSQL
from tests.harness.site import Site
from tests.harness.sqlite import SQLite

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (SQLite(), PostgreSQL(), MySQL(), MariaDB(), MongoDB(), Mongomock())
}


@dataclass(frozen=True, slots=True)
class Server:
    """A database that answers, as plain data that can be handed to worker processes.

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
    def kind(self) -> Kind:
        """What the harness knows about it."""
        return KINDS[self.name]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a run can test on.

    Attributes:
        run: distinguishes this run's databases from those of others on the same server.
        servers: those that answer, in a fixed order.
        absent: for each that was asked for and does not answer, why.
    """

    run: str
    servers: tuple[Server, ...]
    absent: dict[str, str]

    def pack(self) -> dict[str, Any]:
        """As built-in types."""
        return asdict(self)

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> "Offer":
        """The inverse of ``pack``."""
        return cls(**{**packed, "servers": tuple(Server(**server) for server in packed["servers"])})


async def obtain(names: Iterable[str], registry: Registry, site: Site) -> Offer:
    """Find or start, all at once, the databases that are selected and that the shop has a backend for."""
    run = f"stockroom_test_{secrets.token_hex(4)}"
    selected = [KINDS[name] for name in KINDS if name in set(names)]
    found = await asyncio.gather(*(_one(kind, registry, site, run) for kind in selected))
    absent = {kind.name: outcome for kind, outcome in zip(selected, found, strict=True) if isinstance(outcome, str)}
    servers = tuple(outcome for outcome in found if isinstance(outcome, Server))
    return Offer(run, servers, absent)


async def _one(kind: Kind, registry: Registry, site: Site, run: str) -> Server | str:
    if kind.name not in registry.by_scheme:
        return f"no installed backend answers to {kind.name}://"
    try:
        address = await kind.obtain(site)
        url = await kind.create(address.url, f"{run}_probe")
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        product = storage.server
        await storage.close()
        await kind.drop(url)
    except Absent as reason:
        return str(reason)
    except Exception as error:  # whatever a driver or a backend says: a database that does not work is absent
        return f"it does not work: {type(error).__name__}: {error}"
    return Server(kind.name, address.url, address.origin, product)
