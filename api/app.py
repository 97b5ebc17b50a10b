"""The application: one function that makes it, one lifespan that owns everything it holds open."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware

from api import logs, problems
from api.admission import Admission
from api.document import StockroomAPI
from api.idempotency import HEADER as KEY
from api.idempotency import REPLAYED
from api.metrics import Metrics
from api.observation import HEADER, Observation
from api.routers import accounts, auth, categories, notifications, orders, posts, products, service, tags, users
from api.routes import HeadAsGet, Index, MethodTable, TrailingSlash
from core import plugins
from core.errors import ConfigurationError
from core.passwords import PasswordHasher
from core.plugins import Registry
from core.services.expiring import purge_periodically
from core.services.idempotency import InProgressKeys
from core.services.sessions import Sessions
from core.settings import Auth, Settings, load
from core.startup import open_storage
from core.timeouts import DeadlineTimer
from core.tokens import Tokens

if TYPE_CHECKING:
    from api.tracing import Tracing

_CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": ["Authorization", "Content-Type", "If-Match", "If-None-Match", KEY, HEADER],
    "expose_headers": ["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", REPLAYED, HEADER],
}
_UNOBSERVED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would write queries and the messages of exceptions into spans, and use the library's global providers."""
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
        telemetry=_UNOBSERVED,
    )
    app.state.settings = chosen
    app.state.registry = registry
    app.state.hasher = PasswordHasher(chosen)
    app.state.tokens = Tokens(chosen)
    app.state.sessions = Sessions(chosen, app.state.tokens, app.state.hasher)
    app.state.tracing = None
    app.state.keys_in_use = InProgressKeys()
    app.state.timer = DeadlineTimer()
    routers = (*_ROUTERS, auth) if chosen.auth is Auth.REQUIRED else _ROUTERS
    for module in routers:  # not included, which would try every template of every router for each request
        app.router.routes.extend(module.router.routes)
    app.add_docs()
    app.state.methods = MethodTable(app.routes)
    app.router.routes.insert(0, Index(app.routes))
    problems.install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(TrailingSlash)
    if chosen.origins:
        app.add_middleware(CORSMiddleware, allow_origins=chosen.origins, **_CORS)
    admission = Admission(chosen)
    app.state.metrics = Metrics(lambda: admission.in_progress)
    log = logs.access_log(chosen.debug)
    app.add_middleware(Observation, admission=admission, metrics=app.state.metrics, log=log)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    chosen: Settings = app.state.settings
    backend = (app.state.registry or plugins.discover()).choose(chosen)
    with logs.standard_logs(chosen.debug):
        async with open_storage(backend, chosen) as shop, purge_periodically(shop.storage):
            app.state.backend, app.state.storage, app.state.head = shop.backend, shop.storage, shop.head
            with app.state.metrics.of(backend.name, shop.storage):
                async with _tracing(chosen, backend.name) as app.state.tracing:
                    yield


def _tracing(settings: Settings, backend: str) -> "AbstractAsyncContextManager[Tracing | None]":
    if not settings.tracing:
        return nullcontext()
    try:
        from api.tracing import exported  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError:
        raise ConfigurationError("TRACING needs OpenTelemetry. Run: pip install 'stockroom[tracing]'") from None
    return exported(backend)
