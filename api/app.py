"""The application: one function that makes it, one lifespan that owns everything it holds open."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import logs, problems
from api.document import StockroomAPI
from api.observation import Observation
from api.routers import accounts, categories, notifications, orders, posts, products, service, tags, users
from api.routes import HeadAsGet, MethodTable, TrailingSlash
from core import plugins
from core.errors import ConfigurationError
from core.passwords import PasswordHasher
from core.plugins import Registry
from core.settings import Settings, load
from core.storage import Backend, Migrations, Storage

_ROUTERS = (service, users, categories, products, orders, posts, tags, accounts, notifications)


def create_app(settings: Settings | None = None, *, registry: Registry | None = None) -> FastAPI:
    """The API over the storage that the settings name.

    Nothing is opened before the lifespan starts, and everything is closed when it ends.

    Args:
        settings: from the environment where left out.
        registry: the backends to choose from; those of the installed plugins where left out.

    Raises:
        ConfigurationError: a setting is wrong. When starting: no backend fits, or the storage's schema is not current.
    """
    chosen = settings or load()
    app = StockroomAPI(
        title=chosen.app_name,
        version=version("stockroom"),
        summary="One commerce API, any database.",
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = chosen
    app.state.registry = registry
    app.state.hasher = PasswordHasher(chosen)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.add_docs()
    app.state.methods = MethodTable(app.routes)
    problems.install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(TrailingSlash)
    app.add_middleware(Observation, log=logs.access_log(chosen.debug))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    chosen: Settings = app.state.settings
    backend = (app.state.registry or plugins.discover()).choose(chosen)
    migrations = backend.migrations(chosen)
    app.state.backend = backend
    app.state.head = _head(migrations)
    with logs.standard_logs(chosen.debug):
        app.state.storage = storage = await backend.open(chosen)
        try:
            await _require_schema(backend, storage, migrations)
            yield
        finally:
            await storage.close()


def _head(migrations: Migrations) -> str | None:
    history = migrations.history()
    return history[-1].id if history else None


async def _require_schema(backend: Backend, storage: Storage, migrations: Migrations) -> None:
    """Where the schema is not current: migrate an embedded storage, refuse to serve from any other."""
    head, revision = _head(migrations), await storage.schema_revision()
    if revision == head:
        return
    if backend.capabilities.embedded:
        await migrations.up()
        return
    if revision is not None and revision not in _ids(migrations):
        raise ConfigurationError(
            f"The database is at schema revision {revision}, which this version of Stockroom does not know. "
            "Install the version that made it."
        )
    raise ConfigurationError(
        f"The database is at schema revision {revision or 'none'}; this version of Stockroom needs {head}. "
        "Run: stockroom migrate up"
    )


def _ids(migrations: Migrations) -> Iterable[str]:
    return [revision.id for revision in migrations.history()]
