"""The application: one function that makes it, one lifespan that owns everything it holds open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import logs, problems
from api.admission import Admission
from api.document import StockroomAPI
from api.observation import HEADER, Observation
from api.routers import accounts, categories, notifications, orders, posts, products, service, tags, users
from api.routes import HeadAsGet, Index, MethodTable, TrailingSlash
from core import plugins
from core.opening import opened
from core.passwords import PasswordHasher
from core.plugins import Registry
from core.settings import Settings, load

_CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": ["Content-Type", "If-Match", "If-None-Match", HEADER],
    "expose_headers": ["ETag", "Retry-After", HEADER],
}
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
    )
    app.state.settings = chosen
    app.state.registry = registry
    app.state.hasher = PasswordHasher(chosen)
    for module in _ROUTERS:  # not included, which would try every template of every router for each request
        app.router.routes.extend(module.router.routes)
    app.add_docs()
    app.state.methods = MethodTable(app.routes)
    app.router.routes.insert(0, Index(app.routes))
    problems.install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(TrailingSlash)
    if chosen.origins:
        app.add_middleware(CORSMiddleware, allow_origins=chosen.origins, **_CORS)
    app.add_middleware(Observation, admission=Admission(chosen), log=logs.access_log(chosen.debug))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    chosen: Settings = app.state.settings
    backend = (app.state.registry or plugins.discover()).choose(chosen)
    with logs.standard_logs(chosen.debug):
        async with opened(backend, chosen) as shop:
            app.state.backend, app.state.storage, app.state.head = shop.backend, shop.storage, shop.head
            yield
