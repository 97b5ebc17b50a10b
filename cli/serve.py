"""``stockroom serve``."""

import asyncio
import gc
import socket
from ipaddress import ip_address
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from cli.protocol import LimitedHttpProtocol
from core.errors import ConfigurationError
from core.settings import Auth, Settings, load

SHUTDOWN_TIMEOUT_SECONDS = 30
"""In which requests in progress may end when the server is stopped."""


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
    asyncio.run(preflight(settings, workers))
    require_free(host, port)
    typer.echo(f"Stockroom serves http://{f'[{host}]' if ':' in host else host}:{port}, its reference at /docs.")
    uvicorn.run(
        f"{__name__}:application",
        factory=True,
        host=host,
        port=port,
        http=LimitedHttpProtocol,
        workers=workers,
        reload=reload,
        access_log=False,  # the API writes its own
        log_config=None,  # the API configures all other logging
        server_header=False,
        proxy_headers=False,  # the client is the peer of the socket, not what a header says
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
    )


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


def application() -> FastAPI:
    """The application of one worker. Its objects live as long as the process, so the garbage collector skips them."""
    app = create_app()
    gc.collect()
    gc.freeze()
    return app


def require_free(host: str, port: int) -> None:
    """Check, by listening briefly, that the address can be used.

    Raises:
        ConfigurationError: the address is not one of this machine, or in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigurationError(f"--host, --port: {error.strerror}.") from error


async def preflight(settings: Settings, workers: int = 1) -> None:
    """Start the API and stop it again, so that a wrong configuration is reported once and not by each worker.

    Raises:
        ConfigurationError: the API does not start, or the storage cannot be shared by several workers.
    """
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        if workers > 1 and not app.state.storage.capabilities.shared:
            raise ConfigurationError(
                "--workers: the storage of DATABASE_URL cannot be shared by several processes. "
                "Run a single worker, or choose another storage."
            )
