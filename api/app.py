"""The application: one function that creates it, one lifespan that owns everything it holds open."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from api import logs
from api.cursors import Cursors
from api.docs_page import add_docs
from api.metrics import Metrics
from api.middleware.admission import AdmissionControl
from api.middleware.cors import CorsPolicy
from api.middleware.head import HeadMiddleware
from api.middleware.observability import ObservabilityMiddleware
from api.middleware.root_path import RootPathMiddleware
from api.middleware.trailing_slash import TrailingSlashMiddleware
from api.openapi import StockroomAPI
from api.problems import add_exception_handlers
from api.routers import ROUTERS, auth
from api.routing import MethodTable, RouteIndex, permissions_of
from core import plugins
from core.errors import ConfigurationError, Unavailable
from core.passwords import PasswordHasher
from core.plugins import Registry
from core.services.expiring import purge_periodically
from core.services.idempotency import InProgressKeys
from core.services.readiness import WriteCheck
from core.services.sessions import Sessions
from core.services.unpaid_orders import cancel_unpaid_periodically
from core.settings import Auth, Settings, load
from core.startup import open_storage
from core.storage import Storage
from core.timeouts import DeadlineTimer
from core.tokens import Tokens

if TYPE_CHECKING:
    from api.tracing import Tracing

_UNOBSERVED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own telemetry would record queries and messages of exceptions, and use global providers."""


def create_app(settings: Settings | None = None, *, registry: Registry | None = None) -> FastAPI:
    """The API on the storage that the settings name.

    Nothing is opened before the lifespan starts, and everything is closed when it ends.

    Args:
        settings: those of the environment by default.
        registry: the backends to choose from; by default those of the installed plugins.

    Raises:
        ConfigurationError: a setting is wrong. When starting: no backend fits, or the storage's schema is not current.
        TypeError: an endpoint declares no permission.
    """
    chosen = settings or load()
    app = StockroomAPI(
        title=chosen.app_name,
        version=version("stockroom"),
        summary="One commerce API, any database.",
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        telemetry=_UNOBSERVED,
    )
    _set_state(app, chosen, registry)
    _add_routes(app, chosen)
    add_exception_handlers(app)
    _add_middleware(app, chosen)
    return app


def _set_state(app: FastAPI, settings: Settings, registry: Registry | None) -> None:
    app.state.settings = settings
    app.state.registry = registry
    app.state.hasher = PasswordHasher(settings)
    app.state.tokens = Tokens(settings)
    app.state.cursors = Cursors(settings)
    app.state.sessions = Sessions(settings, app.state.tokens, app.state.hasher)
    app.state.tracing = None
    app.state.in_progress_keys = InProgressKeys()
    app.state.timer = DeadlineTimer()


def _add_routes(app: FastAPI, settings: Settings) -> None:
    for router in ROUTERS:
        if router is not auth.router or settings.auth is Auth.REQUIRED:
            app.router.routes.extend(router.routes)  # not included, which would match every template for each request
    add_docs(app)
    undeclared = [name for name, permission in permissions_of(app.routes).items() if permission is None]
    if undeclared:
        raise TypeError(f"no permission is declared for {', '.join(undeclared)}")
    app.state.methods = MethodTable(app.routes)
    app.router.routes.insert(0, RouteIndex(app.routes))


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(HeadMiddleware)
    app.add_middleware(TrailingSlashMiddleware)
    admission = AdmissionControl(settings)
    app.state.metrics = Metrics(lambda: admission.in_progress)
    log = logs.access_log(settings.debug)
    app.add_middleware(
        ObservabilityMiddleware,
        cors=CorsPolicy(settings.origins),
        admission=admission,
        metrics=app.state.metrics,
        log=log,
    )
    app.add_middleware(RootPathMiddleware, settings=settings)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    chosen: Settings = app.state.settings
    backend = (app.state.registry or plugins.discover()).choose(chosen)
    with logs.standard_logs(chosen.debug):
        async with (
            open_storage(backend, chosen) as handle,
            purge_periodically(handle.storage),
            cancel_unpaid_periodically(handle.storage, chosen.order_payment_seconds),
        ):
            app.state.backend, app.state.storage, app.state.head = handle.backend, handle.storage, handle.head
            app.state.write_check = await _write_check(handle.storage)
            with app.state.metrics.of(backend.name, handle.storage):
                async with _tracing(chosen, backend.name) as app.state.tracing:
                    yield


async def _write_check(storage: Storage) -> WriteCheck:
    """Of a storage that was just opened; one that takes no writes is served nevertheless, and not ready."""
    check = WriteCheck(storage)
    with suppress(Unavailable):
        await check.require()
    return check


def _tracing(settings: Settings, backend: str) -> "AbstractAsyncContextManager[Tracing | None]":
    if not settings.tracing:
        return nullcontext()
    try:
        from api.tracing import otlp_tracing  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError:
        raise ConfigurationError("TRACING needs OpenTelemetry. Run: pip install 'stockroom[tracing]'") from None
    return otlp_tracing(backend)
