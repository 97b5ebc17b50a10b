"""The service itself: its name, health and metrics."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from fastapi import Request, Response

from api.auth.permissions import OPERATORS, PUBLIC
from api.dependencies import BackendDep, HeadDep, SettingsDep, StorageDep, WriteCheckDep
from api.metrics import Metrics
from api.middleware.root_path import root_path_of
from api.routing import Router
from core.errors import Unavailable
from core.storage import PoolStatus

router = Router("service", prefix="")

_STRESSED_AT = 0.8  # share of the connections in use


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Name and version of the service, and the path of its documentation."""

    name: str
    version: str
    docs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Connections of this process to the database."""

    pool_size: int
    connections_in_use: int
    connections_available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The service works and its database answers."""

    status: Literal["healthy"] = "healthy"
    database: Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseHealth(Pool):
    """The database and the connections to it; ``stressed`` once four fifths of them are in use.

    ``checked_out`` and ``connections_in_use`` are the same. ``checked_in`` are open and idle, ``total_connections`` are
    both, and ``overflow`` are those of them above ``pool_size``.
    """

    status: Literal["healthy", "stressed"]
    backend: str
    server: str
    max_overflow: int
    checked_in: int
    checked_out: int
    overflow: int
    total_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The process runs."""

    status: Literal["alive"] = "alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Requests can be served."""

    status: Literal["ready"] = "ready"
    schema_revision: str | None


@router.get("/", permission=PUBLIC)
async def get_service(settings: SettingsDep, request: Request) -> Service:
    """Get name, version and documentation of the service."""
    docs = f"{root_path_of(request.scope)}/docs"
    return Service(name=settings.app_name, version=version("stockroom"), docs=docs)


@router.get("/health", permission=OPERATORS)
async def get_health(storage: StorageDep) -> Health:
    """Check that the database answers."""
    await storage.ping()
    return Health(database=_pool(storage.pool_status()))


def _pool(status: PoolStatus) -> Pool:
    return Pool(
        pool_size=status.pool_size,
        connections_in_use=status.connections_in_use,
        connections_available=status.connections_available,
    )


@router.get("/health/db", permission=OPERATORS)
async def get_database_health(storage: StorageDep, backend: BackendDep) -> DatabaseHealth:
    """Get the connection pool in detail."""
    limit = storage.pool_status().pool_size + storage.pool_status().max_overflow
    if not limit or storage.pool_status().connections_available:  # a ping would have to wait for one
        await storage.ping()
    status = storage.pool_status()
    stressed = 0 < _STRESSED_AT * limit <= status.connections_in_use
    return DatabaseHealth(
        status="stressed" if stressed else "healthy",
        backend=backend.name,
        server=storage.server,
        pool_size=status.pool_size,
        max_overflow=status.max_overflow,
        connections_in_use=status.connections_in_use,
        connections_available=status.connections_available,
        checked_in=status.connections_idle,
        checked_out=status.connections_in_use,
        overflow=max(0, status.connections_open - status.pool_size),
        total_connections=status.connections_open,
    )


@router.get("/livez", permission=PUBLIC)
async def get_liveness() -> Alive:
    """Check that the process runs, without asking the database."""
    return Alive()


@router.get("/readyz", permission=PUBLIC)
async def get_readiness(storage: StorageDep, head: HeadDep, write_check: WriteCheckDep) -> Ready:
    """Check that requests can be served: the database answers, takes writes, and its schema is current."""
    await storage.ping()
    await write_check.require()
    revision = await storage.schema_revision()
    if revision != head:
        raise Unavailable(f"The schema is at revision {revision or 'none'}; {head} is needed.")
    return Ready(schema_revision=revision)


@router.get("/metrics", permission=OPERATORS, include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Get the metrics of this process in the format of Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return metrics.render(request.headers.get("accept", ""))
