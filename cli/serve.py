"""``stockroom serve``."""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from ipaddress import ip_address
from multiprocessing import get_context
from typing import Annotated, Any

import typer
import uvicorn

from api import logs
from api.app import create_app
from cli.protocol import LimitedHttpProtocol
from cli.supervisor import Supervisor
from cli.worker import application, run_worker
from core import plugins
from core.errors import ConfigurationError, StockroomError
from core.settings import Auth, Settings, load

SHUTDOWN_TIMEOUT_SECONDS = 30
"""In which requests in progress may end when the server is stopped."""

_CLOSE_SECONDS = 15
"""In which a worker closes its storage after that."""

_BACKLOG = 2048
"""Connections that wait to be accepted."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Server processes.")] = 1,
    reload: Annotated[bool, typer.Option(help="Restart whenever the code changes.")] = False,
) -> None:
    """Serve the API. Its reference is at /docs."""
    if reload and workers > 1:
        raise typer.BadParameter("--reload needs a single worker.")
    settings = load()
    require_protected(host, settings)
    preflight(settings, workers)
    listener = listen(host, port)
    typer.echo(f"Stockroom serves http://{f'[{host}]' if ':' in host else host}:{port}, its reference at /docs.")
    options = {
        "http": LimitedHttpProtocol,
        "access_log": False,  # the API writes its own
        "log_config": None,  # the API configures all other logging
        "server_header": False,
        "proxy_headers": False,  # the client is the peer of the socket, not what a header says
        "timeout_graceful_shutdown": SHUTDOWN_TIMEOUT_SECONDS,
    }
    if workers > 1:
        _run_workers(settings, workers, listener, options)
        return
    listener.close()
    factory = f"{application.__module__}:{application.__name__}"
    uvicorn.run(factory, factory=True, host=host, port=port, reload=reload, **options)  # type: ignore[arg-type]


def _run_workers(settings: Settings, count: int, listener: socket.socket, options: Mapping[str, Any]) -> None:
    grace = SHUTDOWN_TIMEOUT_SECONDS + _CLOSE_SECONDS
    supervisor = Supervisor(partial(run_worker, options, listener), count, grace, logs.access_log(settings.debug))
    if not supervisor.run():
        typer.echo("stockroom: no worker can be started; the lines above say why.", err=True)
        raise typer.Exit(1)


def require_protected(host: str, settings: Settings) -> None:
    """Check that a server without authentication is reachable from this machine or trusted networks only.

    Raises:
        ConfigurationError: it would be reachable from elsewhere, or the host cannot be resolved.
    """
    if settings.networks or settings.auth is Auth.REQUIRED:
        return
    try:
        found = socket.getaddrinfo(host, None) if host else []
    except OSError as error:
        raise ConfigurationError(f"--host: {error.strerror}.") from error
    addresses = [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
    if not addresses or not all(address.is_loopback for address in addresses):
        raise ConfigurationError(
            "--host: without authentication the server listens on this machine only, such as on 127.0.0.1. To serve "
            "other machines, set AUTH=required; or name the networks in which every client may do anything in "
            "TRUSTED_NETWORKS, such as 172.17.0.0/16."
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address.

    Raises:
        ConfigurationError: the address is not one of this machine, or in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"--host, --port: {error.strerror}.") from error


def preflight(settings: Settings, workers: int = 1) -> None:
    """Start the API and stop it again, so that a wrong configuration is reported once and not by each worker.

    With several workers this is done in a process of its own: they are forked from this one, which must have opened
    nothing and started no thread.

    Raises:
        ConfigurationError: the API does not start, or the storage cannot be shared by several workers.
    """
    if workers == 1:
        asyncio.run(_start_and_stop(settings, workers))
        return
    plugins.discover()  # imported once, before other processes are forked
    with ProcessPoolExecutor(1, get_context("fork")) as child:
        problem = child.submit(_find_problem, settings, workers).result()
    if problem is not None:
        raise ConfigurationError(problem)


def _find_problem(settings: Settings, workers: int) -> str | None:
    try:
        asyncio.run(_start_and_stop(settings, workers))
    except StockroomError as error:
        return error.detail
    return None


async def _start_and_stop(settings: Settings, workers: int) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        if workers > 1 and not app.state.storage.capabilities.shared:
            raise ConfigurationError(
                "--workers: the storage of DATABASE_URL cannot be shared by several processes. "
                "Run a single worker, or choose another storage."
            )
